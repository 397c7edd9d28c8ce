package dev.lockstep.park;

import dev.lockstep.memory.Segment;
import dev.lockstep.os.Futex;
import dev.lockstep.wire.LaneLayout;

/**
 * An eventcount in shared memory: a word that is {@code sequence << 1 | PARKED} and a futex on it.
 *
 * <pre>
 *   who makes something true              who waits for it
 *   make it true (release store)          s = prepare()          sets PARKED
 *   raise()                               is it true? then go on (the bit may stay: one idle wake later)
 *     add 2, clear PARKED, one RMW        await(s, slice)        sleeps while the word is s
 *     was PARKED? futex wake
 * </pre>
 *
 * Why no wake-up is lost: both sides change the same word by atomic read-modify-writes, so one of
 * the two comes first. If {@code prepare} does, {@code raise} sees PARKED and wakes. If {@code
 * raise} does, {@code prepare} reads the word that it wrote and with it everything that was made
 * true before, so the look that follows finds it. A plain store instead of either would lose
 * wake-ups (the exhaustive model in the tests finds them).
 *
 * <p>Of one process only one thread may sleep in {@link #await} on a word at a time.
 */
public final class Signal {
  private final Segment segment;
  private final int index;
  private final long address;

  /** The signal word at an index of the segment's header. */
  public Signal(Segment segment, int index) {
    this.segment = segment;
    this.index = index;
    this.address = segment.addressOf(index);
  }

  /**
   * Says that something became true; wakes whoever sleeps, and makes no system call if nobody does.
   */
  public void raise() {
    if ((advance() & LaneLayout.SIGNAL_PARKED) != 0) {
      Futex.wake(address);
    }
  }

  /** The same, and wakes in any case: for a sleeper whose PARKED another thread has cleared. */
  public void raiseAndWake() {
    advance();
    Futex.wake(address);
  }

  /** Adds one to the sequence and clears PARKED in one step; the word as it was. */
  private int advance() {
    int old;
    do {
      old = segment.getIntVolatile(index);
      // PAIRS: Signal.prepare, _park.prepare, signal_prepare
    } while (!segment.compareAndSetInt(
        index, old, (old + LaneLayout.SIGNAL_INCREMENT) & ~LaneLayout.SIGNAL_PARKED));
    return old;
  }

  /**
   * Announces a sleep; returns the value to {@link #await} with. The caller looks once more in
   * between.
   */
  public int prepare() {
    // PAIRS: Signal.raise, _park.raise_signal, signal_raise
    return segment.getAndBitwiseOrInt(index, LaneLayout.SIGNAL_PARKED) | LaneLayout.SIGNAL_PARKED;
  }

  /**
   * Takes the announcement back, for another thread that reads meanwhile: nobody needs to be woken
   * for it.
   */
  public void clearParked() {
    if ((segment.getIntVolatile(index) & LaneLayout.SIGNAL_PARKED) != 0) {
      // PAIRS: Signal.raise, Signal.prepare
      segment.getAndBitwiseAndInt(index, ~LaneLayout.SIGNAL_PARKED);
    }
  }

  /** Whether somebody was about to sleep a moment ago: a guess. */
  public boolean isParked() {
    return (segment.getIntVolatile(index) & LaneLayout.SIGNAL_PARKED) != 0;
  }

  /** The word as it is now. */
  public int read() {
    return segment.getIntVolatile(index);
  }

  /** Sleeps while the word is {@code expected}, at most {@code nanos}; true if the time was up. */
  public boolean await(int expected, long nanos) {
    return Futex.await(address, expected, nanos) == Futex.Wait.TIMED_OUT;
  }
}
