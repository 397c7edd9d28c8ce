package dev.lockstep.park;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.memory.LeavesNothingBehind;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.wire.LaneLayout;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Real threads that sleep in the real futex, on two mappings of the same word. */
@ExtendWith(LeavesNothingBehind.class)
@Timeout(60)
class SignalTest {
  private static final int WORD = 2048;
  private static final int OTHER_WORD = 2048 + 128;
  private static final int STATE = 2048 + 256;
  private static final long SLICE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final int PARKED = LaneLayout.SIGNAL_PARKED;
  private static final int INCREMENT = LaneLayout.SIGNAL_INCREMENT;

  private SegmentPair pair = SegmentPair.smallest();

  @BeforeEach
  void open() {
    pair.close();
    pair = SegmentPair.smallest();
  }

  @AfterEach
  void close() {
    pair.close();
  }

  @Test
  void raiseCountsAndClearsParked() {
    Signal mine = new Signal(pair.host(), WORD);
    Signal theirs = new Signal(pair.worker(), WORD);
    mine.raise();
    assertThat(theirs.read()).isEqualTo(INCREMENT);
    assertThat(theirs.prepare()).isEqualTo(INCREMENT | PARKED);
    assertThat(mine.read()).isEqualTo(INCREMENT | PARKED);
    assertThat(theirs.prepare()).isEqualTo(INCREMENT | PARKED);
    mine.raise();
    assertThat(theirs.read()).isEqualTo(2 * INCREMENT);
    theirs.prepare();
    theirs.clearParked();
    assertThat(mine.read()).isEqualTo(2 * INCREMENT);
  }

  @Test
  void theSequenceWrapsAroundTheSignBit() {
    pair.host().putInt(WORD, -INCREMENT | PARKED);
    new Signal(pair.host(), WORD).raise();
    assertThat(pair.worker().getInt(WORD)).isZero();
    pair.host().putInt(WORD, Integer.MAX_VALUE);
    new Signal(pair.host(), WORD).raise();
    assertThat(pair.worker().getInt(WORD)).isEqualTo(Integer.MIN_VALUE);
  }

  @Test
  void aSleepEndsAtOnceIfTheWordHasChanged() {
    Signal signal = new Signal(pair.host(), WORD);
    int word = signal.prepare();
    new Signal(pair.worker(), WORD).raise();
    assertThat(signal.await(word, SLICE_NANOS)).as("time was up").isFalse();
  }

  @Test
  void aSleepThatNobodyEndsLastsItsSliceAndSaysSo() {
    Signal signal = new Signal(pair.host(), WORD);
    long start = System.nanoTime();
    assertThat(signal.await(signal.prepare(), 20_000_000)).isTrue();
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(20_000_000);
    assertThat(signal.await(signal.prepare(), 0)).isTrue();
  }

  @Test
  void twoThreadsThatOnlyEverSleepLoseNoWakeUpInFiftyThousandExchanges() throws Exception {
    int rounds = 50_000;
    AtomicInteger timedOut = new AtomicInteger();
    Thread echo =
        start(
            "test-echo",
            () -> {
              Signal in = new Signal(pair.worker(), WORD);
              Signal out = new Signal(pair.worker(), OTHER_WORD);
              for (int i = 1; i <= rounds; i++) {
                awaitValue(STATE, i, in, timedOut);
                pair.worker().putLongRelease(STATE + 8, i);
                out.raise();
              }
            });
    Signal out = new Signal(pair.host(), WORD);
    Signal in = new Signal(pair.host(), OTHER_WORD);
    for (int i = 1; i <= rounds; i++) {
      pair.host().putLongRelease(STATE, i);
      out.raise();
      awaitValue(STATE + 8, i, in, timedOut);
    }
    echo.join();
    assertThat(timedOut).hasValue(0);
  }

  private void awaitValue(int index, long value, Signal signal, AtomicInteger timedOut) {
    while (pair.host().getLongAcquire(index) != value) {
      int word = signal.prepare();
      if (pair.host().getLongAcquire(index) == value) {
        return;
      }
      if (signal.await(word, SLICE_NANOS)) {
        timedOut.incrementAndGet();
      }
    }
  }

  @Test
  void aOneShotChangeIsNeverMissedWhereverItFallsInTheSleep() throws Exception {
    int rounds = 20_000;
    AtomicLong round = new AtomicLong();
    AtomicInteger timedOut = new AtomicInteger();
    Thread sleeper =
        start(
            "test-sleeper",
            () -> {
              Signal signal = new Signal(pair.worker(), WORD);
              for (int i = 1; i <= rounds; i++) {
                round.set(i);
                awaitValue(STATE, i, signal, timedOut);
              }
            });
    Signal signal = new Signal(pair.host(), WORD);
    for (int i = 1; i <= rounds; i++) {
      while (round.get() != i) {
        Thread.onSpinWait();
      }
      for (int pause = i % 64; pause > 0; pause--) { // moves the change along the sleeper's steps
        Thread.onSpinWait();
      }
      pair.host().putLongRelease(STATE, i);
      signal.raise();
    }
    sleeper.join();
    assertThat(timedOut).hasValue(0);
  }

  private static Thread start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
