package dev.lockstep;

/**
 * The shared memory holds what no worker of ours writes; the worker was killed. The message names
 * the word, its value and what was allowed.
 */
public final class WorkerMisbehavedException extends LockstepException {
  private static final long serialVersionUID = 1L;

  WorkerMisbehavedException(String message, Throwable cause) {
    super(message, cause);
  }
}
