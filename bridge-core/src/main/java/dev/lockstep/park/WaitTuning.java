package dev.lockstep.park;

import java.time.Duration;

/**
 * How long to spin and how long to sleep at a time.
 *
 * @param maxSpinNanos most that a waiter spins before it sleeps; 0 never spins
 * @param sliceInFlightNanos longest sleep while a call is in flight
 * @param sliceIdleNanos longest sleep of an idle side
 */
public record WaitTuning(long maxSpinNanos, long sliceInFlightNanos, long sliceIdleNanos) {

  /** 50 us of spinning if there is a second processor, slices of 1 s and 5 minutes. */
  public static WaitTuning defaults() {
    long spinNanos = Runtime.getRuntime().availableProcessors() > 1 ? 50_000 : 0;
    return new WaitTuning(
        spinNanos, Duration.ofSeconds(1).toNanos(), Duration.ofMinutes(5).toNanos());
  }
}
