package dev.lockstep.wire;

/**
 * The words of one lane. Each stands alone on 128 bytes, so that no store of one side evicts what
 * the other side reads. Offsets are relative to the lane.
 *
 * <pre>
 *     0 | head        u64  consumer: bytes consumed so far
 *   128 | tail        u64  producer: bytes published so far
 *   256 | dataSignal  u32  sequence &lt;&lt; 1 | PARKED: the consumer sleeps on it
 *   384 | spaceSignal u32  the same: the producer sleeps on it
 *   512 +
 * </pre>
 */
public final class LaneLayout {
  public static final int HEAD_OFFSET = 0;
  public static final int TAIL_OFFSET = 128;
  public static final int DATA_SIGNAL_OFFSET = 256;
  public static final int SPACE_SIGNAL_OFFSET = 384;
  public static final int BYTES = 512;

  public static final int MIN_CAPACITY_BYTES = 64 * 1024;
  public static final int MAX_CAPACITY_BYTES = 256 * 1024 * 1024;

  /** Bit of a signal word: somebody sleeps, or is about to. */
  public static final int SIGNAL_PARKED = 1;

  /** What a raise adds to a signal word: one in the sequence above the bit. */
  public static final int SIGNAL_INCREMENT = 2;

  private LaneLayout() {}
}
