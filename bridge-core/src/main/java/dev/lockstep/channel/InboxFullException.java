package dev.lockstep.channel;

/**
 * A writer that waited for room has moved in as much for its own side as it may. The message names
 * the limit.
 */
public final class InboxFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  InboxFullException(String limit, long value, long max) {
    super(
        "the inbox is full while a writer waits for room: " + limit + "=" + value + ", max=" + max);
  }
}
