package dev.lockstep;

/** No answer within the call's deadline. The late answer is dropped; the worker stays usable. */
public final class CallTimeoutException extends LockstepException {
  private static final long serialVersionUID = 1L;

  CallTimeoutException(String message) {
    super(message);
  }
}
