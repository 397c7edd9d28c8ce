package dev.lockstep.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.memory.LeavesNothingBehind;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.Limits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Long messages, many senders, full lanes: nothing is lost, mixed up or waited for in vain. */
@ExtendWith(LeavesNothingBehind.class)
@Timeout(120)
class ExchangeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void fragmentsOfManyCallsInterleaveAndEachMessageArrivesEqual() throws Exception {
    int senders = 6;
    int each = 40;
    try (ChannelPair pair = new ChannelPair()) {
      Map<Long, byte[]> sent = new HashMap<>();
      List<Thread> threads = new ArrayList<>();
      for (int s = 0; s < senders; s++) {
        Random random = new Random(s);
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < each; i++) {
          long id = ((long) s * each + i + 1) << 1 | 1;
          byte[] payload = new byte[random.nextInt(4) == 0 ? 400_000 : random.nextInt(40_000)];
          random.nextBytes(payload);
          sent.put(id, payload);
          ids.add(id);
        }
        threads.add(
            ChannelPair.start(
                "sender",
                () -> ids.forEach(id -> ChannelPair.send(pair.worker, id, sent.get(id)))));
      }
      Map<Long, byte[]> arrived = new HashMap<>();
      for (int i = 0; i < senders * each; i++) {
        Message message = ChannelPair.receive(pair.host);
        assertThat(message).isNotNull();
        assertThat(arrived.put(message.callId(), message.payload())).isNull();
      }
      for (Thread thread : threads) {
        ChannelPair.join(thread, PATIENCE);
      }
      assertThat(arrived.keySet()).isEqualTo(sent.keySet());
      sent.forEach(
          (id, bytes) ->
              assertThat(Arrays.equals(arrived.get(id), bytes)).as("call %s", id).isTrue());
      assertThat(pair.worker.counters().waitsForSpace()).isPositive();
      assertThat(pair.host.counters().lateWakeups()).isZero();
    }
  }

  @Test
  void bothSidesSendMoreThanTheirLanesHoldAThousandTimesWithoutADeadlock() throws Exception {
    int rounds = 1_000;
    byte[] payload = new byte[150_000]; // more than both lanes together
    long maxNanos = 0;
    try (ChannelPair pair = new ChannelPair()) {
      Thread other =
          ChannelPair.start(
              "other",
              () -> {
                for (int i = 0; i < rounds; i++) {
                  ChannelPair.send(pair.worker, 2L * i + 3, payload);
                  ChannelPair.receive(pair.worker);
                }
              });
      for (int i = 0; i < rounds; i++) {
        long start = System.nanoTime();
        ChannelPair.send(pair.host, 2L * i + 2, payload);
        Message message = ChannelPair.receive(pair.host);
        assertThat(message).isNotNull();
        assertThat(message.length()).isEqualTo(payload.length);
        maxNanos = Math.max(maxNanos, System.nanoTime() - start);
      }
      ChannelPair.join(other, PATIENCE);
      System.out.printf(
          "both full: rounds=%d, longest=%.1f ms, waits for space=%d + %d%n",
          rounds,
          maxNanos / 1e6,
          pair.host.counters().waitsForSpace(),
          pair.worker.counters().waitsForSpace());
      assertThat(pair.host.counters().waitsForSpace()).isPositive();
      assertThat(pair.host.counters().lateWakeups()).isZero();
      assertThat(pair.worker.counters().lateWakeups()).isZero();
    }
  }

  @Test
  void manyWritersWaitForRoomAndAllGetThrough() throws Exception {
    int writers = 16;
    int each = 200;
    try (ChannelPair pair = new ChannelPair()) {
      List<Thread> threads = new ArrayList<>();
      ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
      for (int w = 0; w < writers; w++) {
        long first = (long) w * each + 1;
        Thread thread =
            ChannelPair.start(
                "writer",
                () -> {
                  for (int i = 0; i < each; i++) {
                    ChannelPair.send(pair.worker, (first + i) << 1 | 1, new byte[5_000]);
                  }
                });
        thread.setUncaughtExceptionHandler((t, error) -> failures.add(error));
        threads.add(thread);
      }
      long sum = 0;
      for (int i = 0; i < writers * each; i++) {
        Message message = ChannelPair.receive(pair.host);
        assertThat(message).isNotNull();
        sum += message.callId() >> 1;
      }
      for (Thread thread : threads) {
        ChannelPair.join(thread, PATIENCE);
      }
      long count = (long) writers * each;
      assertThat(sum).isEqualTo(count * (count + 1) / 2);
      assertThat(failures).isEmpty();
    }
  }

  @Test
  void aCloseEndsEveryWriterThatWaitsForRoom() throws Exception {
    try (ChannelPair pair = new ChannelPair()) {
      ConcurrentLinkedQueue<Throwable> ends = new ConcurrentLinkedQueue<>();
      List<Thread> writers = new ArrayList<>();
      for (int w = 0; w < 4; w++) {
        long first = 2L + 20_000L * w;
        Thread thread =
            ChannelPair.start(
                "writer",
                () -> {
                  for (long id = first; ; id += 2) {
                    ChannelPair.send(pair.host, id, new byte[5_000]);
                  }
                });
        thread.setUncaughtExceptionHandler((t, error) -> ends.add(error));
        writers.add(thread);
      }
      while (pair.host.counters().waitsForSpace() < 4) {
        Thread.onSpinWait();
      }
      pair.host.close();
      for (Thread thread : writers) {
        ChannelPair.join(thread, PATIENCE);
      }
      assertThat(ends).hasSize(4).allMatch(ChannelClosedException.class::isInstance);
    }
  }

  @Test
  void anInterruptedThreadStillSendsWhatItHasBegunAndKeepsItsFlag() throws Exception {
    try (ChannelPair pair = new ChannelPair()) {
      AtomicLong flags = new AtomicLong();
      Thread writer =
          ChannelPair.start(
              "writer",
              () -> {
                Thread.currentThread().interrupt();
                ChannelPair.send(pair.host, 2, new byte[1_000_000]);
                flags.set(Thread.currentThread().isInterrupted() ? 1 : -1);
              });
      Message message = ChannelPair.receive(pair.worker);
      assertThat(message).isNotNull();
      assertThat(message.length()).isEqualTo(1_000_000);
      ChannelPair.join(writer, PATIENCE);
      assertThat(flags).hasValue(1);
    }
  }

  @Test
  void memoryForAMessageIsTakenAsItsBytesArrive() {
    Limits limits = new Limits(Integer.MAX_VALUE - 64, 64, 64, 1000, 100, 100, 2);
    try (ChannelPair pair = new ChannelPair(limits, 0)) {
      HostileFragments it = new HostileFragments(pair);
      for (int i = 1; i <= 100; i++) { // 100 messages of 2 GiB each, announced
        it.frame(FrameKind.REPLY, 1, 2L * i, HostileFragments.total(limits.maxMessageBytes(), 50));
        assertThat(it.poll()).isNull();
      }
    }
  }

  @Test
  void fragmentsOutOfOrderAreRefused() {
    assertRefused("call id of CONTINUATION", it -> it.frame(FrameKind.REPLY, 2, 2, new byte[8]));
    assertRefused(
        "call id of a first fragment",
        it -> {
          it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(100, 8));
          it.frame(FrameKind.ERROR, 1, 2, HostileFragments.total(100, 8));
        });
    assertRefused(
        "header of CONTINUATION",
        it -> {
          it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(100, 8));
          it.frame(FrameKind.ERROR, 3, 2, new byte[8]);
        });
  }

  @Test
  void totalsAndLengthsOfFragmentsThatCannotBeAreRefused() {
    for (long total : new long[] {0, -1, Long.MIN_VALUE, Limits.DEFAULT.maxMessageBytes() + 1L}) {
      assertRefused(
          "total of a message",
          it -> it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(total, 8)));
    }
    assertRefused("length of a first fragment", it -> it.frame(FrameKind.REPLY, 1, 2, new byte[8]));
    assertRefused(
        "bytes of a fragment",
        it -> it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(8, 8))); // whole, but MORE
    assertRefused(
        "bytes of a fragment",
        it -> {
          it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(100, 8));
          it.frame(FrameKind.REPLY, 3, 2, new byte[0]);
        });
    assertRefused(
        "bytes of a fragment",
        it -> {
          it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(100, 8));
          it.frame(FrameKind.REPLY, 2, 2, new byte[91]);
        });
    assertRefused(
        "bytes of a fragment",
        it -> {
          it.frame(FrameKind.REPLY, 1, 2, HostileFragments.total(100, 8));
          it.frame(FrameKind.REPLY, 2, 2, new byte[93]);
        });
  }

  @Test
  void moreMessagesInTheMakingThanAllowedAreRefused() {
    assertRefused(
        "messages in the making",
        it -> {
          for (long i = 1; i <= Limits.MAX_PARTIAL_MESSAGES + 1L; i++) {
            it.frame(FrameKind.REPLY, 1, 2 * i, HostileFragments.total(100, 8));
            it.poll();
          }
        });
  }

  private interface Attack {
    void run(HostileFragments hostile);
  }

  private static void assertRefused(String word, Attack attack) {
    try (ChannelPair pair = new ChannelPair()) {
      HostileFragments hostile = new HostileFragments(pair);
      assertThatThrownBy(
              () -> {
                attack.run(hostile);
                while (pair.host.hasData()) {
                  hostile.poll();
                }
              })
          .isInstanceOfSatisfying(
              dev.lockstep.ring.PeerFaultException.class,
              it -> assertThat(it.word()).isEqualTo(word));
    }
  }
}
