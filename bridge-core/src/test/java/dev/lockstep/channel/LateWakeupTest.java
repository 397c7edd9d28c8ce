package dev.lockstep.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentPair;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the detector of lost wake-ups counts, and what it does not. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LateWakeupTest {
  private static final int LANE = SegmentLayout.TO_HOST_LANE_OFFSET;
  private static final int SIGNAL = LANE + LaneLayout.DATA_SIGNAL_OFFSET;
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
  private static final WaitTuning TUNING = new WaitTuning(0, SLICE_NANOS, SLICE_NANOS);

  @Test
  void dataThatNobodyRaisedTheSignalForIsCounted() throws Exception {
    assertThat(lateAfter(segment -> publish(segment))).isEqualTo(1);
  }

  @Test
  void dataWhoseRaiseCameAndWhoseWakeIsUnderWayIsNotCounted() throws Exception {
    assertThat(
            lateAfter(
                segment -> {
                  publish(segment);
                  int word = segment.getIntVolatile(SIGNAL);
                  assertThat(segment.compareAndSetInt(SIGNAL, word, (word + 2) & ~1)).isTrue();
                }))
        .isZero();
  }

  @Test
  void aSliceThatEndsWithoutDataIsNotCounted() throws Exception {
    assertThat(lateAfter(segment -> {})).isZero();
  }

  private static void publish(Segment segment) {
    segment.putLongRelease(LANE + LaneLayout.TAIL_OFFSET, 64);
  }

  /** What a peer does to a sleeper. */
  private interface Deed {
    void on(Segment segment);
  }

  /** Late wake-ups that are counted if this is done while the host sleeps for one whole slice. */
  private static long lateAfter(Deed deed) throws Exception {
    try (SegmentPair segments = SegmentPair.smallest();
        Channel host = new Channel(segments.host(), Side.HOST, Limits.DEFAULT, TUNING)) {
      assertThat(host.tryAcquireRole()).isTrue();
      Thread sleeper = new Thread(() -> host.sleepHoldingRole(SLICE_NANOS, true));
      sleeper.start();
      // Counted only once it will not look at the lane any more before it sleeps.
      while (host.counters().sleeps() == 0) {
        Thread.onSpinWait();
      }
      deed.on(segments.worker());
      sleeper.join();
      return host.counters().lateWakeups();
    }
  }
}
