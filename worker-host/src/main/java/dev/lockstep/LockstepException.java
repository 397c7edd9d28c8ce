package dev.lockstep;

/** The root of everything that this library throws. */
public class LockstepException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public LockstepException(String message) {
    super(message);
  }

  public LockstepException(String message, Throwable cause) {
    super(message, cause);
  }
}
