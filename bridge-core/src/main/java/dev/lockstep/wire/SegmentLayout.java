package dev.lockstep.wire;

/**
 * Where everything in a segment lies. Offsets are in bytes from the start of the segment.
 *
 * <pre>
 *       0 +--------------------------------------------+
 *         | description: written by the host, once     |
 *     128 | hostState      (host)                      |
 *     256 | workerState, workerPid, workerStartTime    |  (worker)
 *     384 | interruptCallId (host)                     |
 *     512 | nonceEcho      (worker)                    |
 *     640 | workerLateWakeups (worker)                 |
 *     704 | hostLateWakeups   (host)                   |
 *     768 | hostProcessor     (host)                   |
 *    1024 | lane 0, host to worker: {@link LaneLayout} |
 *    1536 | lane 1, worker to host                     |
 *    4096 +--------------------------------------------+
 *         | ring of lane 0                             |
 *         +--------------------------------------------+
 *         | ring of lane 1                             |
 *         +--------------------------------------------+
 * </pre>
 *
 * Words that different processes write never share 64 bytes, and words that are written while calls
 * run never share 128 (two lines are fetched together on current x86-64).
 */
public final class SegmentLayout {
  /** The bytes {@code LOCKSTEP}, read as a little-endian long. */
  public static final long MAGIC = 0x5045_5453_4B43_4F4CL;

  public static final int HEADER_BYTES = 4096;
  public static final int NONCE_BYTES = 16;

  public static final int MAGIC_OFFSET = 0;
  public static final int VERSION_OFFSET = 8;
  public static final int HEADER_BYTES_OFFSET = 12;
  public static final int SEGMENT_BYTES_OFFSET = 16;
  public static final int TO_WORKER_CAPACITY_OFFSET = 24;
  public static final int TO_HOST_CAPACITY_OFFSET = 28;
  public static final int NONCE_OFFSET = 32;
  public static final int HOST_PID_OFFSET = 48;
  public static final int FLAGS_OFFSET = 52;
  public static final int HOST_START_TIME_OFFSET = 56;
  public static final int MAX_MESSAGE_BYTES_OFFSET = 64;
  public static final int MAX_DEPTH_OFFSET = 68;
  public static final int MAX_NESTING_OFFSET = 72;
  public static final int MAX_ITEMS_OFFSET = 76;
  public static final int MAX_INTEGER_BYTES_OFFSET = 80;
  public static final int MAX_NAME_BYTES_OFFSET = 84;
  public static final int MAX_QUEUED_OFFSET = 88;
  public static final int RESERVED_OFFSET = 92;

  public static final int HOST_STATE_OFFSET = 128;
  public static final int WORKER_STATE_OFFSET = 256;
  public static final int WORKER_PID_OFFSET = 260;
  public static final int WORKER_START_TIME_OFFSET = 264;
  public static final int INTERRUPT_CALL_ID_OFFSET = 384;
  public static final int NONCE_ECHO_OFFSET = 512;
  public static final int WORKER_LATE_WAKEUPS_OFFSET = 640;
  public static final int HOST_LATE_WAKEUPS_OFFSET = 704;

  /** One more than the number of the processor; 0 until it is told. */
  public static final int HOST_PROCESSOR_OFFSET = 768;

  public static final int TO_WORKER_LANE_OFFSET = 1024;
  public static final int TO_HOST_LANE_OFFSET = TO_WORKER_LANE_OFFSET + LaneLayout.BYTES;

  /** Bit of the {@code flags} word: the worker may send READY, replies and FATAL only. */
  public static final int FLAG_SYNC_MAIN_ONLY = 1;

  public static final int HOST_CREATING = 0;
  public static final int HOST_READY = 1;
  public static final int HOST_CLOSING = 2;
  public static final int HOST_CLOSED = 3;

  public static final int WORKER_ABSENT = 0;
  public static final int WORKER_ATTACHED = 1;
  public static final int WORKER_READY = 2;
  public static final int WORKER_LEAVING = 3;

  private SegmentLayout() {}

  /** Size in bytes of a segment whose rings have these capacities. */
  public static long segmentBytes(int toWorkerCapacityBytes, int toHostCapacityBytes) {
    return (long) HEADER_BYTES + toWorkerCapacityBytes + toHostCapacityBytes;
  }
}
