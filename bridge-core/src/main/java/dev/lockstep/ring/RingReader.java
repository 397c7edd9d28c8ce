package dev.lockstep.ring;

import dev.lockstep.memory.Segment;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;

/**
 * The consumer's end of a ring: {@link #poll}, look at the frame, {@link #release}.
 *
 * <p>Each word of the peer is read once into a local, checked by {@link FrameRules}, and only the
 * local is used: what the peer does to the memory afterwards changes nothing. {@link #copyPayload}
 * takes private memory.
 *
 * <p>For one thread at a time: the holder of the reader's role. Handing the role over by a volatile
 * variable makes the private fields visible.
 */
public final class RingReader {
  private final Segment segment;
  private final RingRegion region;
  private final int capacityBytes;
  private final int maxFrameBytes;
  private long head;
  private long seenTail;

  private long nextHead;
  private int payloadIndex;
  private int payloadBytes;
  private int kind;
  private int flags;
  private int depth;
  private long callId;
  private long parentCallId;

  public RingReader(RingRegion region) {
    this.segment = region.segment();
    this.region = region;
    this.capacityBytes = region.capacityBytes();
    this.maxFrameBytes = FrameLayout.maxFrameBytes(capacityBytes);
  }

  /** Whether there is a frame to poll, as far as the peer says. Checked by {@link #poll}. */
  public boolean hasData() {
    // PAIRS: RingWriter.commit, _ring.commit, writer_commit
    return segment.getLongAcquire(region.tailIndex()) != head;
  }

  /** Bytes consumed so far. */
  public long position() {
    return head;
  }

  /**
   * Takes the next frame into view; false if there is none. Must be followed by {@link #release}
   * before the next poll.
   *
   * @throws PeerFaultException naming the first word that cannot be
   */
  public boolean poll() {
    // PAIRS: RingWriter.commit, _ring.commit, writer_commit
    long tail = segment.getLongAcquire(region.tailIndex());
    if (tail == head) {
      if (tail < seenTail) {
        FrameRules.checkTail(tail, seenTail, head, capacityBytes);
      }
      return false;
    }
    FrameRules.checkTail(tail, seenTail, head, capacityBytes);
    seenTail = tail;
    long position = head;
    int offset = region.offsetOf(position);
    long first = segment.getLong(region.ringOffset() + offset);
    if (kindOf(first) == FrameKind.PAD) {
      int padding = (int) first;
      FrameRules.checkPad(
          padding,
          flagsOf(first),
          depthOf(first),
          capacityBytes - offset,
          tail - position,
          maxFrameBytes);
      FrameRules.checkPadIsZero(idsOfPadding(region.ringOffset() + offset, padding));
      position += padding;
      offset = 0;
      first = segment.getLong(region.ringOffset());
    }
    int length = (int) first;
    FrameRules.checkLength(length, capacityBytes - offset, tail - position, maxFrameBytes);
    int index = region.ringOffset() + offset;
    kind = kindOf(first);
    flags = flagsOf(first);
    depth = depthOf(first);
    callId = segment.getLong(index + FrameLayout.CALL_ID_OFFSET);
    parentCallId = segment.getLong(index + FrameLayout.PARENT_CALL_ID_OFFSET);
    FrameRules.checkKindAndFlags(kind, flags, depth, callId, parentCallId);
    payloadIndex = index + FrameLayout.HEADER_BYTES;
    payloadBytes = length - FrameLayout.HEADER_BYTES;
    nextHead = position + FrameLayout.aligned(length);
    return true;
  }

  /** Copies bytes of the frame's payload into private memory. */
  public void copyPayload(int from, byte[] target, int offset, int length) {
    if (from < 0 || length < 0 || from + length > payloadBytes) {
      throw new IndexOutOfBoundsException(
          "payload: from=" + from + ", length=" + length + ", payloadBytes=" + payloadBytes);
    }
    segment.getBytes(payloadIndex + from, target, offset, length);
  }

  /** Gives the frame's room back to the producer. The caller raises the space signal. */
  public void release() {
    head = nextHead;
    // PAIRS: RingWriter.claim, _ring.claim, writer_claim
    segment.putLongRelease(region.headIndex(), head);
  }

  public int kind() {
    return kind;
  }

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

  public int payloadBytes() {
    return payloadBytes;
  }

  /** Both call ids of a padding frame, as far as they fit before the ring's end, or-ed. */
  private long idsOfPadding(int index, int padding) {
    long ids = 0;
    if (padding > FrameLayout.CALL_ID_OFFSET) {
      ids = segment.getLong(index + FrameLayout.CALL_ID_OFFSET);
    }
    if (padding > FrameLayout.PARENT_CALL_ID_OFFSET) {
      ids |= segment.getLong(index + FrameLayout.PARENT_CALL_ID_OFFSET);
    }
    return ids;
  }

  private static int kindOf(long header) {
    return (int) (header >>> 32) & 0xFF;
  }

  private static int flagsOf(long header) {
    return (int) (header >>> 40) & 0xFF;
  }

  private static int depthOf(long header) {
    return (int) (header >>> 48) & 0xFFFF;
  }
}
