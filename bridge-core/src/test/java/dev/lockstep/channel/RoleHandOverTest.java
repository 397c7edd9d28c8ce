package dev.lockstep.channel;

import static dev.lockstep.channel.ChannelPair.SLICE_NANOS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.memory.LeavesNothingBehind;
import dev.lockstep.wire.Limits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One thread sleeps in the futex; others take the reader's role over, spin, and leave it. */
@ExtendWith(LeavesNothingBehind.class)
@Timeout(120)
class RoleHandOverTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** What each side's readers have seen. */
  private static final class Received {
    private final AtomicLong messages = new AtomicLong();
    private final AtomicLong sum = new AtomicLong();

    void add(Message message) {
      messages.incrementAndGet();
      sum.addAndGet(message.callId());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 2_000, 50_000})
  void everyMessageIsReadOnceWhoeverHoldsTheRole(long spinNanos) throws Exception {
    int messages = 60_000;
    Received received = new Received();
    try (ChannelPair pair = new ChannelPair(Limits.DEFAULT, spinNanos)) {
      AtomicBoolean stop = new AtomicBoolean();
      Thread pump = ChannelPair.start("pump", () -> pump(pair.host, received));
      List<Thread> takers = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Random random = new Random(i);
        takers.add(
            ChannelPair.start(
                "taker",
                () -> {
                  while (!stop.get()) {
                    takeOver(pair.host, received, 1 + random.nextInt(4));
                    pause(random.nextInt(2_000));
                  }
                }));
      }
      Random random = new Random(7);
      byte[] payload = new byte[100];
      for (int i = 1; i <= messages; i++) {
        ChannelPair.send(pair.worker, 2L * i + 1, payload);
        if (i % 4 == 0) {
          pause(random.nextInt(20_000)); // lets the readers fall asleep now and then
        }
      }
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (received.messages.get() < messages && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      assertThat(received.messages).hasValue(messages);
      assertThat(received.sum).hasValue(messages * (messages + 1L) + messages);
      stop.set(true);
      for (Thread taker : takers) {
        ChannelPair.join(taker, PATIENCE);
      }
      pair.host.close();
      ChannelPair.join(pump, PATIENCE);
      assertThat(pair.host.counters().lateWakeups()).isZero();
      System.out.printf("role: spin=%d ns, %s%n", spinNanos, pair.host.counters());
    }
  }

  @Test
  void aCloseEndsASleepThatAThreadWithTheRoleTookParkedFrom() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (ChannelPair pair = new ChannelPair()) {
        Thread pump = sleepingPump(pair.host);
        assertThat(pair.host.tryAcquireRole()).isTrue(); // clears PARKED, and the pump sleeps on
        pair.host.close();
        ChannelPair.join(pump, PATIENCE);
        pair.host.leaveRole();
      }
    }
  }

  @Test
  void theHostsCloseEndsTheWorkersSleepToo() throws Exception {
    try (ChannelPair pair = new ChannelPair()) {
      Thread pump = sleepingPump(pair.worker);
      assertThat(pair.worker.tryAcquireRole()).isTrue();
      pair.host.close();
      ChannelPair.join(pump, PATIENCE);
      assertThat(pair.worker.isClosed()).isTrue();
      pair.worker.leaveRole();
    }
  }

  @Test
  void theSleeperCanBeWokenWhileAnotherHoldsTheRole() throws Exception {
    try (ChannelPair pair = new ChannelPair()) {
      Thread pump = sleepingPump(pair.host);
      assertThat(pair.host.tryAcquireRole()).isTrue();
      pair.host.wakeSleeper();
      ChannelPair.join(pump, PATIENCE);
      pair.host.leaveRole();
    }
  }

  @Test
  void aFullInboxFailsTheWriterButNotTheSleeper() throws Exception {
    Limits limits = new Limits(1 << 20, 64, 64, 1000, 100, 100, 2);
    try (ChannelPair pair = new ChannelPair(limits, 0)) {
      fill(pair.host);
      Thread pump = sleepingPump(pair.host);
      assertThat(pair.host.tryAcquireRole()).isTrue();
      pair.host.releaseRole(); // PARKED is clear now, and the pump sleeps on
      for (int i = 1; i <= 3; i++) {
        ChannelPair.send(pair.worker, 2L * i + 1, new byte[10]);
      }
      assertThatThrownBy(() -> ChannelPair.send(pair.host, 2, new byte[10_000]))
          .isInstanceOf(InboxFullException.class)
          .hasMessageContaining("messages=2, max=2");
      ChannelPair.join(pump, PATIENCE);
      assertThat(pair.host.hasData()).isTrue();
    }
  }

  @Test
  void onlyOneThreadHoldsTheRole() {
    try (ChannelPair pair = new ChannelPair()) {
      assertThat(pair.host.tryAcquireRole()).isTrue();
      assertThat(pair.host.tryAcquireRole()).isFalse();
      assertThat(pair.host.isRoleHeld()).isTrue();
      assertThat(pair.host.leaveRole()).isFalse();
      assertThat(pair.host.isRoleHeld()).isFalse();
      ChannelPair.send(pair.worker, 3, new byte[0]);
      assertThat(pair.host.tryAcquireRole()).isTrue();
      assertThat(pair.host.leaveRole()).as("something is there").isTrue();
    }
  }

  /** A thread that sleeps once, as a pump without messages does, and ends when it wakes. */
  private static Thread sleepingPump(Channel channel) {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    long before = channel.counters().sleeps();
    Thread pump =
        ChannelPair.start(
            "pump",
            () -> {
              if (channel.tryAcquireRole()) {
                channel.sleepReleasingRole(SLICE_NANOS, true);
              }
            });
    pump.setUncaughtExceptionHandler((thread, error) -> failure.set(error));
    while (channel.counters().sleeps() == before && failure.get() == null) {
      Thread.onSpinWait();
    }
    pause(2_000_000); // into the kernel: a wake that comes sooner finds the word changed
    return pump;
  }

  private static void fill(Channel channel) {
    byte[] payload = new byte[10_000];
    long passed = System.nanoTime();
    assertThatThrownBy(
            () -> {
              for (long id = 2; ; id += 2) {
                channel.send(1, 0, 1, id, 0, payload, 0, payload.length, passed);
              }
            })
        .isInstanceOf(SendTimeoutException.class);
  }

  private static void pump(Channel channel, Received received) {
    while (!channel.isClosed()) {
      if (!channel.tryAcquireRole()) {
        channel.sleepWithoutRole(SLICE_NANOS, true);
        continue;
      }
      do {
        readAll(channel, received);
      } while (channel.spinForData() && !channel.isClosed());
      channel.sleepReleasingRole(SLICE_NANOS, true);
    }
  }

  private static void takeOver(Channel channel, Received received, int messages) {
    if (!channel.tryAcquireRole()) {
      return;
    }
    do {
      for (int i = 0; i < messages && channel.spinForData(); i++) {
        Message message = channel.poll();
        if (message != null) {
          received.add(message);
        }
      }
    } while (channel.leaveRole() && !channel.isClosed() && channel.tryAcquireRole());
  }

  private static void readAll(Channel channel, Received received) {
    for (Message message = channel.poll(); message != null; message = channel.poll()) {
      received.add(message);
    }
  }

  private static void pause(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }
}
