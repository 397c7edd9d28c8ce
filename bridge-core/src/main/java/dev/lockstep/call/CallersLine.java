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
 * undisturbed while the others have sent nothing yet. The first in line asks for the lane after a
 * turn's time; then the one that has it finishes its call, tells the first, and stands in line
 * itself before its next call.
 *
 * <p>A turn is {@value #LONGEST_TURN_NANOS} nanoseconds, and shorter where many stand: a newcomer
 * waits about a millisecond at most until all before it had theirs. It is a courtesy, not a lock:
 * nobody is the first for longer than five turns, and whoever has waited that long sends whoever
 * reads.
 */
final class CallersLine {
  private static final long LONGEST_TURN_NANOS = 100_000;
  private static final long SHORTEST_TURN_NANOS = 20_000;
  private static final long ROUND_NANOS = 800_000;
  private static final int TURNS_AT_MOST = 5;

  /** A short call is over within so many: one or two microseconds. */
  private static final int LOOKS = 64;

  private final BooleanSupplier busy;
  private final long longestTurnNanos;
  private final int turnsAtMost;
  private final AtomicInteger standing = new AtomicInteger();
  private final ReentrantLock order = new ReentrantLock(true);

  /** The first in line, when it has waited for a turn's time and asks for the lane. */
  private volatile @Nullable Thread asks;

  /** Whether the lane was left to the first in line, which is not there yet. */
  private volatile boolean left;

  /**
   * A line before one lane.
   *
   * @param busy whether another caller makes short calls at this moment
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
    if (!left && (!busy.getAsBoolean() || isFreeSoon())) {
      return;
    }
    standing.incrementAndGet();
    try {
      if (takePlace(own)) {
        try {
          waitForTurn(own);
        } finally {
          asks = null;
          left = false;
          order.unlock();
        }
      }
    } finally {
      standing.decrementAndGet();
    }
  }

  private boolean isFreeSoon() {
    for (int i = 0; i < LOOKS; i++) {
      Thread.onSpinWait();
      if (!busy.getAsBoolean()) {
        return true;
      }
    }
    return false;
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
    for (long waited = 0;
        waited < turnsAtMost * turnNanos && !own.isOver();
        waited = System.nanoTime() - sinceNanos) {
      if (waited >= turnNanos) {
        asks = Thread.currentThread();
      }
      if (left || staysFree()) {
        return;
      }
      LockSupport.parkNanos(this, Math.min(turnNanos, own.nanosLeft()));
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
    Thread next = asks;
    if (next != null) {
      asks = null;
      left = true;
      LockSupport.unpark(next);
    }
  }
}
