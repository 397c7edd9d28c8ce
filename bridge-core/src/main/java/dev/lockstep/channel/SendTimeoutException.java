package dev.lockstep.channel;

/** A message found no room in the lane within its deadline. Fragments of it may have been sent. */
public final class SendTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SendTimeoutException(int length) {
    super("the lane had no room before the deadline: payloadBytes=" + length);
  }
}
