package dev.lockstep.memory;

import dev.lockstep.os.ProcFs;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.ProtocolVersion;
import dev.lockstep.wire.SegmentLayout;
import java.util.Arrays;

/**
 * The description at the start of a segment: written once by the host, verified field by field by
 * the worker.
 */
final class SegmentHeader {
  private SegmentHeader() {}

  static void write(Segment segment, SegmentSpec spec, byte[] nonce) {
    requireNonce(nonce);
    Limits limits = spec.limits();
    long pid = ProcessHandle.current().pid();
    segment.putLong(SegmentLayout.MAGIC_OFFSET, SegmentLayout.MAGIC);
    segment.putInt(SegmentLayout.VERSION_OFFSET, ProtocolVersion.WORD);
    segment.putInt(SegmentLayout.HEADER_BYTES_OFFSET, SegmentLayout.HEADER_BYTES);
    segment.putLong(SegmentLayout.SEGMENT_BYTES_OFFSET, spec.bytes());
    segment.putInt(SegmentLayout.TO_WORKER_CAPACITY_OFFSET, spec.toWorkerCapacityBytes());
    segment.putInt(SegmentLayout.TO_HOST_CAPACITY_OFFSET, spec.toHostCapacityBytes());
    segment.putBytes(SegmentLayout.NONCE_OFFSET, nonce, 0, nonce.length);
    segment.putInt(SegmentLayout.HOST_PID_OFFSET, (int) pid);
    segment.putInt(
        SegmentLayout.FLAGS_OFFSET, spec.syncMainOnly() ? SegmentLayout.FLAG_SYNC_MAIN_ONLY : 0);
    segment.putLong(SegmentLayout.HOST_START_TIME_OFFSET, ProcFs.startTime(pid).orElse(0));
    segment.putInt(SegmentLayout.MAX_MESSAGE_BYTES_OFFSET, limits.maxMessageBytes());
    segment.putInt(SegmentLayout.MAX_DEPTH_OFFSET, limits.maxDepth());
    segment.putInt(SegmentLayout.MAX_NESTING_OFFSET, limits.maxNesting());
    segment.putInt(SegmentLayout.MAX_ITEMS_OFFSET, limits.maxItems());
    segment.putInt(SegmentLayout.MAX_INTEGER_BYTES_OFFSET, limits.maxIntegerBytes());
    segment.putInt(SegmentLayout.MAX_NAME_BYTES_OFFSET, limits.maxNameBytes());
    segment.putInt(SegmentLayout.MAX_QUEUED_OFFSET, limits.maxQueued());
    // The last store: whoever sees "ready" sees everything above. PAIRS: SegmentHeader.verify,
    // _segment.attach
    segment.putIntVolatile(SegmentLayout.HOST_STATE_OFFSET, SegmentLayout.HOST_READY);
  }

  static void verify(Segment segment, SegmentSpec announced, byte[] nonce) {
    requireNonce(nonce);
    // PAIRS: SegmentHeader.write
    require(
        "hostState",
        segment.getIntVolatile(SegmentLayout.HOST_STATE_OFFSET),
        SegmentLayout.HOST_READY);
    require("magic", segment.getLong(SegmentLayout.MAGIC_OFFSET), SegmentLayout.MAGIC);
    int version = segment.getInt(SegmentLayout.VERSION_OFFSET);
    if (!ProtocolVersion.isCompatible(version)) {
      throw new SegmentException(
          "the segment has another major version: version="
              + ProtocolVersion.text(version)
              + ", mine="
              + ProtocolVersion.text(ProtocolVersion.WORD));
    }
    Limits limits = announced.limits();
    requireInt(
        segment, "headerBytes", SegmentLayout.HEADER_BYTES_OFFSET, SegmentLayout.HEADER_BYTES);
    require("segmentBytes", segment.getLong(SegmentLayout.SEGMENT_BYTES_OFFSET), announced.bytes());
    requireInt(
        segment,
        "toWorkerCapacity",
        SegmentLayout.TO_WORKER_CAPACITY_OFFSET,
        announced.toWorkerCapacityBytes());
    requireInt(
        segment,
        "toHostCapacity",
        SegmentLayout.TO_HOST_CAPACITY_OFFSET,
        announced.toHostCapacityBytes());
    if (!Arrays.equals(
        bytes(segment, SegmentLayout.NONCE_OFFSET, SegmentLayout.NONCE_BYTES), nonce)) {
      throw new SegmentException("the segment is another one than announced: nonce differs");
    }
    requireInt(
        segment,
        "flags",
        SegmentLayout.FLAGS_OFFSET,
        announced.syncMainOnly() ? SegmentLayout.FLAG_SYNC_MAIN_ONLY : 0);
    requireInt(
        segment,
        "maxMessageBytes",
        SegmentLayout.MAX_MESSAGE_BYTES_OFFSET,
        limits.maxMessageBytes());
    requireInt(segment, "maxDepth", SegmentLayout.MAX_DEPTH_OFFSET, limits.maxDepth());
    requireInt(segment, "maxNesting", SegmentLayout.MAX_NESTING_OFFSET, limits.maxNesting());
    requireInt(segment, "maxItems", SegmentLayout.MAX_ITEMS_OFFSET, limits.maxItems());
    requireInt(
        segment,
        "maxIntegerBytes",
        SegmentLayout.MAX_INTEGER_BYTES_OFFSET,
        limits.maxIntegerBytes());
    requireInt(segment, "maxNameBytes", SegmentLayout.MAX_NAME_BYTES_OFFSET, limits.maxNameBytes());
    requireInt(segment, "maxQueued", SegmentLayout.MAX_QUEUED_OFFSET, limits.maxQueued());
    int reservedBytes = SegmentLayout.HOST_STATE_OFFSET - SegmentLayout.RESERVED_OFFSET;
    for (byte reserved : bytes(segment, SegmentLayout.RESERVED_OFFSET, reservedBytes)) {
      require("reserved", reserved, 0);
    }
  }

  static void echo(Segment segment, byte[] nonce) {
    long pid = ProcessHandle.current().pid();
    segment.putInt(SegmentLayout.WORKER_PID_OFFSET, (int) pid);
    segment.putLong(SegmentLayout.WORKER_START_TIME_OFFSET, ProcFs.startTime(pid).orElse(0));
    segment.putBytes(SegmentLayout.NONCE_ECHO_OFFSET, nonce, 0, nonce.length);
    // PAIRS: SegmentHeader.isEchoed
    segment.putIntVolatile(SegmentLayout.WORKER_STATE_OFFSET, SegmentLayout.WORKER_ATTACHED);
  }

  static boolean isEchoed(Segment segment, byte[] nonce) {
    // PAIRS: SegmentHeader.echo, _segment.attach
    return segment.getIntVolatile(SegmentLayout.WORKER_STATE_OFFSET) != SegmentLayout.WORKER_ABSENT
        && Arrays.equals(
            bytes(segment, SegmentLayout.NONCE_ECHO_OFFSET, SegmentLayout.NONCE_BYTES), nonce);
  }

  private static byte[] bytes(Segment segment, int offset, int length) {
    byte[] copy = new byte[length];
    segment.getBytes(offset, copy, 0, length);
    return copy;
  }

  private static void requireInt(Segment segment, String field, int offset, int expected) {
    require(field, segment.getInt(offset), expected);
  }

  private static void require(String field, long value, long expected) {
    if (value != expected) {
      throw new SegmentException(
          "the segment's header is not as announced: "
              + field
              + "="
              + value
              + ", announced="
              + expected);
    }
  }

  private static void requireNonce(byte[] nonce) {
    if (nonce.length != SegmentLayout.NONCE_BYTES) {
      throw new IllegalArgumentException(
          "a nonce has " + SegmentLayout.NONCE_BYTES + " bytes: length=" + nonce.length);
    }
  }
}
