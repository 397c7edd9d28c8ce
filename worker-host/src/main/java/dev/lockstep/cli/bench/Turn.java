package dev.lockstep.cli.bench;

import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * One exchange's turn in a round: how much it may do, and where it says what it saw. A figure is
 * recorded in thousandths of its unit, a time therefore in nanoseconds. For one thread.
 */
public final class Turn {
  private static final long HIGHEST = 60_000_000_000L;
  private static final int DIGITS = 3;

  private final int maxCalls;
  private final long maxNanos;
  private final Map<String, Histogram> recorded = new HashMap<>();

  /** A turn of at most so many calls, and of about so much time. */
  public Turn(int maxCalls, long maxNanos) {
    this.maxCalls = maxCalls;
    this.maxNanos = maxNanos;
  }

  /** How often the exchange may be made; fewer are fine. */
  public int maxCalls() {
    return maxCalls;
  }

  /** How long the whole turn should take at most. */
  public long maxNanos() {
    return maxNanos;
  }

  /** Adds a value to a figure. */
  public void record(String figure, long thousandths) {
    record(figure, thousandths, 1);
  }

  /** Adds a value that was seen {@code count} times. */
  public void record(String figure, long thousandths, long count) {
    recorded
        .computeIfAbsent(figure, name -> new Histogram(HIGHEST, DIGITS))
        .recordValueWithCount(Math.max(0, Math.min(HIGHEST, thousandths)), count);
  }

  Map<String, Histogram> recorded() {
    return recorded;
  }

  /** Something that is timed, once. */
  @FunctionalInterface
  interface Step {
    void exchange(int value) throws java.io.IOException;
  }

  /** Times a step again and again, as often and as long as this turn allows. */
  void time(String figure, Step step) throws java.io.IOException {
    time(figure, 0, step);
  }

  /**
   * The same with a pause before each step, in which this thread keeps its processor: a thread that
   * slept would measure its own waking, too.
   */
  void time(String figure, long pauseNanos, Step step) throws java.io.IOException {
    Histogram nanos = recorded.computeIfAbsent(figure, name -> new Histogram(HIGHEST, DIGITS));
    long deadlineNanos = System.nanoTime() + maxNanos;
    for (int i = 0; i < maxCalls; i++) {
      if (pauseNanos > 0) {
        long until = System.nanoTime() + pauseNanos;
        while (System.nanoTime() - until < 0) {
          Thread.onSpinWait();
        }
      }
      long startNanos = System.nanoTime();
      step.exchange(i);
      long endNanos = System.nanoTime();
      nanos.recordValue(Math.min(HIGHEST, endNanos - startNanos));
      if (endNanos - deadlineNanos > 0) {
        return;
      }
    }
  }
}
