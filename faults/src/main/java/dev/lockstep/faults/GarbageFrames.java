package dev.lockstep.faults;

import com.sun.management.ThreadMXBean;
import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Message;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.Limits;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;

/**
 * Rows 14 to 17: frames that no peer of ours writes, put into the memory by hand. Whatever they
 * are, the host makes a message or a {@link PeerFaultException} of them, and both Python twins do
 * the like. A fault is final, so each gets a fresh channel.
 */
final class GarbageFrames implements AutoCloseable {
  /** An exception with its text and its stack; no buffer of a frame, which has 16 KiB. */
  private static final long MOST_BYTES = 8 * 1024;

  private static final int FRAMES_AT_ONCE = 100;
  private static final int PADS = 1_000_000;
  private static final int USUAL_FRAME = 224;
  private static final int FRAMES_OF_ONE_NOISE = 4096;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final GarbageLane lane = GarbageLane.toHost();
  private Channel channel;

  private GarbageFrames() {
    channel = fresh();
  }

  @Override
  public void close() {
    lane.close();
  }

  private Channel fresh() {
    lane.reset();
    channel =
        new Channel(
            lane.segment(), Side.HOST, Limits.DEFAULT, new WaitTuning(0, 1_000_000, 1_000_000));
    Trial.require(channel.tryAcquireRole(), "the role is free");
    return channel;
  }

  // --- row 14: lengths

  /** Lengths of frames and totals of messages that cannot be. */
  static void lengths(Trial trial) throws Exception {
    try (GarbageFrames frames = new GarbageFrames()) {
      for (int warm = 0; warm < 100; warm++) {
        frames.refuseEach((what, refusal) -> refusal.taken());
      }
      for (int run = 0; run < trial.runs(); run++) {
        frames.refuseEach(
            (what, refusal) -> trial.attempt(what, () -> record(trial, refusal.taken())));
      }
    }
    GarbageForPython.play(trial, "lengths", trial.runs());
  }

  /** Publishes something, and looks at it. */
  private interface Refusal {
    /** Nanoseconds and bytes that the refusal took. */
    long[] taken();
  }

  /** Takes a refusal that has a name. */
  private interface Refusals {
    void take(String what, Refusal refusal);
  }

  private void refuseEach(Refusals refusals) {
    int max = GarbageLane.MAX_FRAME;
    for (int length :
        new int[] {-1, Integer.MIN_VALUE, max + 1, max - 7, 0, 23, GarbageLane.CAPACITY, 1 << 30}) {
      for (int kind : new int[] {FrameKind.REPLY, FrameKind.INVOKE, FrameKind.PAD}) {
        refusals.take("length=" + length + ", kind=" + kind, () -> refusedLength(length, kind));
      }
    }
    for (long total :
        new long[] {0, -1, Long.MIN_VALUE, Limits.DEFAULT.maxMessageBytes() + 1L, 1L << 32}) {
      refusals.take("total=" + total, () -> refusedTotal(total));
    }
    refusals.take("past the ring's end", this::refusedPastTheEnd);
  }

  private long[] refusedLength(int length, int kind) {
    fresh();
    lane.header(0, length, kind, 0, kind == FrameKind.INVOKE ? 1 : 0);
    lane.ids(0, kind == FrameKind.PAD ? 0 : kind == FrameKind.INVOKE ? 3 : 2, 0);
    // Before the end of the longest but a few bytes: that one is past the tail.
    lane.publish(GarbageLane.MAX_FRAME - 16);
    return refused();
  }

  private long[] refusedTotal(long total) {
    fresh();
    lane.header(0, 64, FrameKind.REPLY, FrameFlags.MORE, 0);
    lane.ids(0, 2, 0);
    lane.word(FrameLayout.HEADER_BYTES, total);
    lane.publish(64);
    return refused();
  }

  private long[] refusedPastTheEnd() {
    fresh();
    int end = GarbageLane.CAPACITY - 64;
    int position = 0;
    while (position < end) {
      int length = Math.min(GarbageLane.MAX_FRAME, end - position);
      lane.header(position, length, FrameKind.REPLY, 0, 0);
      lane.ids(position, 2, 0);
      position += length;
      lane.publish(position);
      Objects.requireNonNull(channel.poll(), "a plain frame passes");
    }
    lane.header(position, 128, FrameKind.REPLY, 0, 0);
    lane.ids(position, 2, 0);
    lane.publish(position + 128L);
    return refused();
  }

  private long[] refused() {
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    try {
      Message message = channel.poll();
      throw new AssertionError("no fault but " + message);
    } catch (PeerFaultException fault) {
      return new long[] {
        System.nanoTime() - start, THREADS.getCurrentThreadAllocatedBytes() - bytes
      };
    }
  }

  private static void record(Trial trial, long[] taken) {
    trial.micros("Java: time to refuse").record(taken[0]);
    trial
        .figure("Java: allocated while refusing, the exception included", "bytes")
        .record(taken[1]);
    Trial.require(taken[1] <= MOST_BYTES, "bytes=" + taken[1] + ", at most " + MOST_BYTES);
  }

  // --- row 15: anything

  /** Random frames with a grain of sense, one at a time, payloads and fragments taken. */
  static void random(Trial trial) throws Exception {
    try (GarbageFrames frames = new GarbageFrames()) {
      Random random = trial.random();
      long[] counts = new long[3];
      byte[] noise = new byte[GarbageLane.CAPACITY];
      long start = System.nanoTime();
      for (int i = 0; i < trial.runs(); i++) {
        if (i % FRAMES_OF_ONE_NOISE == 0) {
          random.nextBytes(noise);
          frames.lane.fill(noise);
        }
        frames.mutate(random, frames.lane.head());
        long before = System.nanoTime();
        trial.attempt("frame", () -> counts[frames.isMessageOrFault()]++);
        trial.micros("Java: a frame").record(System.nanoTime() - before);
      }
      trial.fact(
          "Java: frames a second", Math.round(trial.runs() / ((System.nanoTime() - start) / 1e9)));
      trial.fact("Java: messages", counts[0]);
      trial.fact("Java: faults", counts[1]);
      trial.fact("Java: fragments, or nothing", counts[2]);
      trial.attempt("some of it makes sense", () -> Trial.require(counts[0] > 0, "messages=0"));
    }
    GarbageForPython.play(trial, "random", trial.runs());
  }

  private int isMessageOrFault() {
    try {
      return channel.poll() == null ? 2 : 0;
    } catch (PeerFaultException fault) {
      Trial.require(!fault.word().isEmpty(), "a fault names its word");
      fresh();
      return 1;
    } catch (RuntimeException | StackOverflowError other) {
      fresh();
      throw other;
    }
  }

  private static boolean oneIn(Random random, int of) {
    return random.nextInt(of) == 0;
  }

  private void mutate(Random random, long position) {
    int offset = (int) position & (GarbageLane.CAPACITY - 1);
    int left = GarbageLane.CAPACITY - offset;
    long start = position;
    if (left < FrameLayout.HEADER_BYTES + USUAL_FRAME && !oneIn(random, 8)) {
      lane.header(offset, left, FrameKind.PAD, 0, 0);
      lane.ids(offset, 0, 0);
      start += left;
      offset = 0;
    }
    int length =
        oneIn(random, 16)
            ? random.nextInt()
            : FrameLayout.HEADER_BYTES + random.nextInt(USUAL_FRAME - FrameLayout.HEADER_BYTES);
    int kind = oneIn(random, 16) ? random.nextInt(256) : 1 + random.nextInt(FrameKind.FATAL);
    int flags = oneIn(random, 16) ? random.nextInt(256) : oneIn(random, 3) ? random.nextInt(4) : 0;
    boolean call = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
    boolean own = call || kind == FrameKind.CANCEL;
    lane.header(offset, length, kind, flags, call || oneIn(random, 32) ? random.nextInt(70) : 0);
    long callId = kind >= FrameKind.READY ? 0 : (own ? 3 : 2) + 2L * random.nextInt(4);
    lane.ids(
        offset,
        oneIn(random, 32) ? random.nextLong() : callId,
        call && random.nextBoolean() ? callId + 1 : 0);
    if ((flags & (FrameFlags.MORE | FrameFlags.CONTINUATION)) == FrameFlags.MORE) {
      lane.word(offset + FrameLayout.HEADER_BYTES, random.nextInt(500));
    }
    long whole = FrameLayout.aligned(Math.min(length & Integer.MAX_VALUE, GarbageLane.CAPACITY));
    lane.publish(oneIn(random, 32) ? random.nextLong() : start + whole);
  }

  // --- row 16: what each field can hold

  /**
   * Every kind, flags, fragments out of order, and lanes full of PADs: what a garbage frame costs.
   */
  static void fields(Trial trial) throws Exception {
    try (GarbageFrames frames = new GarbageFrames()) {
      for (int run = 0; run < trial.runs(); run++) {
        for (int kind = 0; kind < 256; kind++) {
          for (int flags : kind > FrameKind.FATAL ? new int[] {0} : RESERVED_FLAGS) {
            int of = kind;
            trial.attempt(
                "kind=" + kind + ", flags=" + flags, () -> frames.costs(trial, of, flags));
          }
        }
        for (int[] order : ORDERS) {
          trial.attempt("fragments " + Arrays.toString(order), () -> frames.outOfOrder(order));
        }
        for (int pads = 0; pads < PADS; pads += GarbageLane.CAPACITY / FrameLayout.ALIGNMENT) {
          trial.attempt("a lane full of PADs", () -> frames.laneFullOfPads(trial));
        }
      }
    }
    GarbageForPython.play(trial, "fields", trial.runs());
  }

  private static final int[] RESERVED_FLAGS = {0x10, 0x20, 0x40, 0x80};

  /** All else of the frame is as it may be. */
  private void costs(Trial trial, int kind, int flags) {
    int faults = 0;
    long cpu = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < FRAMES_AT_ONCE; i++) {
      fresh();
      boolean call = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
      lane.header(0, 64, kind, flags, call ? 1 : 0);
      boolean own = call || kind == FrameKind.CANCEL;
      lane.ids(0, kind == FrameKind.READY || kind == FrameKind.FATAL ? 0 : own ? 3 : 2, 0);
      lane.publish(64);
      try {
        channel.poll();
      } catch (PeerFaultException fault) {
        faults++;
      }
    }
    trial
        .micros("Java: processor time of a garbage frame, its fresh channel included")
        .record((THREADS.getCurrentThreadCpuTime() - cpu) / FRAMES_AT_ONCE);
    Trial.require(faults == FRAMES_AT_ONCE, "faults=" + faults + " of " + FRAMES_AT_ONCE);
  }

  private static final int WHOLE = 0;
  private static final int FIRST = FrameFlags.MORE;
  private static final int NEXT = FrameFlags.MORE | FrameFlags.CONTINUATION;
  private static final int LAST = FrameFlags.CONTINUATION;

  /**
   * Each the total that a first fragment announces, then flags and payload bytes of each fragment,
   * the total of 8 bytes included. The last one is what must be refused.
   */
  private static final int[][] ORDERS = {
    {12, NEXT, 4},
    {12, LAST, 12},
    {12, FIRST, 12, FIRST, 12},
    {12, FIRST, 12, WHOLE, 8},
    {12, FIRST, 12, LAST, 9},
    {12, FIRST, 12, LAST, 4},
    {12, FIRST, 12, NEXT, 8},
    {12, FIRST, 12, NEXT, 9},
    {12, FIRST, 12, NEXT, 0},
    {12, FIRST, 8},
    {1, FIRST, 10},
    {1, FIRST, 9},
  };

  private void outOfOrder(int... order) {
    fresh();
    int position = 0;
    for (int i = 1; i < order.length; i += 2) {
      int length = FrameLayout.HEADER_BYTES + order[i + 1];
      lane.header(position, length, FrameKind.REPLY, order[i], 0);
      lane.ids(position, 2, 0);
      lane.word(position + FrameLayout.HEADER_BYTES, order[0]);
      position += FrameLayout.aligned(length);
      lane.publish(position);
      if (i + 2 < order.length) {
        Trial.require(channel.poll() == null, "a fragment is no message");
      }
    }
    refused();
  }

  private void laneFullOfPads(Trial trial) {
    fresh();
    for (int at = 0; at < GarbageLane.CAPACITY; at += FrameLayout.ALIGNMENT) {
      lane.header(at, FrameLayout.ALIGNMENT, FrameKind.PAD, 0, 0);
    }
    lane.publish(GarbageLane.CAPACITY);
    long cpu = THREADS.getCurrentThreadCpuTime();
    refused();
    trial
        .micros("Java: processor time of a lane full of PADs")
        .record(THREADS.getCurrentThreadCpuTime() - cpu);
  }

  // --- row 17: what changes while it is read

  /** A thread flips length, kind, ids and payload of the frame that is read, as fast as it can. */
  static void changes(Trial trial) throws Exception {
    try (GarbageFrames frames = new GarbageFrames()) {
      long[] counts = new long[2];
      ValueCodec codec = new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
      long flips =
          frames.lane.flipDuring(
              () -> {
                for (int i = 0; i < trial.runs(); i++) {
                  frames.fresh();
                  frames.lane.publish(GarbageLane.CAPACITY);
                  trial.attempt("read", () -> counts[frames.isRead(codec) ? 0 : 1]++);
                }
              });
      trial.fact("Java: flips a second", flips);
      trial.fact("Java: messages", counts[0]);
      trial.fact("Java: faults", counts[1]);
      trial.attempt(
          "both happened",
          () -> Trial.require(counts[0] > 0 && counts[1] > 0, Arrays.toString(counts)));
    }
    GarbageForPython.play(trial, "changes", trial.runs());
  }

  /** What is read is what was checked, and its bytes do not change any more. */
  private boolean isRead(ValueCodec codec) {
    Message message;
    try {
      message = Objects.requireNonNull(channel.poll(), "a frame is published");
    } catch (PeerFaultException fault) {
      return false;
    }
    int length = message.length() + FrameLayout.HEADER_BYTES;
    Trial.require(length == 48 || length == GarbageLane.MAX_FRAME, "length=" + length);
    Trial.require(message.kind() == FrameKind.REPLY, "kind=" + message.kind());
    long callId = message.callId();
    Trial.require(callId == 2 || callId == 4 || callId == 6, "callId=" + callId);
    byte[] copy = Arrays.copyOf(message.payload(), message.length());
    String first = verdict(codec, message);
    String second = verdict(codec, message);
    Trial.require(first.equals(second), first + ", then " + second);
    Trial.require(
        Arrays.equals(copy, Arrays.copyOf(message.payload(), copy.length)), "bytes changed");
    return true;
  }

  private static String verdict(ValueCodec codec, Message message) {
    try {
      Object value =
          codec.decodeValue(
              message.payload(), 0, message.length(), codec.typeOf(Object.class), "result");
      return value instanceof byte[] bytes ? Arrays.toString(bytes) : String.valueOf(value);
    } catch (MalformedValueException refused) {
      return refused.getMessage();
    }
  }
}
