package dev.lockstep;

/** The arguments do not fit the function's signature; the message is Python's. */
public final class WrongArgumentsException extends LockstepException {
  private static final long serialVersionUID = 1L;

  WrongArgumentsException(String message) {
    super(message);
  }
}
