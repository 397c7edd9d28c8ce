package dev.lockstep.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Both ends of a channel in one process, on real shared memory. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChannelTest {
  private static final byte[] NONCE = new byte[16];
  private static final WaitTuning TUNING =
      new WaitTuning(20_000, Duration.ofSeconds(1).toNanos(), Duration.ofMinutes(1).toNanos());

  private Segment segment;
  private Segment attached;
  private Channel host;
  private Channel worker;

  @BeforeEach
  void open() {
    SegmentSpec spec =
        new SegmentSpec(
            "test",
            LaneLayout.MIN_CAPACITY_BYTES,
            LaneLayout.MIN_CAPACITY_BYTES,
            Limits.DEFAULT,
            false);
    segment = Segment.createSealed(spec, NONCE);
    attached = Segment.attach(segment.pathForPeer(), spec, NONCE);
    host = new Channel(segment, Side.HOST, Limits.DEFAULT, TUNING);
    worker = new Channel(attached, Side.WORKER, Limits.DEFAULT, TUNING);
  }

  @AfterEach
  void close() {
    assertThat(host.counters().lateWakeups()).isZero();
    assertThat(worker.counters().lateWakeups()).isZero();
    host.close();
    worker.close();
    segment.close();
  }

  private static void send(Channel channel, long callId, byte[] payload) {
    channel.send(FrameKind.INVOKE, 0, 1, callId, 0, payload, 0, payload.length, Long.MAX_VALUE);
  }

  /** A thread of its own: the common pool has one thread on a machine of two processors. */
  private static <T> CompletableFuture<T> inThread(Supplier<T> body) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread = new Thread(() -> result.completeAsync(body, Runnable::run), "other end");
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  /** Reads as a side without a pump does: holds the role, spins, sleeps. */
  private static @Nullable Message receive(Channel channel) {
    while (!channel.tryAcquireRole()) {
      Thread.onSpinWait();
    }
    try {
      while (true) {
        Message message = channel.poll();
        if (message != null) {
          return message.detach();
        }
        if (channel.isClosed()) {
          return null;
        }
        if (!channel.spinForData()) {
          channel.sleepHoldingRole(TUNING.sliceInFlightNanos(), true);
        }
      }
    } finally {
      channel.leaveRole();
    }
  }

  @Test
  void aMessageArrivesWhole() {
    send(host, 2, new byte[] {1, 2, 3});
    Message message = receive(worker);
    assertThat(message).isNotNull();
    assertThat(message.payload()).containsExactly(1, 2, 3);
    assertThat(message.callId()).isEqualTo(2);
    assertThat(message.kind()).isEqualTo(FrameKind.INVOKE);
  }

  @Test
  void aSegmentIsMadeOnAThreadWhoseInterruptFlagIsSetAndStaysSet() {
    Thread.currentThread().interrupt();
    try (Segment made = Segment.createSealed(SegmentSpec.named("interrupted"), NONCE)) {
      assertThat(made.getLong(0)).isNotZero();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void theNonceIsEchoed() {
    assertThat(segment.isNonceEchoed(NONCE)).isTrue();
    assertThat(segment.isNonceEchoed(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))
        .isFalse();
  }

  @Test
  void messagesOfEverySizeArriveEqual() throws Exception {
    int[] sizes = {0, 1, 7, 8, 9, 16_359, 16_360, 16_361, 65_536, 65_537, 1 << 20, 5_000_000};
    CompletableFuture<Integer> echo =
        inThread(
            () -> {
              for (int ignored : sizes) {
                Message message = receive(worker);
                worker.send(
                    FrameKind.REPLY,
                    0,
                    0,
                    message.callId(),
                    0,
                    message.payload(),
                    0,
                    message.length(),
                    Long.MAX_VALUE);
              }
              return sizes.length;
            });
    Random random = new Random(1);
    long id = 2;
    for (int size : sizes) {
      byte[] payload = new byte[size];
      random.nextBytes(payload);
      send(host, id, payload);
      Message reply = receive(host);
      assertThat(reply.payload()).isEqualTo(payload);
      assertThat(reply.callId()).isEqualTo(id);
      id += 2;
    }
    assertThat(echo.get(10, TimeUnit.SECONDS)).isEqualTo(sizes.length);
  }

  @Test
  void bothSidesSendMoreThanTheirLanesHoldBeforeEitherReads() throws Exception {
    byte[] payload = new byte[300_000];
    for (int round = 0; round < 50; round++) {
      CompletableFuture<Integer> other =
          inThread(
              () -> {
                worker.send(
                    FrameKind.INVOKE, 0, 1, 3, 0, payload, 0, payload.length, Long.MAX_VALUE);
                return receive(worker).length();
              });
      send(host, 2, payload);
      assertThat(receive(host).length()).isEqualTo(payload.length);
      assertThat(other.get(10, TimeUnit.SECONDS)).isEqualTo(payload.length);
    }
  }

  @Test
  void aFullLaneFailsAtTheDeadline() {
    byte[] payload = new byte[10_000];
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50);
    assertThatThrownBy(
            () -> {
              for (long id = 2; ; id += 2) {
                host.send(FrameKind.INVOKE, 0, 1, id, 0, payload, 0, payload.length, deadline);
              }
            })
        .isInstanceOf(SendTimeoutException.class);
  }

  @Test
  void aMessageGivenUpBetweenTwoFragmentsIsForgottenByTheOtherSide() {
    byte[] tooLong = new byte[100_000];
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50);
    assertThatThrownBy(
            () -> host.send(FrameKind.INVOKE, 0, 1, 2, 0, tooLong, 0, tooLong.length, deadline))
        .isInstanceOf(SendTimeoutException.class);
    worker.tryAcquireRole();
    assertThat(worker.poll()).isNull();
    worker.leaveRole();
    send(host, 4, new byte[] {7});
    Message cancel = receive(worker);
    assertThat(cancel.kind()).isEqualTo(FrameKind.CANCEL);
    assertThat(cancel.callId()).isEqualTo(2);
    assertThat(receive(worker).payload()).containsExactly(7);
    CompletableFuture<Message> there = inThread(() -> receive(worker));
    send(host, 2, tooLong);
    assertThat(there.orTimeout(10, TimeUnit.SECONDS).join().length()).isEqualTo(tooLong.length);
  }

  @Test
  void aCloseWakesWhoeverSleeps() throws Exception {
    for (int round = 0; round < 100; round++) {
      CompletableFuture<@Nullable Message> waiting = inThread(() -> receive(worker));
      send(host, 2, new byte[1]);
      assertThat(waiting.get(10, TimeUnit.SECONDS)).isNotNull();
    }
    CompletableFuture<@Nullable Message> waiting = inThread(() -> receive(worker));
    while (worker.counters().sleeps() == 0 && !waiting.isDone()) {
      Thread.onSpinWait();
    }
    host.close();
    assertThat(waiting.get(5, TimeUnit.SECONDS)).isNull();
  }
}
