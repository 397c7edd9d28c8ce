package dev.lockstep.memory;

import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;

/**
 * What a segment is made to be.
 *
 * @param name the worker's name, for {@code /proc} only
 * @param toWorkerCapacityBytes ring of the lane from host to worker: a power of two, 64 KiB to 256
 *     MiB
 * @param toHostCapacityBytes ring of the lane back
 * @param limits what either side accepts at most
 * @param syncMainOnly whether the worker is one that never calls
 */
public record SegmentSpec(
    String name,
    int toWorkerCapacityBytes,
    int toHostCapacityBytes,
    Limits limits,
    boolean syncMainOnly) {

  public SegmentSpec {
    requireCapacity("toWorkerCapacityBytes", toWorkerCapacityBytes);
    requireCapacity("toHostCapacityBytes", toHostCapacityBytes);
  }

  /** A segment with default capacities and limits. */
  public static SegmentSpec named(String name) {
    return new SegmentSpec(
        name,
        Limits.DEFAULT_LANE_CAPACITY_BYTES,
        Limits.DEFAULT_LANE_CAPACITY_BYTES,
        Limits.DEFAULT,
        false);
  }

  /** Size of the whole segment. */
  public long bytes() {
    return SegmentLayout.segmentBytes(toWorkerCapacityBytes, toHostCapacityBytes);
  }

  private static void requireCapacity(String what, int bytes) {
    if (Integer.bitCount(bytes) != 1
        || bytes < LaneLayout.MIN_CAPACITY_BYTES
        || bytes > LaneLayout.MAX_CAPACITY_BYTES) {
      throw new IllegalArgumentException(
          "a lane's capacity is a power of two from 64 KiB to 256 MiB: " + what + "=" + bytes);
    }
  }
}
