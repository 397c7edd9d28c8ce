package dev.lockstep;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for a condition that other threads bring about, with a deadline. */
final class Until {
  private Until() {}

  /** Returns when it holds; fails after 20 s. */
  static void holds(String what, BooleanSupplier condition) {
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new AssertionError("did not happen within 20 s: " + what);
      }
      Thread.onSpinWait();
    }
  }
}
