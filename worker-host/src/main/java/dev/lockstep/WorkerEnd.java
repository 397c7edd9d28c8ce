package dev.lockstep;

import dev.lockstep.call.ErrorDescription;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a worker ended, as what every call in flight fails with is made of. */
final class WorkerEnd extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int ERROR_LINES_IN_MESSAGE = 20;
  private final boolean hasStarted;
  private final transient @Nullable ExitStatus status;
  private final transient @Nullable ErrorDescription fatal;

  /**
   * Says how it ended.
   *
   * @param hasStarted whether it was ever ready
   * @param fatal what the script raised while it booted
   */
  WorkerEnd(
      String message,
      boolean hasStarted,
      @Nullable ExitStatus status,
      @Nullable ErrorDescription fatal,
      @Nullable Throwable cause) {
    super(message, cause, false, false);
    this.hasStarted = hasStarted;
    this.status = status;
    this.fatal = fatal;
  }

  /**
   * Puts together what is known: what the script raised, else the reason that somebody had, else
   * how the process ended; and what it said last.
   */
  static WorkerEnd of(
      String worker,
      boolean hasStarted,
      @Nullable ExitStatus status,
      @Nullable ErrorDescription fatal,
      @Nullable String reason,
      @Nullable Throwable cause) {
    StringBuilder text = new StringBuilder();
    if (fatal != null) {
      text.append("its script raised ").append(fatal.type()).append(": ").append(fatal.message());
    } else if (reason != null) {
      text.append(reason);
    } else if (status != null) {
      text.append("its process ended with ").append(status.describe());
    }
    if (status != null && fatal == null) {
      appendErrorLines(text, status.lastErrorLines());
    }
    String message = hasStarted ? text.toString() : "worker " + worker + " did not start: " + text;
    return new WorkerEnd(message, hasStarted, status, fatal, cause);
  }

  private static void appendErrorLines(StringBuilder text, List<String> lines) {
    if (!lines.isEmpty()) {
      List<String> last =
          lines.subList(Math.max(0, lines.size() - ERROR_LINES_IN_MESSAGE), lines.size());
      text.append(", stderr ended with: ").append(String.join(" | ", last));
    }
  }

  boolean hasStarted() {
    return hasStarted;
  }

  @Nullable ExitStatus status() {
    return status;
  }

  /** The message. */
  String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }

  /** For one that never was ready; made anew for each who gets it. */
  WorkerStartException startException() {
    ErrorDescription raised = fatal;
    Throwable cause = raised == null ? getCause() : new PythonException("", raised);
    return cause == null
        ? new WorkerStartException(text(), status)
        : new WorkerStartException(text(), status, cause);
  }
}
