package dev.lockstep.env;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run of another program, whose lines are read and which does not outlive its time. */
final class Tool {
  private static final long LAST_LINES_SECONDS = 5;

  private final Map<String, String> environment;
  private final long deadlineNanos;

  /**
   * Programs that all end by one deadline.
   *
   * @param environment added to this process's own
   */
  Tool(Map<String, String> environment, long deadlineNanos) {
    this.environment = environment;
    this.deadlineNanos = deadlineNanos;
  }

  /**
   * Runs a program and gives each line that it writes, to stdout or stderr, to a consumer, on
   * another thread; all of them before it returns.
   *
   * @return the exit status; null if the time was up and it was killed
   * @throws EnvironmentException if it cannot be started
   * @throws InterruptedException if this thread was interrupted; the program was killed
   */
  @Nullable Integer run(List<String> command, Consumer<String> lines) throws InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    builder.environment().put("PYTHONUNBUFFERED", "1");
    builder.environment().put("PYTHONIOENCODING", "utf-8");
    Process process;
    try {
      process = builder.start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new EnvironmentException(
          "a program cannot be started: command=" + command + ", " + e.getMessage(), e);
    }
    Thread reader = new Thread(() -> read(process, lines), "lockstep-installer-output");
    reader.setDaemon(true);
    reader.start();
    try {
      boolean ended =
          process.waitFor(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
      return ended ? (Integer) process.exitValue() : null;
    } finally {
      end(process, reader);
    }
  }

  private static void read(Process process, Consumer<String> lines) {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      reader.lines().forEach(lines);
    } catch (IOException | UncheckedIOException e) {
      // It was killed.
    }
  }

  /** Kills what is left of it, and what it started. */
  private static void end(Process process, Thread reader) {
    boolean interrupted = Thread.interrupted();
    if (process.isAlive()) {
      List<ProcessHandle> started = process.descendants().toList();
      process.destroyForcibly();
      started.forEach(ProcessHandle::destroyForcibly);
    }
    try {
      process.waitFor(LAST_LINES_SECONDS, TimeUnit.SECONDS);
      reader.join(TimeUnit.SECONDS.toMillis(LAST_LINES_SECONDS));
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
