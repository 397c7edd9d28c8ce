package dev.lockstep.faults;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A segment of the smallest lanes, and a second mapping of it by which one lane's words and frames
 * are written by hand.
 */
final class GarbageLane implements AutoCloseable {
  static final int CAPACITY = LaneLayout.MIN_CAPACITY_BYTES;
  static final int MAX_FRAME = FrameLayout.maxFrameBytes(CAPACITY);
  private static final int FLIPS_BETWEEN_LOOKS = 64;
  private static final long A_LIST_WITHIN_LISTS = 0x8383_8383L;
  private static final long BYTES_THAT_FILL_THE_SHORT_FRAME = 0x57L;

  private final byte[] nonce = new byte[SegmentLayout.NONCE_BYTES];
  private final Segment host;
  private final Segment vandal;
  private final int words;
  private final int ring;

  /** Id of the first call of whoever reads this lane. */
  private final int ownCallId;

  private GarbageLane(int words, int ring, int ownCallId) {
    this.words = words;
    this.ring = ring;
    this.ownCallId = ownCallId;
    SegmentSpec spec = new SegmentSpec("garbage", CAPACITY, CAPACITY, Limits.DEFAULT, false);
    host = Segment.createSealed(spec, nonce);
    vandal = Segment.attach(host.pathForPeer(), spec, nonce);
    vandal.putInt(SegmentLayout.WORKER_STATE_OFFSET, 0); // free for a reader that attaches as well
  }

  static GarbageLane toHost() {
    return new GarbageLane(
        SegmentLayout.TO_HOST_LANE_OFFSET, SegmentLayout.HEADER_BYTES + CAPACITY, 2);
  }

  static GarbageLane toWorker() {
    return new GarbageLane(SegmentLayout.TO_WORKER_LANE_OFFSET, SegmentLayout.HEADER_BYTES, 3);
  }

  Segment segment() {
    return host;
  }

  byte[] nonce() {
    return nonce;
  }

  @Override
  public void close() {
    vandal.close();
    host.close();
  }

  /** As if it had never carried anything; what is in the ring stays. */
  void reset() {
    vandal.putLong(words + LaneLayout.HEAD_OFFSET, 0);
    publish(0);
  }

  void publish(long tail) {
    vandal.putLongRelease(words + LaneLayout.TAIL_OFFSET, tail);
  }

  /** How far the lane was read. */
  long head() {
    return vandal.getLong(words + LaneLayout.HEAD_OFFSET);
  }

  void header(int offset, int length, int kind, int flags, int depth) {
    vandal.putLong(
        ring + offset,
        Integer.toUnsignedLong(length)
            | (long) kind << Integer.SIZE
            | (long) flags << (Integer.SIZE + Byte.SIZE)
            | (long) depth << (Integer.SIZE + Short.SIZE));
  }

  /** Both ids of a frame's header; none where it does not fit before the ring's end. */
  void ids(int offset, long callId, long parentId) {
    word(offset + FrameLayout.CALL_ID_OFFSET, callId);
    word(offset + FrameLayout.PARENT_CALL_ID_OFFSET, parentId);
  }

  /** A word; none where it does not fit before the ring's end. */
  void word(int offset, long value) {
    if (offset + Long.BYTES <= CAPACITY) {
      vandal.putLong(ring + offset, value);
    }
  }

  void fill(byte[] bytes) {
    vandal.putBytes(ring, bytes, 0, bytes.length);
  }

  /**
   * Flips length, kind, id and payload of the first frame while the action runs, as fast as it can;
   * the flips a second. A header that may pass has one of two lengths: {@code 48} and the longest.
   */
  long flipDuring(Trial.Attempt action) throws Exception {
    AtomicLong flips = new AtomicLong();
    Thread flipper = new Thread(() -> flip(flips), "faults-flipper");
    long start = System.nanoTime();
    flipper.start();
    try {
      action.run();
    } finally {
      flipper.interrupt();
      flipper.join();
    }
    return Math.round(flips.get() / ((System.nanoTime() - start) / 1e9));
  }

  private void flip(AtomicLong flips) {
    int[] lengths = {48, MAX_FRAME, 0, MAX_FRAME + 1, -1, CAPACITY, 23, Integer.MIN_VALUE};
    long count = 0;
    ids(0, ownCallId, 0);
    while (!Thread.currentThread().isInterrupted()) {
      for (int i = 0; i < FLIPS_BETWEEN_LOOKS; i++, count++) {
        int kind = (count & 15) == 15 ? FrameKind.FATAL + 1 : FrameKind.REPLY;
        header(
            0,
            lengths[(int) (count & 3) == 3 ? (int) (count >> 2) & 7 : (int) count & 1],
            kind,
            0,
            0);
        word(FrameLayout.CALL_ID_OFFSET, ownCallId + 2 * (count % 3));
        word(
            FrameLayout.HEADER_BYTES,
            (count & 1) == 0 ? A_LIST_WITHIN_LISTS : BYTES_THAT_FILL_THE_SHORT_FRAME);
      }
      flips.lazySet(count);
    }
  }
}
