package dev.lockstep;

import dev.lockstep.call.ErrorEncoder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What one worker's {@code logging} takes, handed to this JVM's loggers: {@code
 * dev.lockstep.worker.NAME} for its root logger, {@code dev.lockstep.worker.NAME.a.b} for {@code
 * a.b}.
 */
final class WorkerLogs {
  /** Loggers are kept for ever by some systems, and their names are the worker's to choose. */
  static final int MAX_LOGGERS = 256;

  private static final String ROOT = "root";
  private static final int OFF = 1_000;

  private final String worker;
  private final System.Logger root;
  private final Map<String, System.Logger> loggers = new ConcurrentHashMap<>();
  private final LongAdder dropped = new LongAdder();

  WorkerLogs(String worker, System.Logger root) {
    this.worker = worker;
    this.root = root;
  }

  /** Python's number for a level. */
  static int number(System.Logger.Level level) {
    return switch (level) {
      case ALL -> 1;
      case TRACE -> 5;
      case DEBUG -> 10;
      case INFO -> 20;
      case WARNING -> 30;
      case ERROR -> 40;
      case OFF -> OFF;
    };
  }

  private static System.Logger.Level level(int number) {
    if (number >= 40) {
      return System.Logger.Level.ERROR;
    } else if (number >= 30) {
      return System.Logger.Level.WARNING;
    } else if (number >= 20) {
      return System.Logger.Level.INFO;
    }
    return number >= 10 ? System.Logger.Level.DEBUG : System.Logger.Level.TRACE;
  }

  /** A record came: its level, its logger's name, its text, and the error in it or null. */
  void log(int number, String name, String message, @Nullable Object error) {
    tellOfDropped();
    System.Logger logger = logger(name);
    // Beyond the loggers that are kept the text says whose record it is.
    String text = logger == root && !name.equals(ROOT) ? name + ": " + message : message;
    System.Logger.Level level = level(number);
    if (error == null) {
      logger.log(level, () -> text); // Not as a format: its braces are data.
    } else if (logger.isLoggable(level)) {
      logger.log(level, text, new PythonException("", ErrorEncoder.fromMap(error)));
    }
  }

  private System.Logger logger(String name) {
    if (name.equals(ROOT)) {
      return root;
    }
    System.Logger known = loggers.get(name);
    if (known != null) {
      return known;
    }
    if (loggers.size() >= MAX_LOGGERS) {
      return root;
    }
    System.Logger made = System.getLogger("dev.lockstep.worker." + worker + "." + name);
    loggers.put(name, made);
    return made;
  }

  /** A record came and more waits here than may. */
  void dropped() {
    dropped.increment();
  }

  void tellOfDropped() {
    if (dropped.sum() != 0) {
      root.log(
          System.Logger.Level.WARNING,
          "log records of the worker were dropped, too many waited: worker="
              + worker
              + ", dropped="
              + dropped.sumThenReset());
    }
  }
}
