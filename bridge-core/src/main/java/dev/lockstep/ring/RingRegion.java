package dev.lockstep.ring;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.SegmentLayout;

/**
 * Where one lane lies in a segment.
 *
 * @param segment the memory
 * @param laneOffset index of the lane's words
 * @param ringOffset index of the lane's first frame byte
 * @param capacityBytes size of the ring, a power of two
 */
public record RingRegion(Segment segment, int laneOffset, int ringOffset, int capacityBytes) {

  /** Lane 0. */
  public static RingRegion toWorker(Segment segment) {
    SegmentSpec spec = segment.spec();
    return new RingRegion(
        segment,
        SegmentLayout.TO_WORKER_LANE_OFFSET,
        SegmentLayout.HEADER_BYTES,
        spec.toWorkerCapacityBytes());
  }

  /** Lane 1. */
  public static RingRegion toHost(Segment segment) {
    SegmentSpec spec = segment.spec();
    return new RingRegion(
        segment,
        SegmentLayout.TO_HOST_LANE_OFFSET,
        SegmentLayout.HEADER_BYTES + spec.toWorkerCapacityBytes(),
        spec.toHostCapacityBytes());
  }

  int headIndex() {
    return laneOffset + LaneLayout.HEAD_OFFSET;
  }

  int tailIndex() {
    return laneOffset + LaneLayout.TAIL_OFFSET;
  }

  /** Index of the word that the consumer sleeps on. */
  public int dataSignalIndex() {
    return laneOffset + LaneLayout.DATA_SIGNAL_OFFSET;
  }

  /** Index of the word that the producer sleeps on. */
  public int spaceSignalIndex() {
    return laneOffset + LaneLayout.SPACE_SIGNAL_OFFSET;
  }

  /** Bytes from the ring's start of an ever-growing position. */
  int offsetOf(long position) {
    return (int) position & (capacityBytes - 1);
  }
}
