package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * The worker's process ended, or is closed or terminated, before the call had its answer. The
 * message has the exit code or signal, the call, and the last lines that the process wrote to
 * stderr.
 */
public final class WorkerDiedException extends LockstepException {
  private static final long serialVersionUID = 1L;
  private final transient @Nullable ExitStatus status;

  WorkerDiedException(String message, @Nullable ExitStatus status) {
    super(message);
    this.status = status;
  }

  WorkerDiedException(String message, @Nullable ExitStatus status, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * How the process ended; null while that is not known: the call failed because the worker was
   * closed.
   */
  public @Nullable ExitStatus status() {
    return status;
  }
}
