package dev.lockstep.wire;

/**
 * A frame: a header of 24 bytes, the payload, padding to a multiple of 8.
 *
 * <pre>
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------------------------------------------------------+
 *   |              length (header and payload, no padding)          |  0
 *   +---------------+---------------+-------------------------------+
 *   |     kind      |     flags     |             depth             |  4
 *   +---------------+---------------+-------------------------------+
 *   |                            call id                            |  8
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   |                         parent call id                        | 16
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   |                         payload ...                           | 24
 * </pre>
 */
public final class FrameLayout {
  public static final int LENGTH_OFFSET = 0;
  public static final int KIND_OFFSET = 4;
  public static final int FLAGS_OFFSET = 5;
  public static final int DEPTH_OFFSET = 6;
  public static final int CALL_ID_OFFSET = 8;
  public static final int PARENT_CALL_ID_OFFSET = 16;
  public static final int HEADER_BYTES = 24;
  public static final int ALIGNMENT = 8;

  /**
   * A frame is at most a quarter of its ring: so a frame and the padding before it always fit an
   * empty ring.
   */
  public static final int MAX_FRAME_DIVISOR = 4;

  /** The total length, a u64, that the first fragment's payload begins with. */
  public static final int FRAGMENT_TOTAL_BYTES = 8;

  private FrameLayout() {}

  /** Bytes that a frame of this length takes in the ring. */
  public static int aligned(int frameBytes) {
    return (frameBytes + (ALIGNMENT - 1)) & -ALIGNMENT;
  }

  /** The longest frame, header included, of a ring of this capacity. */
  public static int maxFrameBytes(int capacityBytes) {
    return capacityBytes / MAX_FRAME_DIVISOR;
  }
}
