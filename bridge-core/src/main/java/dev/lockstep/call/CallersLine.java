package dev.lockstep.call;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The line in which callers stand before they send, while another one makes short calls.
 *
 * <p>An answer that one thread reads for another costs a switch between them, ten times what a
 * short call costs. So threads that call at once do not take turns call by call: one calls on
 * undisturbed while the others have sent nothing yet. After a turn's time it tells the first in
 * line when its call is over, and stands in line itself before its next one. Whoever called last
 * goes on without a look; anybody else first looks whether the lane is in use, for longer than the
 * pause between two calls.
 *
 * <p>A turn is {@value #LONGEST_TURN_NANOS} nanoseconds, and shorter where many stand: a newcomer
 * waits about two milliseconds at most until all before it had theirs. It is a courtesy, not a
 * lock: nobody is the first for longer than five turns, and whoever has waited that long sends
 * whoever reads.
 */
final class CallersLine {
  private static final long LONGEST_TURN_NANOS = 200_000;
  private static final long SHORTEST_TURN_NANOS = 20_000;
  private static final long ROUND_NANOS = 1_600_000;
  private static final int TURNS_AT_MOST = 5;

  /** The pause between two calls of a thread is over within so many: about a microsecond. */
  private static final int LOOKS = 32;

  private final BooleanSupplier busy;
  private final long longestTurnNanos;
  private final int turnsAtMost;
  private final AtomicInteger standing = new AtomicInteger();
  private final ReentrantLock order = new ReentrantLock(true);

  /** The first in line; it asks for the lane from {@link #askAtNanos} on. */
  private volatile @Nullable Thread first;

  private volatile long askAtNanos;

  /** The thread that called last, by its number. */
  private volatile long last;

  /** Whether the lane was left to the first in line, which is not there yet. */
  private volatile boolean left;

  /**
   * A line before one lane.
   *
   * @param busy whether another caller makes a call at this moment that is short as far as is known
   */
  CallersLine(BooleanSupplier busy) {
    this(busy, LONGEST_TURN_NANOS, TURNS_AT_MOST);
  }

  /** The same with other times. */
  CallersLine(BooleanSupplier busy, long longestTurnNanos, int turnsAtMost) {
    this.busy = busy;
    this.longestTurnNanos = longestTurnNanos;
    this.turnsAtMost = turnsAtMost;
  }

  /** Stands in line until it is this thread's turn or its call is over. */
  void stand(PendingCall own) {
    long me = Thread.currentThread().getId();
    if (!left && last == me) {
      return;
    }
    if (!left && staysFree()) {
      last = me;
      return;
    }
    standing.incrementAndGet();
    try {
      if (takePlace(own)) {
        try {
          waitForTurn(own);
        } finally {
          first = null;
          last = me;
          left = false;
          order.unlock();
        }
      }
    } finally {
      standing.decrementAndGet();
    }
  }

  /** Between two calls of the same thread the lane is free, too, but not for long. */
  private boolean staysFree() {
    for (int i = 0; i < LOOKS; i++) {
      if (busy.getAsBoolean()) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  private boolean takePlace(PendingCall own) {
    try {
      return order.tryLock(own.nanosLeft(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void waitForTurn(PendingCall own) {
    left = false;
    long turnNanos =
        Math.max(SHORTEST_TURN_NANOS, Math.min(longestTurnNanos, ROUND_NANOS / standing.get()));
    long sinceNanos = System.nanoTime();
    askAtNanos = sinceNanos + turnNanos;
    first = Thread.currentThread();
    for (long waited = 0;
        waited < turnsAtMost * turnNanos && !own.isOver();
        waited = System.nanoTime() - sinceNanos) {
      if (left || staysFree()) {
        return;
      }
      // Woken after a turn by the one that calls; by the time, if that has stopped.
      LockSupport.parkNanos(this, Math.min(2 * turnNanos, own.nanosLeft()));
    }
  }

  /** Whether somebody stands in line. */
  boolean isCrowded() {
    return standing.get() != 0;
  }

  /** Whether the first was told to go and has not gone yet. */
  boolean isLeft() {
    return left;
  }

  /** By one whose call is over: leaves the lane to the first in line, if that asks for it. */
  void leave() {
    Thread next = first;
    if (next != null && System.nanoTime() - askAtNanos >= 0) {
      first = null;
      left = true;
      LockSupport.unpark(next);
    }
  }
}
