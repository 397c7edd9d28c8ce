package dev.lockstep.fuzz;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Message;
import dev.lockstep.channel.Side;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.SegmentLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Plays scripts of what a peer publishes on the lane to the host, and tells what the host makes of
 * them: the target {@code frames}. Python's {@code verdicts.frames} does the same and describes the
 * scripts.
 */
public final class Lane implements AutoCloseable {
  private static final int CAPACITY = LaneLayout.MIN_CAPACITY_BYTES;
  private static final int LANE = SegmentLayout.TO_HOST_LANE_OFFSET;
  private static final int TAIL = LANE + LaneLayout.TAIL_OFFSET;
  private static final int HEAD = LANE + LaneLayout.HEAD_OFFSET;
  private static final int RING = SegmentLayout.HEADER_BYTES + CAPACITY;
  private static final int MAX_STEPS = 256;
  private static final int SET_TAIL = 0xFFFF;

  private final byte[] empty = new byte[CAPACITY];
  private final SegmentPair bothWays = pair(false);
  private final SegmentPair mainOnly = pair(true);

  private static SegmentPair pair(boolean syncMainOnly) {
    return SegmentPair.attached(
        SegmentPair.Form.SEALED,
        new SegmentSpec("fuzz", CAPACITY, CAPACITY, Decoders.LIMITS, syncMainOnly));
  }

  /** The messages that a script makes, and that it ends with a fault, if it does. */
  public String verdict(byte[] script) {
    if (script.length < 2) {
      return "empty";
    }
    SegmentPair pair = (script[0] & 1) != 0 ? mainOnly : bothWays;
    Segment memory = pair.worker();
    memory.putLong(HEAD, 0);
    memory.putLong(TAIL, 0);
    memory.putBytes(RING, empty, 0, CAPACITY); // what a script before this one left there
    List<String> told = new ArrayList<>();
    Channel channel =
        new Channel(
            pair.host(), Side.HOST, Decoders.LIMITS, new WaitTuning(0, 1_000_000, 1_000_000));
    if (!channel.tryAcquireRole()) {
      throw new AssertionError("somebody else reads");
    }
    try {
      play(script, memory, channel, told);
    } catch (PeerFaultException fault) {
      told.add("fault");
    }
    return "messages " + Decoders.shortened(String.join(" ", told));
  }

  private static void play(byte[] script, Segment memory, Channel channel, List<String> told) {
    ByteBuffer in = ByteBuffer.wrap(script).order(ByteOrder.LITTLE_ENDIAN).position(2);
    long tail =
        (script[0] & 2) != 0 ? goNearTheEnd(memory, channel, 8 * ((script[1] & 0xFF) + 1)) : 0;
    for (int step = 0; step < MAX_STEPS && in.hasRemaining(); step++) {
      int length = bytes(in, Short.BYTES).getShort() & 0xFFFF;
      if (length == SET_TAIL) {
        tail = bytes(in, Long.BYTES).getLong();
      } else {
        put(memory, tail, bytes(in, length).array());
        tail += length;
      }
      memory.putLongRelease(TAIL, tail);
      read(channel, told);
    }
  }

  /** So many bytes; what is cut off is zeros. */
  private static ByteBuffer bytes(ByteBuffer in, int count) {
    byte[] found = new byte[Math.min(count, in.remaining())];
    in.get(found);
    return ByteBuffer.wrap(Arrays.copyOf(found, count)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void put(Segment memory, long position, byte[] data) {
    int offset = (int) position & (CAPACITY - 1);
    int first = Math.min(data.length, CAPACITY - offset);
    memory.putBytes(RING + offset, data, 0, first);
    memory.putBytes(RING, data, first, data.length - first);
  }

  private static void read(Channel channel, List<String> told) {
    for (Message message = channel.poll(); message != null; message = channel.poll()) {
      told.add(
          String.format(
              "%d.%d.%d.%x.%x.%d.%s",
              message.kind(),
              message.flags(),
              message.depth(),
              message.callId(),
              message.parentCallId(),
              message.length(),
              Decoders.crc32(message.payload(), 0, message.length())));
    }
  }

  /** Lets plain frames pass until so many bytes remain before the ring's end. */
  private static long goNearTheEnd(Segment memory, Channel channel, int left) {
    long tail = 0;
    long target = (long) CAPACITY - left;
    while (tail < target) {
      int size = (int) Math.min(CAPACITY / 8, target - tail);
      long rest = target - tail - size;
      if (rest > 0 && rest < FrameLayout.HEADER_BYTES) {
        size -= FrameLayout.HEADER_BYTES;
      }
      ByteBuffer header =
          ByteBuffer.allocate(FrameLayout.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      header.putInt(size).putInt(FrameKind.REPLY).putLong(2).putLong(0);
      put(memory, tail, header.array());
      tail += size;
      memory.putLongRelease(TAIL, tail);
      if (channel.poll() == null) {
        throw new AssertionError("a plain frame did not pass");
      }
    }
    return tail;
  }

  @Override
  public void close() {
    bothWays.close();
    mainOnly.close();
  }
}
