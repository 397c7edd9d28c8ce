package dev.lockstep;

/** A live worker has the name already; nothing was started. */
public final class WorkerNameTakenException extends LockstepException {
  private static final long serialVersionUID = 1L;

  WorkerNameTakenException(String message) {
    super(message);
  }
}
