package dev.lockstep.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.memory.LeavesNothingBehind;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.SegmentLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a peer writes, it is refused by name before it is used, or it is a frame. */
@ExtendWith(LeavesNothingBehind.class)
class HostilePeerTest {
  private static final int CAPACITY = LaneLayout.MIN_CAPACITY_BYTES;
  private static final int MAX_FRAME = CAPACITY / FrameLayout.MAX_FRAME_DIVISOR;
  private static final int LANE = SegmentLayout.TO_HOST_LANE_OFFSET;
  private static final int TAIL = LANE + LaneLayout.TAIL_OFFSET;
  private static final int HEAD = LANE + LaneLayout.HEAD_OFFSET;
  private static final int RING = SegmentLayout.HEADER_BYTES + CAPACITY;
  private static final long SEED = 20_260_101;

  private final SegmentPair pair = SegmentPair.smallest();
  private final Segment vandal = pair.worker();
  private final RingRegion hostRegion = RingRegion.toHost(pair.host());
  private final RingRegion workerRegion = RingRegion.toHost(vandal);

  @AfterEach
  void close() {
    pair.close();
  }

  // --- the tail, seen by a reader

  @ParameterizedTest
  @ValueSource(longs = {1, 4, 7, 9, CAPACITY + 8, CAPACITY + 1, -8, -1, Long.MIN_VALUE, 1L << 32})
  void aTailThatCannotBeIsRefused(long tail) {
    RingReader reader = new RingReader(hostRegion);
    vandal.putLongRelease(TAIL, tail);
    assertRefused("tail", tail, reader::poll);
    assertThat(pair.host().getLong(HEAD)).isZero();
  }

  @Test
  void aTailThatGoesBackIsRefusedWhereverItGoes() {
    RingReader reader = new RingReader(hostRegion);
    RingWriter writer = new RingWriter(workerRegion);
    for (int i = 0; i < 4; i++) {
      write(writer, 40);
    }
    assertThat(reader.poll()).isTrue();
    reader.release();
    long head = reader.position();
    for (long back = 8; back <= writer.position(); back += 8) {
      long tail = writer.position() - back;
      vandal.putLongRelease(TAIL, tail);
      assertRefused("tail", tail, reader::poll);
    }
    assertThat(reader.position()).isEqualTo(head);
  }

  @Test
  void randomTailsAreRefusedUnlessTheyCouldBe() {
    Random random = new Random(SEED);
    RingReader reader = new RingReader(hostRegion);
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      long tail = random.nextLong() >>> random.nextInt(64);
      vandal.putLongRelease(TAIL, tail);
      if (tail < 0 || tail > CAPACITY || tail % 8 != 0) {
        assertRefused("tail", tail, reader::poll);
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(5_000);
  }

  // --- the head, seen by a writer

  @ParameterizedTest
  @ValueSource(longs = {1, 4, -8, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40})
  void aHeadThatCannotBeIsRefusedAndNothingIsOverwritten(long head) {
    RingWriter writer = fullRing();
    byte[] before = ring();
    vandal.putLongRelease(HEAD, head);
    assertRefused("head", head, () -> writer.claim(100));
    assertThat(ring()).isEqualTo(before);
  }

  @Test
  void aHeadBeyondTheTailIsRefused() {
    RingWriter writer = fullRing();
    byte[] before = ring();
    long head = writer.position() + 8;
    vandal.putLongRelease(HEAD, head);
    assertRefused("head", head, () -> writer.claim(100));
    assertThat(ring()).isEqualTo(before);
  }

  @Test
  void aHeadThatGoesBackIsRefused() {
    RingWriter writer = fullRing();
    vandal.putLongRelease(HEAD, MAX_FRAME);
    write(writer, 8); // the writer has seen that head now
    vandal.putLongRelease(HEAD, MAX_FRAME - 8);
    assertRefused("head", MAX_FRAME - 8, () -> writer.claim(MAX_FRAME - 24));
  }

  @Test
  void aWriterWhoseHeadJumpsAtRandomWritesInsideItsRingOnly() {
    Random random = new Random(SEED);
    for (int round = 0; round < 50; round++) {
      try (SegmentPair fresh = SegmentPair.smallest()) {
        RingWriter writer = new RingWriter(RingRegion.toHost(fresh.host()));
        byte[] outside = outsideOfRing(fresh.host());
        int frames = 0;
        Throwable end = null;
        while (end == null && frames < 200) {
          fresh.worker().putLongRelease(HEAD, random.nextLong() >>> random.nextInt(64));
          end = catchThrowable(() -> write(writer, random.nextInt(MAX_FRAME - 24)));
          frames++;
        }
        assertThat(end).isInstanceOf(PeerFaultException.class);
        fresh.host().putLong(TAIL, 0);
        fresh.host().putLong(HEAD, 0);
        assertThat(outsideOfRing(fresh.host())).isEqualTo(outside);
      }
    }
  }

  // --- the frame's header

  @ParameterizedTest
  @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 0, 8, 23, MAX_FRAME + 1, 1 << 28})
  void aLengthThatCannotBeIsRefusedBeforeAnythingIsAllocated(int length) {
    RingReader reader = new RingReader(hostRegion);
    putHeader(0, length, FrameKind.INVOKE, 0, 1);
    vandal.putLongRelease(TAIL, MAX_FRAME);
    assertRefused("length", length, reader::poll);
  }

  @Test
  void aLengthPastTheTailIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    putHeader(0, 72, FrameKind.INVOKE, 0, 1);
    vandal.putLongRelease(TAIL, 64);
    assertRefused("length", 72, reader::poll);
  }

  @Test
  void aLengthPastTheRingsEndIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    consumeUpTo(reader, CAPACITY - 64);
    putHeader(CAPACITY - 64, 72, FrameKind.INVOKE, 0, 1);
    vandal.putLongRelease(TAIL, CAPACITY + 8);
    assertRefused("length", 72, reader::poll);
  }

  @ParameterizedTest
  @CsvSource({"0", "8", "56", "63", "65", "72", "-1", "2147483647"})
  void aPadThatDoesNotFillTheRingToItsEndIsRefused(int length) {
    RingReader reader = new RingReader(hostRegion);
    consumeUpTo(reader, CAPACITY - 64);
    putHeader(CAPACITY - 64, length, FrameKind.PAD, 0, 0);
    vandal.putLongRelease(TAIL, CAPACITY + 64);
    assertRefused("length of PAD", length, reader::poll);
  }

  @Test
  void aPadAsLongAsAFrameIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    consumeUpTo(reader, CAPACITY - MAX_FRAME);
    putHeader(CAPACITY - MAX_FRAME, MAX_FRAME, FrameKind.PAD, 0, 0);
    vandal.putLongRelease(TAIL, CAPACITY + 64);
    assertRefused("length of PAD", MAX_FRAME, reader::poll);
  }

  @Test
  void aPadWithoutItsFrameOrWithFieldsIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    consumeUpTo(reader, CAPACITY - 64);
    putHeader(CAPACITY - 64, 64, FrameKind.PAD, 0, 0);
    vandal.putLongRelease(TAIL, CAPACITY);
    assertThatThrownBy(reader::poll).isInstanceOf(PeerFaultException.class);
    putHeader(CAPACITY - 64, 64, FrameKind.PAD, 1, 0);
    vandal.putLongRelease(TAIL, CAPACITY + 64);
    assertRefused("flags of PAD", 1, reader::poll);
  }

  @Test
  void twoPadsInARowAreRefusedSoNoLoopIsEndless() {
    RingReader reader = new RingReader(hostRegion);
    consumeUpTo(reader, CAPACITY - 64);
    putHeader(CAPACITY - 64, 64, FrameKind.PAD, 0, 0);
    for (int length : new int[] {8, 24, 64, MAX_FRAME, CAPACITY}) {
      putHeader(0, length, FrameKind.PAD, 0, 0);
      vandal.putLongRelease(TAIL, CAPACITY + MAX_FRAME);
      assertThatThrownBy(reader::poll).isInstanceOf(PeerFaultException.class);
    }
  }

  @Test
  void everyKindThatIsNotOneIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    vandal.putLongRelease(TAIL, 64);
    for (int kind = 0; kind < 256; kind++) {
      putHeader(0, 64, kind, 0, 0);
      vandal.putLong(RING + FrameLayout.CALL_ID_OFFSET, 2);
      if (kind > FrameKind.FATAL) {
        assertRefused("kind", kind, reader::poll);
      } else if (kind == FrameKind.PAD) {
        assertRefused("length of PAD", 64, reader::poll);
      }
    }
  }

  @Test
  void everyFlagThatAKindHasNotIsRefused() {
    RingReader reader = new RingReader(hostRegion);
    vandal.putLongRelease(TAIL, 64);
    for (int kind = FrameKind.INVOKE; kind <= FrameKind.FATAL; kind++) {
      boolean invocation = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
      boolean numbered = kind < FrameKind.READY;
      int fragments = kind == FrameKind.CANCEL ? 0 : FrameFlags.MORE | FrameFlags.CONTINUATION;
      int allowed = invocation ? FrameFlags.ALL : fragments;
      for (int flags = 0; flags < 256; flags++) {
        putHeader(0, 64, kind, flags, invocation ? 1 : 0);
        vandal.putLong(RING + FrameLayout.CALL_ID_OFFSET, numbered ? 2 : 0);
        if ((flags & ~allowed) == 0) {
          assertThat(reader.poll()).as("kind %s, flags %s", kind, flags).isTrue();
        } else {
          assertRefused("flags of " + FrameKind.name(kind), flags, reader::poll);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "INVOKE, 1, 0, 1, call id",
    "INVOKE, 1, 1, 1, call id",
    "INVOKE, 1, -2, 1, call id",
    "INVOKE, 1, 2, -1, parent call id",
    "INVOKE, 0, 2, 0, depth",
    "REPLY, 0, 0, 0, call id",
    "REPLY, 0, 2, 2, parent call id",
    "REPLY, 1, 2, 0, depth",
    "ERROR, 0, 2, 4, parent call id",
    "CANCEL, 1, 2, 0, depth",
    "NOTIFY, 0, 2, 0, depth",
    "READY, 0, 2, 0, call id",
    "FATAL, 0, 2, 0, call id",
  })
  void idsAndDepthThatDoNotGoWithTheKindAreRefused(
      String kindName, int depth, long callId, long parent, String word) {
    int kind = FrameKind.INVOKE;
    while (!FrameKind.name(kind).equals(kindName)) {
      kind++;
    }
    putHeader(0, 64, kind, 0, depth);
    vandal.putLong(RING + FrameLayout.CALL_ID_OFFSET, callId);
    vandal.putLong(RING + FrameLayout.PARENT_CALL_ID_OFFSET, parent);
    vandal.putLongRelease(TAIL, 64);
    RingReader reader = new RingReader(hostRegion);
    assertThatThrownBy(reader::poll)
        .isInstanceOfSatisfying(
            PeerFaultException.class,
            it -> assertThat(it.word()).isEqualTo(word + " of " + kindName));
  }

  // --- anything at all

  @Test
  void garbageIsAFrameOrAFaultAndNothingElse() {
    Random random = new Random(SEED);
    byte[] noise = new byte[CAPACITY];
    byte[] payload = new byte[MAX_FRAME];
    RingReader reader = new RingReader(hostRegion);
    int faults = 0;
    int frames = 0;
    for (int i = 0; i < 300_000; i++) {
      if (i % 1000 == 0) {
        random.nextBytes(noise);
        vandal.putBytes(RING, noise, 0, noise.length);
      }
      mutate(random, reader.position());
      vandal.putLongRelease(TAIL, reader.position() + 8L * random.nextInt(CAPACITY / 8 + 1));
      try {
        if (reader.poll()) {
          reader.copyPayload(0, payload, 0, reader.payloadBytes());
          reader.release();
          frames++;
        }
      } catch (PeerFaultException e) {
        assertThat(e.getMessage()).contains(e.word());
        faults++;
        reader = new RingReader(hostRegion); // a fault is final: the next one gets a fresh reader
      }
    }
    assertThat(faults).isPositive();
    assertThat(frames).isPositive();
    System.out.printf("garbage: seed=%d, frames=%d, faults=%d%n", SEED, frames, faults);
  }

  /** Noise with a grain of sense, or every frame would end at its length. */
  private void mutate(Random random, long position) {
    int offset = (int) position & (CAPACITY - 1);
    int length = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(MAX_FRAME + 2);
    int kind = random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(9);
    int flags = random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(4);
    if (kind == FrameKind.PAD && random.nextBoolean()) {
      length = CAPACITY - offset;
      flags = 0;
    }
    boolean invocation = kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY;
    putHeader(offset, length, kind, flags, invocation ? 1 : random.nextInt(2));
    if (offset + FrameLayout.HEADER_BYTES <= CAPACITY) {
      vandal.putLong(RING + offset + FrameLayout.CALL_ID_OFFSET, random.nextInt(4));
      vandal.putLong(
          RING + offset + FrameLayout.PARENT_CALL_ID_OFFSET, random.nextInt(3) == 0 ? 5 : 0);
    }
  }

  @Test
  void whatChangesAfterTheCheckChangesNothing() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread flipper =
        new Thread(
            () -> {
              int i = 0;
              while (!stop.get()) {
                int length = (i++ & 1) == 0 ? 64 : i * 40_503;
                vandal.putLong(RING, Integer.toUnsignedLong(length) | 2L << 32);
                vandal.putLong(RING + FrameLayout.CALL_ID_OFFSET, i & 3);
              }
            },
            "test-flipper");
    vandal.putLongRelease(TAIL, CAPACITY);
    flipper.start();
    byte[] payload = new byte[MAX_FRAME];
    int frames = 0;
    int faults = 0;
    try {
      long deadline = System.nanoTime() + 1_000_000_000L;
      while (System.nanoTime() < deadline) {
        RingReader reader = new RingReader(hostRegion);
        try {
          assertThat(reader.poll()).isTrue();
          int length = reader.payloadBytes();
          assertThat(length).isBetween(0, MAX_FRAME - FrameLayout.HEADER_BYTES);
          assertThat(reader.callId()).isBetween(2L, 3L);
          reader.copyPayload(0, payload, 0, length);
          assertThat(reader.payloadBytes()).isEqualTo(length);
          assertThat(reader.callId()).isBetween(2L, 3L);
          frames++;
        } catch (PeerFaultException e) {
          faults++;
        }
      }
    } finally {
      stop.set(true);
      flipper.join();
    }
    assertThat(frames).isPositive();
    assertThat(faults).isPositive();
  }

  @Test
  void aWriterRefusesAPayloadThatNoFrameHolds() {
    RingWriter writer = new RingWriter(workerRegion);
    for (int payloadBytes : new int[] {-1, writer.maxPayloadBytes() + 1, Integer.MAX_VALUE - 30}) {
      assertThatThrownBy(() -> writer.claim(payloadBytes))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("payloadBytes=" + payloadBytes);
    }
    assertThatThrownBy(() -> writer.commit(0, FrameKind.REPLY, 0, 0, 2, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void copyingOutsideOfThePayloadIsRefused() {
    write(new RingWriter(workerRegion), 10);
    RingReader reader = new RingReader(hostRegion);
    assertThat(reader.poll()).isTrue();
    byte[] target = new byte[64];
    int[][] ranges = {{0, 11}, {10, 1}, {-1, 1}, {0, -1}, {1, Integer.MAX_VALUE}};
    for (int[] range : ranges) {
      assertThatThrownBy(() -> reader.copyPayload(range[0], target, 0, range[1]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  // --- tools

  private void putHeader(int offset, int length, int kind, int flags, int depth) {
    vandal.putLong(
        RING + offset,
        Integer.toUnsignedLong(length)
            | (long) kind << 32
            | (long) flags << 40
            | (long) depth << 48);
  }

  /** Lets real frames pass until the next one would start at this position. */
  private void consumeUpTo(RingReader reader, long position) {
    RingWriter writer = new RingWriter(workerRegion);
    while (writer.position() < position) {
      long missing = position - writer.position();
      int frame =
          (int) Math.min(missing > MAX_FRAME && missing < 2L * MAX_FRAME ? 64 : missing, MAX_FRAME);
      write(writer, frame - FrameLayout.HEADER_BYTES);
      assertThat(reader.poll()).isTrue();
      reader.release();
    }
    assertThat(reader.position()).isEqualTo(position);
  }

  private RingWriter fullRing() {
    RingWriter writer = new RingWriter(workerRegion);
    for (int i = 0; i < FrameLayout.MAX_FRAME_DIVISOR; i++) {
      write(writer, MAX_FRAME - FrameLayout.HEADER_BYTES);
    }
    assertThat(writer.claim(0)).isEqualTo(RingWriter.NO_SPACE);
    return writer;
  }

  private static void write(RingWriter writer, int payloadBytes) {
    if (writer.claim(payloadBytes) != RingWriter.NO_SPACE) {
      writer.commit(payloadBytes, FrameKind.REPLY, 0, 0, 2, 0);
    }
  }

  private byte[] ring() {
    byte[] bytes = new byte[CAPACITY];
    pair.host().getBytes(RING, bytes, 0, bytes.length);
    return bytes;
  }

  private static byte[] outsideOfRing(Segment segment) {
    byte[] bytes = new byte[(int) segment.spec().bytes()];
    segment.getBytes(0, bytes, 0, bytes.length);
    return Arrays.copyOf(bytes, RING);
  }

  private static void assertRefused(
      String word, long value, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
    long before = allocatedBytes();
    Throwable thrown = catchThrowable(action);
    long allocated = allocatedBytes() - before;
    assertThat(thrown)
        .isInstanceOfSatisfying(
            PeerFaultException.class, it -> assertThat(it.word()).isEqualTo(word))
        .hasMessageContaining(word + "=" + value);
    assertThat(allocated).as("bytes allocated while refusing").isLessThan(1 << 20);
  }

  private static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }
}
