package dev.lockstep.park;

import dev.lockstep.wire.Limits;
import java.util.concurrent.TimeUnit;

/**
 * How long to spin and how long to sleep at a time.
 *
 * @param maxSpinNanos most that a waiter spins before it sleeps; 0 never spins
 * @param sliceInFlightNanos longest sleep while a call is in flight
 * @param sliceIdleNanos longest sleep of an idle side
 */
public record WaitTuning(long maxSpinNanos, long sliceInFlightNanos, long sliceIdleNanos) {

  /**
   * 100 us of spinning if there is a second processor, slices of 1 s and 5 minutes. To be woken on
   * another processor takes 30 us on a virtual machine, and a reply may have to wake two: who spins
   * for less never finds out that spinning would pay.
   */
  public static WaitTuning defaults() {
    long spinNanos = Runtime.getRuntime().availableProcessors() > 1 ? 100_000 : 0;
    return new WaitTuning(
        spinNanos,
        TimeUnit.MILLISECONDS.toNanos(Limits.SLICE_IN_FLIGHT_MILLIS),
        TimeUnit.MILLISECONDS.toNanos(Limits.SLICE_IDLE_MILLIS));
  }
}
