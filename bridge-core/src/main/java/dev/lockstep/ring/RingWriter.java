package dev.lockstep.ring;

import dev.lockstep.memory.Segment;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;

/**
 * The producer's end of a ring: {@link #claim}, put, {@link #commit} or {@link #abort}.
 *
 * <p>The tail moves once per frame, after the whole frame (and after the padding before it): a
 * producer that dies at any instruction leaves nothing behind that a reader could see. Between
 * claim and commit no code of a user runs.
 *
 * <p>For one thread at a time: the channel's producer lock. The own position is kept in a private
 * field; the shared word is written and never read back.
 */
public final class RingWriter {
  /** What {@link #claim} returns when the frame does not fit now. */
  public static final int NO_SPACE = -1;

  private final Segment segment;
  private final RingRegion region;
  private final int capacityBytes;
  private final int maxFrameBytes;
  private long tail;
  private long seenHead;
  private long claimedTail;
  private int claimedIndex = NO_SPACE;

  public RingWriter(RingRegion region) {
    this.segment = region.segment();
    this.region = region;
    this.capacityBytes = region.capacityBytes();
    this.maxFrameBytes = FrameLayout.maxFrameBytes(capacityBytes);
  }

  /** The longest payload of one frame. */
  public int maxPayloadBytes() {
    return maxFrameBytes - FrameLayout.HEADER_BYTES;
  }

  /** Bytes published so far. */
  public long position() {
    return tail;
  }

  /**
   * Reserves room for a frame with this payload; returns the payload's index in the segment, or
   * {@link #NO_SPACE}.
   *
   * @throws PeerFaultException if the consumer's position cannot be
   */
  public int claim(int payloadBytes) {
    int frameBytes = FrameLayout.HEADER_BYTES + payloadBytes;
    if (payloadBytes < 0 || frameBytes > maxFrameBytes) {
      throw new IllegalArgumentException(
          "a frame's payload is 0 to "
              + maxPayloadBytes()
              + " bytes: payloadBytes="
              + payloadBytes);
    }
    int aligned = FrameLayout.aligned(frameBytes);
    int offset = region.offsetOf(tail);
    int bytesToEnd = capacityBytes - offset;
    int padding = aligned > bytesToEnd ? bytesToEnd : 0;
    long newTail = tail + padding + aligned;
    if (newTail - seenHead > capacityBytes) {
      // PAIRS: RingReader.release, _ring.release, reader_release
      long head = segment.getLongAcquire(region.headIndex());
      FrameRules.checkHead(head, seenHead, tail);
      seenHead = head;
      if (newTail - head > capacityBytes) {
        return NO_SPACE;
      }
    }
    if (padding != 0) {
      writePadding(region.ringOffset() + offset, padding);
      offset = 0;
    }
    claimedTail = newTail;
    claimedIndex = region.ringOffset() + offset;
    segment.putInt(claimedIndex + FrameLayout.LENGTH_OFFSET, frameBytes);
    return claimedIndex + FrameLayout.HEADER_BYTES;
  }

  /**
   * Writes the rest of the claimed frame's header and publishes the frame. The caller raises the
   * signal.
   */
  public void commit(
      int payloadBytes, int kind, int flags, int depth, long callId, long parentCallId) {
    int index = claimedIndex;
    if (index == NO_SPACE) {
      throw new IllegalStateException("nothing is claimed");
    }
    segment.putLong(index, header(FrameLayout.HEADER_BYTES + payloadBytes, kind, flags, depth));
    segment.putLong(index + FrameLayout.CALL_ID_OFFSET, callId);
    segment.putLong(index + FrameLayout.PARENT_CALL_ID_OFFSET, parentCallId);
    tail = claimedTail;
    claimedIndex = NO_SPACE;
    // PAIRS: RingReader.poll, _ring.poll, reader_poll
    segment.putLongRelease(region.tailIndex(), tail);
  }

  /** Gives the claim back: nothing of it was visible. */
  public void abort() {
    claimedIndex = NO_SPACE;
  }

  /** Its other fields are zero, as far as they fit before the ring's end. */
  private void writePadding(int index, int padding) {
    segment.putLong(index, header(padding, FrameKind.PAD, 0, 0));
    if (padding > FrameLayout.CALL_ID_OFFSET) {
      segment.putLong(index + FrameLayout.CALL_ID_OFFSET, 0);
    }
    if (padding > FrameLayout.PARENT_CALL_ID_OFFSET) {
      segment.putLong(index + FrameLayout.PARENT_CALL_ID_OFFSET, 0);
    }
  }

  private static long header(int length, int kind, int flags, int depth) {
    return Integer.toUnsignedLong(length)
        | (long) kind << 32
        | (long) flags << 40
        | (long) depth << 48;
  }
}
