package dev.lockstep;

import dev.lockstep.call.ErrorEncoder;
import dev.lockstep.call.Listener;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What one worker's Python side asks of this library itself, not of the user's functions. */
final class WorkerBuiltins {
  private static final String ERROR = "error";
  private static final String INPUT = "input";
  static final String LOG = "log";
  private static final String OUTPUT = "output";
  private static final String PROGRESS = "progress";

  private final WorkerSettings settings;
  private final WorkerOutput output;
  private final WorkerErrors errors;
  private final Messages messages;
  private final WorkerLogs logs;
  private final Supplier<@Nullable WorkerParts> parts;
  private final @Nullable InputDesk input;

  WorkerBuiltins(
      String worker,
      WorkerSettings settings,
      WorkerOutput output,
      WorkerErrors errors,
      Messages messages,
      WorkerLogs logs,
      Supplier<@Nullable WorkerParts> parts) {
    this.settings = settings;
    this.output = output;
    this.errors = errors;
    this.messages = messages;
    this.logs = logs;
    this.parts = parts;
    InputHandler handler = settings.inputHandler;
    this.input = handler == null ? null : new InputDesk(worker, handler);
  }

  boolean answers(String name) {
    return name.equals(OUTPUT) || (name.equals(INPUT) && input != null);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The engine answers when it completes.
  @Nullable Object call(String name, @Nullable Object[] arguments) {
    WorkerParts made = parts.get();
    if (made == null) {
      throw new IllegalStateException("the worker is being started");
    }
    if (name.equals(OUTPUT)) {
      long run = (long) number(arguments, 0);
      long ended = (long) number(arguments, 1);
      return made.afterOutput(() -> output.switchTo(run, ended));
    }
    if (input == null) {
      throw new UnsupportedOperationException(name);
    }
    return input.ask(text(arguments, 0), made.afterOutput(() -> {}));
  }

  void notified(String name, @Nullable Object[] arguments) {
    switch (name) {
      case PROGRESS -> progressed(arguments);
      case ERROR -> failed(arguments);
      case LOG ->
          logs.log(
              (int) number(arguments, 0),
              text(arguments, 1),
              text(arguments, 2),
              arguments.length > 3 ? arguments[3] : null);
      case Messages.NAME -> messages.nobodyListens();
      default -> {
        // One of a later version's.
      }
    }
  }

  /** A notification of the worker's failed here, or was dropped. */
  void notificationFailed(String name, Throwable error) {
    boolean builtin = name.startsWith(Listener.BUILTIN);
    String function = builtin ? name.substring(Listener.BUILTIN.length()) : name;
    if (builtin && function.equals(LOG)) {
      logs.dropped();
      return;
    }
    boolean isMessage = builtin && function.equals(Messages.NAME);
    errors.tell(isMessage ? WorkerError.Source.MESSAGE : WorkerError.Source.JAVA, function, error);
  }

  /** The worker has ended: what it said is told first. */
  void awaitTold() {
    logs.tellOfDropped();
    errors.awaitTold();
  }

  private void progressed(@Nullable Object[] arguments) {
    var consumer = settings.progressConsumer;
    if (consumer != null) {
      consumer.accept(new Progress(number(arguments, 0), number(arguments, 1), text(arguments, 2)));
    }
  }

  private void failed(@Nullable Object[] arguments) {
    Object map = arguments.length > 2 ? arguments[2] : null;
    errors.tell(
        WorkerError.Source.of(text(arguments, 0)),
        text(arguments, 1),
        new PythonException("", ErrorEncoder.fromMap(map)));
  }

  private static double number(@Nullable Object[] arguments, int index) {
    return index < arguments.length && arguments[index] instanceof Number number
        ? number.doubleValue()
        : 0;
  }

  private static String text(@Nullable Object[] arguments, int index) {
    return index < arguments.length && arguments[index] instanceof String text ? text : "";
  }
}
