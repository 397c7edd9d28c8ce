package dev.lockstep.call;

/**
 * What a {@link Handler} throws that binds arguments itself and finds that they do not fit: the
 * caller gets {@link ErrorKind#WRONG_ARGUMENTS}, as for those that the engine refuses.
 */
public final class WrongArgumentsSignal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The message is for the caller: which function, which argument. */
  public WrongArgumentsSignal(String message) {
    super(message, null, false, false);
  }
}
