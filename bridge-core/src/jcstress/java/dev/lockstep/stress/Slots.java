package dev.lockstep.stress;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Pieces of real segments for the states of a stress test, of which thousands live at a time: a
 * segment for each would cost more than the test. Handed out in turn, far more than live at once.
 */
final class Slots {
  private static final int SEGMENTS = 64;
  private static final int FIRST_WORD = 2048; // behind the lanes, still in the header
  private static final int WORDS_EACH = (SegmentLayout.HEADER_BYTES - FIRST_WORD) / Long.BYTES;
  private static final Segment[] SMALL = new Segment[SEGMENTS];
  private static final AtomicInteger NEXT_WORD = new AtomicInteger();

  static final int RING_BYTES = 256;
  private static final int RING_SLOT_BYTES = LaneLayout.BYTES + RING_BYTES;
  private static final int LARGE_CAPACITY = 16 * 1024 * 1024;
  private static final Segment LARGE = create(LARGE_CAPACITY);
  private static final int RINGS = 2 * LARGE_CAPACITY / RING_SLOT_BYTES;
  private static final AtomicInteger NEXT_RING = new AtomicInteger();

  static {
    for (int i = 0; i < SEGMENTS; i++) {
      SMALL[i] = create(LaneLayout.MIN_CAPACITY_BYTES);
    }
  }

  private Slots() {}

  private static Segment create(int capacityBytes) {
    SegmentSpec spec =
        new SegmentSpec("stress", capacityBytes, capacityBytes, Limits.DEFAULT, false);
    return Segment.createSealed(spec, new byte[SegmentLayout.NONCE_BYTES]);
  }

  /** Two zero words: a signal at {@code index}, data at {@code index + 4}. */
  record Words(Segment segment, int index) {}

  static Words words() {
    int slot = Integer.remainderUnsigned(NEXT_WORD.getAndIncrement(), SEGMENTS * WORDS_EACH);
    Words words =
        new Words(SMALL[slot / WORDS_EACH], FIRST_WORD + slot % WORDS_EACH * Long.BYTES);
    words.segment().putLongRelease(words.index(), 0);
    return words;
  }

  /** A lane of zero positions with a ring of {@link #RING_BYTES}. */
  static RingRegion ring() {
    int slot = Integer.remainderUnsigned(NEXT_RING.getAndIncrement(), RINGS);
    int lane = SegmentLayout.HEADER_BYTES + slot * RING_SLOT_BYTES;
    LARGE.putLongRelease(lane + LaneLayout.HEAD_OFFSET, 0);
    LARGE.putLongRelease(lane + LaneLayout.TAIL_OFFSET, 0);
    return new RingRegion(LARGE, lane, lane + LaneLayout.BYTES, RING_BYTES);
  }
}
