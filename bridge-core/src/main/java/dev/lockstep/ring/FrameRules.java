package dev.lockstep.ring;

import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;

/**
 * What a peer may write, checked before it is used. Every value here was read once into a local;
 * nothing is read again.
 */
final class FrameRules {
  private static final int FRAGMENT_FLAGS = FrameFlags.MORE | FrameFlags.CONTINUATION;

  private FrameRules() {}

  /**
   * The producer's position: never backwards, aligned, at most a capacity ahead of what was
   * consumed.
   */
  static void checkTail(long tail, long lastTail, long head, int capacityBytes) {
    if (tail < lastTail
        || tail - head > capacityBytes
        || (tail & (FrameLayout.ALIGNMENT - 1)) != 0) {
      throw new PeerFaultException(
          "tail", tail, "a multiple of 8 from " + lastTail + " to " + (head + capacityBytes));
    }
  }

  /** The consumer's position: never backwards, aligned, not beyond what was published. */
  static void checkHead(long head, long lastHead, long tail) {
    if (head < lastHead || head > tail || (head & (FrameLayout.ALIGNMENT - 1)) != 0) {
      throw new PeerFaultException(
          "head", head, "a multiple of 8 from " + lastHead + " to " + tail);
    }
  }

  /**
   * A padding frame fills the ring to its end and is published together with the frame behind it.
   */
  static void checkPad(
      int length, int flags, int depth, int bytesToEnd, long available, int maxFrameBytes) {
    if (length != bytesToEnd || length >= maxFrameBytes) {
      throw new PeerFaultException(
          "length of PAD",
          length,
          "the " + bytesToEnd + " bytes to the ring's end, below " + maxFrameBytes);
    }
    if (available <= length) {
      throw new PeerFaultException(
          "tail", available, "a frame published together with its PAD of " + length);
    }
    if (flags != 0 || depth != 0) {
      throw new PeerFaultException("flags of PAD", flags | (long) depth << 8, "0");
    }
  }

  static void checkPadIsZero(long callIds) {
    if (callIds != 0) {
      throw new PeerFaultException("call ids of PAD", callIds, "0");
    }
  }

  static void checkLength(int length, int bytesToEnd, long available, int maxFrameBytes) {
    if (length < FrameLayout.HEADER_BYTES || length > maxFrameBytes) {
      throw new PeerFaultException(
          "length", length, FrameLayout.HEADER_BYTES + " to " + maxFrameBytes);
    }
    int aligned = FrameLayout.aligned(length);
    if (aligned > available || aligned > bytesToEnd) {
      throw new PeerFaultException(
          "length",
          length,
          "at most the " + Math.min(available, bytesToEnd) + " bytes published in one piece");
    }
  }

  static void checkKindAndFlags(int kind, int flags, int depth, long callId, long parentCallId) {
    if (kind < FrameKind.INVOKE || kind > FrameKind.FATAL) {
      throw new PeerFaultException("kind", kind, "1 to 7");
    }
    boolean invocation = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
    int allowed = invocation ? FrameFlags.ALL : kind == FrameKind.CANCEL ? 0 : FRAGMENT_FLAGS;
    if ((flags & ~allowed) != 0) {
      throw new PeerFaultException("flags of " + FrameKind.name(kind), flags, "bits of " + allowed);
    }
    boolean numbered = kind != FrameKind.READY && kind != FrameKind.FATAL;
    if (numbered ? callId <= 1 : callId != 0) {
      throw new PeerFaultException(
          "call id of " + FrameKind.name(kind), callId, numbered ? "at least 2" : "0");
    }
    if (parentCallId < 0 || (!invocation && parentCallId != 0)) {
      throw new PeerFaultException(
          "parent call id of " + FrameKind.name(kind),
          parentCallId,
          invocation ? "0 or more" : "0");
    }
    if (invocation ? depth < 1 : depth != 0) {
      throw new PeerFaultException(
          "depth of " + FrameKind.name(kind), depth, invocation ? "1 or more" : "0");
    }
  }
}
