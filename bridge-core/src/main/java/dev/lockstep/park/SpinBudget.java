package dev.lockstep.park;

import java.util.function.BooleanSupplier;

/**
 * Spins for a condition, for as long as spinning has paid of late.
 *
 * <p>Spinning pays only if what is waited for usually comes within the budget and a processor is
 * free for the other side. So the budget doubles with each success up to its maximum, halves with
 * each failure down to almost nothing, and falls at once when the spinner notices that it was taken
 * off its processor: then there are more runnable threads than processors, and every nanosecond
 * spun is one that the other side does not get. After a run of failures one wait in {@value
 * #WAITS_PER_PROBE} tries the whole budget: two sides that both sleep would otherwise never find
 * out that both could spin.
 *
 * <p>For one thread at a time. The counters may be read by others and are then slightly old.
 */
public final class SpinBudget {
  private static final long MIN_NANOS = 2_000;
  private static final long DESCHEDULED_NANOS = 200_000;
  private static final int WAITS_PER_PROBE = 16;
  private static final int LOOKS_PER_CLOCK_READING = 16;
  private static final int SHORT_CLOCK_READINGS = 8;

  private final long maxNanos;
  private long budgetNanos;
  private int missesInARow;
  private boolean shortOfLate = true;
  private long hits;
  private long misses;

  /** A budget of at most {@code maxNanos}; 0 never spins. */
  public SpinBudget(long maxNanos) {
    this.maxNanos = maxNanos;
    this.budgetNanos = maxNanos;
  }

  /** Spins until the condition holds or the budget is spent; true if it holds. */
  public boolean spinUntil(BooleanSupplier condition) {
    if (condition.getAsBoolean()) {
      shortOfLate = true;
      return true;
    }
    if (maxNanos == 0) {
      return false;
    }
    boolean probe = missesInARow % WAITS_PER_PROBE == WAITS_PER_PROBE - 1;
    long limitNanos = probe ? maxNanos : budgetNanos;
    long start = System.nanoTime();
    long last = start;
    for (int readings = 0; ; readings++) {
      for (int i = 0; i < LOOKS_PER_CLOCK_READING; i++) {
        Thread.onSpinWait();
        if (condition.getAsBoolean()) {
          hits++;
          missesInARow = 0;
          shortOfLate = readings < SHORT_CLOCK_READINGS;
          budgetNanos = Math.min(maxNanos, limitNanos * 2);
          return true;
        }
      }
      long now = System.nanoTime();
      boolean descheduled = now - last > DESCHEDULED_NANOS;
      if (descheduled || now - start >= limitNanos) {
        misses++;
        missesInARow++;
        shortOfLate = false;
        budgetNanos = descheduled ? MIN_NANOS : Math.max(MIN_NANOS, budgetNanos / 2);
        return false;
      }
      last = now;
    }
  }

  /**
   * Whether the last wait was over after a few microseconds of looking; not counted is time in
   * which the spinner was off its processor. Another thread may see an older answer.
   */
  public boolean isShort() {
    return shortOfLate;
  }

  /** Waits that spinning ended. */
  public long hits() {
    return hits;
  }

  /** Waits that spinning did not end. */
  public long misses() {
    return misses;
  }
}
