package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * The worker never became ready; its process is gone. The message says why and what to do; if the
 * script raised, the cause is the {@link PythonException}.
 */
public final class WorkerStartException extends LockstepException {
  private static final long serialVersionUID = 1L;
  private final transient @Nullable ExitStatus status;

  WorkerStartException(String message, @Nullable ExitStatus status) {
    super(message);
    this.status = status;
  }

  WorkerStartException(String message, @Nullable ExitStatus status, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** How the process ended; null if there was none, or if it is not known yet. */
  public @Nullable ExitStatus status() {
    return status;
  }
}
