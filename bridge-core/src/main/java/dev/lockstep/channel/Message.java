package dev.lockstep.channel;

import dev.lockstep.wire.FrameKind;

/**
 * One whole message in private memory.
 *
 * <p>The channel fills the same object again: what {@link Channel#poll} returns is valid until the
 * next poll. {@link #detach} makes a copy that lasts.
 */
public final class Message {
  private static final byte[] NOTHING = {};

  int kind;
  int flags;
  int depth;
  long callId;
  long parentCallId;
  byte[] payload = NOTHING;
  int length;

  Message() {}

  /** One of {@link FrameKind}, never PAD. */
  public int kind() {
    return kind;
  }

  /** {@code BUILTIN} and {@code KEYWORDS}; the bits of fragments are gone. */
  public int flags() {
    return flags;
  }

  public int depth() {
    return depth;
  }

  public long callId() {
    return callId;
  }

  public long parentCallId() {
    return parentCallId;
  }

  /** The bytes from 0 to {@link #length}; the array may be longer and belongs to the channel. */
  public byte[] payload() {
    return payload;
  }

  public int length() {
    return length;
  }

  /** A copy that the channel does not touch again. */
  public Message detach() {
    Message copy = new Message();
    copy.kind = kind;
    copy.flags = flags;
    copy.depth = depth;
    copy.callId = callId;
    copy.parentCallId = parentCallId;
    copy.payload = java.util.Arrays.copyOf(payload, length);
    copy.length = length;
    return copy;
  }

  @Override
  public String toString() {
    return FrameKind.name(kind)
        + " call="
        + callId
        + " parent="
        + parentCallId
        + " bytes="
        + length;
  }
}
