package dev.lockstep;

/** No live worker has the name. The message lists those that there are. */
public final class UnknownWorkerException extends LockstepException {
  private static final long serialVersionUID = 1L;

  UnknownWorkerException(String message) {
    super(message);
  }
}
