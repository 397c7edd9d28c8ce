package dev.lockstep.diagnostics;

import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies a segment's words and frame headers out of its file and makes a {@link SegmentPicture} of
 * them. It believes nothing that it reads: a worker may have written anything. Each call opens the
 * file, reads and closes it; no state, any thread.
 */
public final class SegmentReader {
  private SegmentReader() {}

  /** Whether the file begins as a segment does. */
  public static boolean isSegment(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.size() >= SegmentLayout.HEADER_BYTES
          && new Window(channel, 0).copy(0, Long.BYTES).getLong(0) == SegmentLayout.MAGIC;
    } catch (IOException e) {
      return false; // Gone, or not ours to read: in either case not a segment that can be shown.
    }
  }

  /**
   * Takes the picture.
   *
   * @throws IOException if the file cannot be read or is no segment
   */
  public static SegmentPicture read(Path file) throws IOException {
    return read(file, 0);
  }

  /**
   * The same of a segment that lies within a file, as in the memory of a process.
   *
   * @param base where it begins
   */
  static SegmentPicture read(Path file, long base) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Window window = new Window(channel, base);
      ByteBuffer header = window.copy(0, SegmentLayout.HEADER_BYTES);
      if (header.getLong(SegmentLayout.MAGIC_OFFSET) != SegmentLayout.MAGIC) {
        throw new IOException("not a Lockstep segment: file=" + file);
      }
      int toWorkerBytes = capacity(header, SegmentLayout.TO_WORKER_CAPACITY_OFFSET);
      int toHostBytes = capacity(header, SegmentLayout.TO_HOST_CAPACITY_OFFSET);
      return new SegmentPicture(
          header.getInt(SegmentLayout.VERSION_OFFSET),
          header.getLong(SegmentLayout.SEGMENT_BYTES_OFFSET),
          header.getInt(SegmentLayout.FLAGS_OFFSET),
          header.getInt(SegmentLayout.HOST_PID_OFFSET),
          header.getInt(SegmentLayout.WORKER_PID_OFFSET),
          header.getInt(SegmentLayout.HOST_STATE_OFFSET),
          header.getInt(SegmentLayout.WORKER_STATE_OFFSET),
          header.getLong(SegmentLayout.INTERRUPT_CALL_ID_OFFSET),
          header.getLong(SegmentLayout.HOST_LATE_WAKEUPS_OFFSET),
          header.getLong(SegmentLayout.WORKER_LATE_WAKEUPS_OFFSET),
          lane(
              window,
              header,
              SegmentLayout.TO_WORKER_LANE_OFFSET,
              SegmentLayout.HEADER_BYTES,
              toWorkerBytes),
          lane(
              window,
              header,
              SegmentLayout.TO_HOST_LANE_OFFSET,
              SegmentLayout.HEADER_BYTES + (long) toWorkerBytes,
              toHostBytes));
    }
  }

  private static int capacity(ByteBuffer header, int offset) throws IOException {
    int bytes = header.getInt(offset);
    if (bytes < LaneLayout.MIN_CAPACITY_BYTES
        || bytes > LaneLayout.MAX_CAPACITY_BYTES
        || Integer.bitCount(bytes) != 1) {
      throw new IOException("the header is damaged: capacity=" + bytes + ", offset=" + offset);
    }
    return bytes;
  }

  private static LanePicture lane(
      Window window, ByteBuffer header, int laneOffset, long ringOffset, int capacityBytes)
      throws IOException {
    long head = header.getLong(laneOffset + LaneLayout.HEAD_OFFSET);
    long tail = header.getLong(laneOffset + LaneLayout.TAIL_OFFSET);
    List<FramePicture> unread = new ArrayList<>();
    String remark = "";
    if (tail - head < 0 || tail - head > capacityBytes || ((head | tail) & 7) != 0) {
      remark = "head and tail do not fit together";
    } else {
      remark = walk(window, ringOffset, capacityBytes, head, tail, unread);
      // What the consumer has passed meanwhile may have been overwritten as it was read.
      long headNow = window.copy(laneOffset + LaneLayout.HEAD_OFFSET, Long.BYTES).getLong(0);
      if (headNow != head) {
        unread.removeIf(frame -> frame.position() - headNow < 0);
        remark = "the reader moved on while this was read";
      }
    }
    return new LanePicture(
        capacityBytes,
        head,
        tail,
        header.getInt(laneOffset + LaneLayout.DATA_SIGNAL_OFFSET),
        header.getInt(laneOffset + LaneLayout.SPACE_SIGNAL_OFFSET),
        unread,
        remark);
  }

  private static String walk(
      Window window,
      long ringOffset,
      int capacityBytes,
      long head,
      long tail,
      List<FramePicture> unread)
      throws IOException {
    long position = head;
    while (position < tail) {
      if (unread.size() == LanePicture.MAX_FRAMES) {
        return "more follow: bytes=" + (tail - position);
      }
      int index = (int) (position & (capacityBytes - 1));
      int available = Math.min(FrameLayout.HEADER_BYTES, capacityBytes - index);
      ByteBuffer frame = ByteBuffer.allocate(FrameLayout.HEADER_BYTES);
      frame.order(ByteOrder.LITTLE_ENDIAN);
      frame.put(0, window.copy(ringOffset + index, available), 0, available);
      int lengthBytes = frame.getInt(FrameLayout.LENGTH_OFFSET);
      int kind = frame.get(FrameLayout.KIND_OFFSET) & 0xFF;
      int leastBytes = kind == FrameKind.PAD ? FrameLayout.ALIGNMENT : FrameLayout.HEADER_BYTES;
      // A PAD goes to the ring's end: otherwise millions of short ones would be read one by one.
      if (lengthBytes < leastBytes
          || lengthBytes > tail - position
          || (kind == FrameKind.PAD && lengthBytes != capacityBytes - index)) {
        return "no frame of ours: position=" + position + ", length=" + lengthBytes;
      }
      if (kind != FrameKind.PAD) {
        unread.add(
            new FramePicture(
                position,
                lengthBytes,
                kind,
                frame.get(FrameLayout.FLAGS_OFFSET) & 0xFF,
                frame.getShort(FrameLayout.DEPTH_OFFSET) & 0xFFFF,
                frame.getLong(FrameLayout.CALL_ID_OFFSET),
                frame.getLong(FrameLayout.PARENT_CALL_ID_OFFSET)));
      }
      position += FrameLayout.aligned(lengthBytes);
    }
    return "";
  }

  /** A file from some offset on. */
  private record Window(FileChannel channel, long base) {
    ByteBuffer copy(long offset, int bytes) throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, base + offset + buffer.position()) < 0) {
          throw new IOException("the segment is shorter than its header says: offset=" + offset);
        }
      }
      return buffer;
    }
  }
}
