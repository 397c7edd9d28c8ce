package dev.lockstep.call;

import static dev.lockstep.call.CallTest.inThread;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.channel.Channel;
import dev.lockstep.channel.SendTimeoutException;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits that must end whatever else goes on. Slices last longer than any test's patience. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WaitingTest {
  private static final long FOR_EVER_NANOS = TimeUnit.MINUTES.toNanos(5);

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final EnginePair.Heard heard = new EnginePair.Heard();
  private final ValueCodec codec =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);

  private CallSettings settings(Channel channel) {
    return new CallSettings(
        "waiting",
        channel,
        Side.HOST,
        false,
        codec,
        Limits.DEFAULT,
        new TestFailures(),
        heard,
        WaitingTest::daemon,
        timer,
        null,
        null,
        new CallContexts());
  }

  private static Thread daemon(Runnable body) {
    Thread thread = new Thread(body);
    thread.setDaemon(true);
    return thread;
  }

  private static Channel channel(SegmentPair segments) {
    return new Channel(
        segments.host(),
        Side.HOST,
        Limits.DEFAULT,
        new WaitTuning(0, FOR_EVER_NANOS, FOR_EVER_NANOS));
  }

  @Test
  void aPumpForWhichWorkWasQueuedBeforeItSatDownDoesNotSleepWhileACallerReads() throws Exception {
    try (SegmentPair segments = SegmentPair.smallest();
        Channel channel = channel(segments)) {
      CallSettings settings = settings(channel);
      CallEngine engine = new CallEngine(settings);
      PumpQueue queue = new PumpQueue(Limits.DEFAULT);
      PumpedWaiting waiting = new PumpedWaiting(engine, settings, queue, new Counters());
      Pump pump = new Pump(engine, waiting, settings, new Seat(), queue);
      assertThat(channel.tryAcquireRole()).isTrue();
      PendingCall settled =
          new PendingCall("f", codec.typeOf(Object.class), 0, null, null, true, null);
      queue.complete(settled);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread sitting = inThread(pump::sit, thrown);
      sitting.join(TimeUnit.SECONDS.toMillis(20));
      assertThat(sitting.isAlive()).as("the pump sleeps").isFalse();
      assertThat(thrown.get()).isNull();
    } finally {
      timer.shutdownNow();
    }
  }

  @Test
  void aSignalWordThatSomebodyScribbledOverDoesNotKeepACallerWaiting() throws Exception {
    int word = SegmentLayout.TO_HOST_LANE_OFFSET + LaneLayout.DATA_SIGNAL_OFFSET;
    CompletableFuture<Object> answer = new CompletableFuture<>();
    try (EnginePair pair = EnginePair.make().maxSpinNanos(0).open()) {
      pair.onWorker("wait", a -> answer);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      // The pump sleeps, for the slice of an idle side, before the caller makes it wait for more.
      pair.await("a sleeper", () -> isParked(pair, word));
      Thread caller = inThread(() -> pair.call("wait"), thrown);
      pair.await("a parked caller", () -> caller.getState() == Thread.State.TIMED_WAITING);
      pair.await("a sleeper", () -> isParked(pair, word));
      // Nobody sleeps, says the word from now on.
      pair.segment.getAndBitwiseAndInt(word, ~LaneLayout.SIGNAL_PARKED);
      answer.complete(1);
      caller.join(TimeUnit.SECONDS.toMillis(20));
      assertThat(caller.isAlive()).as("the caller waits still").isFalse();
      assertThat(thrown.get()).isNull();
      pair.lateWakeupsOfHost = pair.host.statistics().lateWakeups();
      assertThat(pair.lateWakeupsOfHost).isLessThanOrEqualTo(1);
    } finally {
      timer.shutdownNow();
    }
  }

  private static boolean isParked(EnginePair pair, int word) {
    return (pair.segment.getIntVolatile(word) & LaneLayout.SIGNAL_PARKED) != 0;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeadlineHoldsAgainstAPeerThatNeverStopsSending(boolean syncMainOnly) throws Exception {
    EnginePair.Maker maker = EnginePair.make().maxSpinNanos(TimeUnit.SECONDS.toNanos(30));
    try (EnginePair pair = (syncMainOnly ? maker.syncMainOnly() : maker).open()) {
      pair.onWorker("never", a -> new CompletableFuture<>());
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      inThread(() -> pair.callFrom(pair.host, 1_000_000, "never"), thrown).join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("timeout");
      AtomicBoolean enough = new AtomicBoolean();
      AtomicReference<@Nullable Throwable> sendersFate = new AtomicReference<>();
      Thread sender =
          inThread(
              () -> {
                byte[] nothing = {(byte) 0xf6};
                while (!enough.get()) {
                  // Late replies to the call that nobody waits for any more.
                  long deadlineNanos = System.nanoTime() + 100_000_000;
                  try {
                    pair.workerChannel.send(
                        FrameKind.REPLY, 0, 0, 2, 0, nothing, 0, 1, deadlineNanos);
                  } catch (SendTimeoutException nobodyReads) {
                    // In sync_main_only, when nobody calls.
                  }
                }
              },
              sendersFate);
      Thread caller = inThread(() -> pair.callFrom(pair.host, 100_000_000, "never"), thrown);
      caller.join(TimeUnit.SECONDS.toMillis(20));
      boolean waitsStill = caller.isAlive();
      enough.set(true);
      sender.join();
      caller.join();
      assertThat(waitsStill).as("a deadline of 100 ms has not passed in 20 s").isFalse();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("timeout");
      assertThat(sendersFate.get()).isNull();
    } finally {
      timer.shutdownNow();
    }
  }
}
