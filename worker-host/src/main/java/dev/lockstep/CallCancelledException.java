package dev.lockstep;

/**
 * The call was cancelled, or the waiting thread was interrupted (its flag is set again). The late
 * answer is dropped; the worker stays usable.
 */
public final class CallCancelledException extends LockstepException {
  private static final long serialVersionUID = 1L;

  CallCancelledException(String message) {
    super(message);
  }
}
