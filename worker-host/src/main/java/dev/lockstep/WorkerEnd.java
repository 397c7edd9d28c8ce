package dev.lockstep;

import dev.lockstep.call.ErrorDescription;
import org.jspecify.annotations.Nullable;

/** How a worker ended, as what every call in flight fails with is made of. */
final class WorkerEnd extends RuntimeException {
  private static final long serialVersionUID = 1L;
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
