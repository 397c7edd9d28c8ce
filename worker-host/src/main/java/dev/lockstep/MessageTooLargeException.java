package dev.lockstep;

/**
 * A call or an answer is longer than a message may be. The message names the limit and the length.
 */
public final class MessageTooLargeException extends LockstepException {
  private static final long serialVersionUID = 1L;

  MessageTooLargeException(String message) {
    super(message);
  }
}
