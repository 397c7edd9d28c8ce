package dev.lockstep.ring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.memory.SegmentPair;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A ring behaves as a queue of frames whose size is limited, for any sequence of operations. */
class RingModelTest {
  private static final int CAPACITY = LaneLayout.MIN_CAPACITY_BYTES;
  private static final int MAX_PAYLOAD =
      FrameLayout.maxFrameBytes(CAPACITY) - FrameLayout.HEADER_BYTES;

  /** One step of the producer or the consumer. */
  sealed interface Step {}

  /** Writes a frame of so many payload bytes, if there is room. */
  record Write(int payloadBytes) implements Step {}

  /** Claims room, scribbles into it and gives it back. */
  record Abort(int payloadBytes) implements Step {}

  /** Reads at most so many frames. */
  record Read(int frames) implements Step {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> sizes =
        Arbitraries.oneOf(
            Arbitraries.integers().between(0, MAX_PAYLOAD),
            Arbitraries.integers().between(0, 64),
            Arbitraries.integers().between(MAX_PAYLOAD - 16, MAX_PAYLOAD));
    Arbitrary<Step> step =
        Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(6, sizes.map(Write::new)),
            net.jqwik.api.Tuple.of(1, sizes.map(Abort::new)),
            net.jqwik.api.Tuple.of(3, Arbitraries.integers().between(1, 6).map(Read::new)));
    return step.list().ofMinSize(1).ofMaxSize(200);
  }

  @Property(tries = 300)
  void isAQueueOfFrames(@ForAll("steps") List<Step> steps, @ForAll long seed) {
    Random random = new Random(seed);
    ArrayDeque<Frame> queue = new ArrayDeque<>();
    try (SegmentPair pair = SegmentPair.smallest()) {
      RingWriter writer = new RingWriter(RingRegion.toWorker(pair.host()));
      RingReader reader = new RingReader(RingRegion.toWorker(pair.worker()));
      for (Step step : steps) {
        if (step instanceof Write write) {
          write(pair, writer, reader, queue, Frame.random(random, write.payloadBytes()));
        } else if (step instanceof Abort abort) {
          abort(pair, writer, abort.payloadBytes());
        } else if (step instanceof Read read) {
          for (int i = 0; i < read.frames(); i++) {
            readOne(reader, queue);
          }
        }
        assertThat(reader.hasData()).isEqualTo(!queue.isEmpty());
      }
      while (!queue.isEmpty()) {
        readOne(reader, queue);
      }
      assertThat(reader.poll()).isFalse();
      assertThat(reader.position()).isEqualTo(writer.position());
    }
  }

  private static void write(
      SegmentPair pair,
      RingWriter writer,
      RingReader reader,
      ArrayDeque<Frame> queue,
      Frame frame) {
    int index = writer.claim(frame.payload.length);
    long used = writer.position() - reader.position();
    int needed = FrameLayout.aligned(FrameLayout.HEADER_BYTES + frame.payload.length);
    if (index == RingWriter.NO_SPACE) {
      int toEnd = CAPACITY - (int) (writer.position() & (CAPACITY - 1));
      long padding = needed > toEnd ? toEnd : 0;
      assertThat(used + padding + needed).as("bytes needed when full").isGreaterThan(CAPACITY);
      return;
    }
    assertThat(index % FrameLayout.ALIGNMENT).isZero();
    pair.host().putBytes(index, frame.payload, 0, frame.payload.length);
    writer.commit(
        frame.payload.length, frame.kind, frame.flags, frame.depth, frame.callId, frame.parent);
    queue.add(frame);
    assertThat(writer.position() - reader.position()).isBetween(1L, (long) CAPACITY);
  }

  private static void abort(SegmentPair pair, RingWriter writer, int payloadBytes) {
    long before = writer.position();
    int index = writer.claim(payloadBytes);
    if (index != RingWriter.NO_SPACE) {
      byte[] scribble = new byte[payloadBytes];
      Arrays.fill(scribble, (byte) 0xEE);
      pair.host().putBytes(index, scribble, 0, payloadBytes);
    }
    writer.abort();
    assertThat(writer.position()).isEqualTo(before);
  }

  private static void readOne(RingReader reader, ArrayDeque<Frame> queue) {
    Frame expected = queue.poll();
    assertThat(reader.poll()).isEqualTo(expected != null);
    if (expected == null) {
      return;
    }
    byte[] payload = new byte[reader.payloadBytes()];
    reader.copyPayload(0, payload, 0, payload.length);
    assertThat(reader.kind()).isEqualTo(expected.kind);
    assertThat(reader.flags()).isEqualTo(expected.flags);
    assertThat(reader.depth()).isEqualTo(expected.depth);
    assertThat(reader.callId()).isEqualTo(expected.callId);
    assertThat(reader.parentCallId()).isEqualTo(expected.parent);
    assertThat(Arrays.equals(payload, expected.payload)).as("payload").isTrue();
    reader.release();
  }

  private static final class Frame {
    private final byte[] payload;
    private final int kind;
    private final int flags;
    private final int depth;
    private final long callId;
    private final long parent;

    private Frame(byte[] payload, int kind, int flags, int depth, long callId, long parent) {
      this.payload = payload;
      this.kind = kind;
      this.flags = flags;
      this.depth = depth;
      this.callId = callId;
      this.parent = parent;
    }

    /** Any frame that a correct peer may write. */
    static Frame random(Random random, int payloadBytes) {
      byte[] payload = new byte[payloadBytes];
      random.nextBytes(payload);
      int kind = 1 + random.nextInt(7);
      boolean invocation = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
      boolean numbered = kind != FrameKind.READY && kind != FrameKind.FATAL;
      return new Frame(
          payload,
          kind,
          kind == FrameKind.CANCEL ? 0 : random.nextInt(invocation ? 16 : 4),
          invocation ? 1 + random.nextInt(0xFFFF) : 0,
          numbered ? 2 + (random.nextLong() >>> 2) : 0,
          invocation ? random.nextLong() >>> 1 : 0);
    }
  }

  @Property(tries = 200)
  void anEmptyRingTakesTheLongestFrameAtAnyPosition(@ForAll("sizes") List<Integer> before) {
    try (SegmentPair pair = SegmentPair.smallest()) {
      RingWriter writer = new RingWriter(RingRegion.toWorker(pair.host()));
      RingReader reader = new RingReader(RingRegion.toWorker(pair.worker()));
      for (int payloadBytes : before) {
        send(writer, payloadBytes);
        assertThat(reader.poll()).isTrue();
        reader.release();
      }
      send(writer, MAX_PAYLOAD);
      assertThat(reader.poll()).isTrue();
      assertThat(reader.payloadBytes()).isEqualTo(MAX_PAYLOAD);
      reader.release();
      assertThat(reader.poll()).isFalse();
    }
  }

  @Provide
  Arbitrary<List<Integer>> sizes() {
    return Arbitraries.integers().between(0, MAX_PAYLOAD).list().ofMaxSize(40);
  }

  private static void send(RingWriter writer, int payloadBytes) {
    assertThat(writer.claim(payloadBytes)).isNotEqualTo(RingWriter.NO_SPACE);
    writer.commit(payloadBytes, FrameKind.REPLY, 0, 0, 2, 0);
  }
}
