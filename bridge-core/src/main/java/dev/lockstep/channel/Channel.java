package dev.lockstep.channel;

import dev.lockstep.memory.Segment;
import dev.lockstep.park.ProcessorHint;
import dev.lockstep.park.Signal;
import dev.lockstep.park.SpinBudget;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Both lanes of a segment, as one side sees them.
 *
 * <p><b>Sending</b> is for any thread. <b>Reading</b> is for the holder of the reader's role, of
 * which there is one at a time. <b>Sleeping</b> in the futex of the incoming lane is for one thread
 * of the process at a time: the pump, or where there is none the holder of the role. The orders of
 * steps below are those of {@code docs/memory-ordering.md}, proven by the exhaustive model in the
 * tests; another order loses wake-ups.
 *
 * <p>No lock is held while anything waits. A {@link PeerFaultException} from any method is final:
 * the owner closes.
 */
public final class Channel implements AutoCloseable {
  /** Longer than a producer is held up between its tail and its raise, but by bad luck. */
  private static final long RAISE_UNDER_WAY_NANOS = 20_000_000;

  private final Segment segment;
  private final Side side;
  private final WaitTuning tuning;
  private final Inbound inbound;
  private final Outbound outbound;
  private final Signal dataSignal;

  /**
   * A caller's spins and the pump's pay at different times: with one budget for both, the pump's
   * misses would take the callers' probes away.
   */
  private final SpinBudget callersSpin;

  private final SpinBudget pumpsSpin;
  private final ProcessorHint processorHint;
  private final BooleanSupplier dataOrClosed = this::hasDataOrClosed;
  private final AtomicBoolean role = new AtomicBoolean();
  private final LongAdder sleeps = new LongAdder();
  private final LongAdder lateWakeups = new LongAdder();
  private volatile boolean closed;

  /** Whether a thread is in, or just before, its sleep on the incoming lane. */
  private volatile boolean asleep;

  /** Whether the sleeper is to return for another reason than the lane. */
  private volatile boolean woken;

  /** One side's view of an attached segment. */
  public Channel(Segment segment, Side side, Limits limits, WaitTuning tuning) {
    RingRegion toWorker = RingRegion.toWorker(segment);
    RingRegion toHost = RingRegion.toHost(segment);
    RingRegion in = side == Side.HOST ? toHost : toWorker;
    RingRegion out = side == Side.HOST ? toWorker : toHost;
    this.segment = segment;
    this.side = side;
    this.tuning = tuning;
    this.inbound = new Inbound(in, side, limits);
    this.outbound = new Outbound(this, out);
    this.dataSignal = new Signal(segment, in.dataSignalIndex());
    this.processorHint = new ProcessorHint(segment, SegmentLayout.HOST_PROCESSOR_OFFSET);
    this.callersSpin = new SpinBudget(tuning.maxSpinNanos());
    this.pumpsSpin = new SpinBudget(tuning.maxSpinNanos());
  }

  /**
   * Publishes a message, in fragments if it is long; any thread. While the lane is full it waits,
   * holding no lock, and moves what comes in for its own side into the inbox, or else two full
   * lanes would wait for each other for ever.
   *
   * @param deadlineNanos on the scale of {@link System#nanoTime}; {@link Long#MAX_VALUE} for none
   * @throws SendTimeoutException when the deadline passes
   * @throws InboxFullException when the inbox is full
   * @throws ChannelClosedException when the channel is closed before the message is out
   * @throws PeerFaultException when the peer's position cannot be
   */
  public void send(
      int kind,
      int flags,
      int depth,
      long callId,
      long parentCallId,
      byte[] payload,
      int offset,
      int length,
      long deadlineNanos) {
    outbound.send(kind, flags, depth, callId, parentCallId, payload, offset, length, deadlineNanos);
  }

  /**
   * The same for a message that fits into one frame, if there is room for it now; any thread.
   *
   * @return whether it was published
   */
  public boolean trySend(
      int kind,
      int flags,
      int depth,
      long callId,
      long parentCallId,
      byte[] payload,
      int offset,
      int length) {
    return outbound.trySend(kind, flags, depth, callId, parentCallId, payload, offset, length);
  }

  // --- the reader's role
  // --------------------------------------------------------------------------------------

  /**
   * Takes the role if it is free. The caller reads from now on, so the peer need not wake anybody.
   */
  public boolean tryAcquireRole() {
    if (role.get() || !role.compareAndSet(false, true)) {
      return false;
    }
    dataSignal.clearParked();
    return true;
  }

  /** Whether the last answer that a caller spun for came within a few microseconds. Any thread. */
  public boolean isShortOfLate() {
    return callersSpin.isShort();
  }

  /** Whether somebody holds the role. */
  public boolean isRoleHeld() {
    return role.get();
  }

  /**
   * Gives the role up and nothing else: for a holder that takes it again soon, or knows that the
   * pump looks.
   */
  public void releaseRole() {
    role.set(false);
  }

  /**
   * Gives the role up for good: releases it, sets PARKED, looks. True if something is there: the
   * caller takes the role again, unless somebody else did.
   */
  public boolean leaveRole() {
    role.set(false);
    dataSignal.prepare();
    return hasDataOrClosed();
  }

  /** The next whole message, valid until the next poll; null if there is none. Role holder only. */
  public @Nullable Message poll() {
    try {
      return inbound.poll();
    } catch (InternalError e) {
      throw new PeerFaultException("the segment's file was cut", e);
    }
  }

  /** Whether there is something to read; any thread. */
  public boolean hasData() {
    return inbound.hasData();
  }

  private boolean hasDataOrClosed() {
    return inbound.hasData() || isOver();
  }

  /**
   * Spins within the adaptive budget; true if there is something to read or the channel was closed.
   * Role holder only.
   */
  public boolean spinForData() {
    return callersSpin.spinUntil(dataOrClosed);
  }

  /**
   * The same for a pump, with a budget of its own, until another condition holds, which should
   * include {@link #hasData}. Role holder only.
   */
  public boolean spinUntil(BooleanSupplier condition) {
    return pumpsSpin.spinUntil(condition);
  }

  // --- sleeping: one thread of the process at a time
  // -----------------------------------------------------------

  /**
   * The sleeper, while somebody else holds the role: reads the word, looks at the role, and only if
   * it is still held sleeps with the value read. Returns for any reason.
   *
   * @param nanos how long at most
   * @param isWholeSlice whether it is a slice, after which data would be a lost wake-up, or the
   *     rest until a deadline
   */
  public void sleepWithoutRole(long nanos, boolean isWholeSlice) {
    int word = dataSignal.read();
    if (role.get() && !isOver()) {
      sleep(word, nanos, isWholeSlice, false);
    }
  }

  /**
   * The sleeper with the role: sets PARKED, looks, releases the role, sleeps with the value set.
   * Returns for any reason, at once if something was there; the role is not held any more.
   *
   * @param nanos how long at most
   * @param isWholeSlice as in {@link #sleepWithoutRole}
   */
  public void sleepReleasingRole(long nanos, boolean isWholeSlice) {
    int word = dataSignal.prepare();
    boolean data = hasDataOrClosed();
    role.set(false);
    if (!data) {
      sleep(word, nanos, isWholeSlice, false);
    }
  }

  /**
   * The only reader sleeps and keeps the role: for a side without a pump. Returns for any reason.
   *
   * @param sliceNanos how long at most
   * @param isWholeSlice whether it is a slice, after which data would be a lost wake-up, or the
   *     rest until a deadline
   */
  public void sleepHoldingRole(long sliceNanos, boolean isWholeSlice) {
    int word = dataSignal.prepare();
    if (!hasDataOrClosed()) {
      sleep(word, sliceNanos, isWholeSlice, true);
    }
    dataSignal.clearParked();
  }

  private void sleep(int word, long nanos, boolean isWholeSlice, boolean holdsRole) {
    sleeps.increment();
    tellProcessor();
    boolean timedOut = false;
    asleep = true;
    // Announced first, looked second; wakeSleeper says so first and looks at the announcement
    // second. PAIRS: Channel.wakeSleeper
    if (!woken) {
      timedOut = dataSignal.await(word, nanos);
    }
    asleep = false;
    woken = false;
    if (timedOut
        && isWholeSlice
        && hasData()
        && (holdsRole || !role.get())
        && !isOver()
        && isUnraised(word)) {
      lateWakeups.increment();
    }
  }

  /**
   * A slice ran out and something is there: lost, or is the raise that belongs to it just under
   * way?
   */
  private boolean isUnraised(int sleptOn) {
    long untilNanos = System.nanoTime() + RAISE_UNDER_WAY_NANOS;
    do {
      if (dataSignal.read() != sleptOn) {
        return false;
      }
      Thread.onSpinWait();
    } while (System.nanoTime() - untilNanos < 0);
    return true;
  }

  /**
   * Makes the sleeper, or the next that is about to sleep, return: after something changed that it
   * does not see in the lane. PARKED does not tell whether somebody sleeps here: a reader that took
   * the role over has cleared it. Any thread.
   */
  public void wakeSleeper() {
    woken = true;
    // PAIRS: Channel.sleep
    if (asleep) {
      dataSignal.raiseAndWake();
    }
  }

  /**
   * For a thread that waits for what another is to read, once a slice: if the same data lies there
   * as at its last look, and the sleeper slept both times, nobody will be woken for it. Then that
   * is counted as a late wake-up, and the sleeper is woken.
   *
   * @param lastLook what this returned the last time; -1 at first
   * @return what to call it with the next time
   */
  public long lookAfterSleeper(long lastLook) {
    if (!asleep || role.get() || !hasData()) {
      return -1;
    }
    long unreadSince = inbound.position();
    if (unreadSince != lastLook) {
      return unreadSince;
    }
    lateWakeups.increment();
    wakeSleeper();
    return -1;
  }

  /** Tells the worker on which processor this thread is about to wake it, or to sleep. */
  void tellProcessor() {
    if (side == Side.HOST) {
      processorHint.tell();
    }
  }

  /** The longest sleep while a call is in flight, and of an idle side. */
  public WaitTuning tuning() {
    return tuning;
  }

  // --- for Outbound
  // --------------------------------------------------------------------------------------------

  /**
   * Moves what has come in into the inbox if nobody reads; a writer calls it before it sleeps for
   * room.
   */
  void drainWhileWaiting() {
    if (!tryAcquireRole()) {
      return;
    }
    try {
      inbound.drain();
    } finally {
      // Also when the inbox is full: the sleeper may have slept through what came meanwhile.
      if (leaveRole()) {
        wakeSleeper();
      }
    }
  }

  // --- state
  // ---------------------------------------------------------------------------------------------------

  /** Whether this side closed, or the host said so to a worker. */
  public boolean isClosed() {
    return isOver();
  }

  private boolean isOver() {
    return closed || (side == Side.WORKER && hostState() == SegmentLayout.HOST_CLOSED);
  }

  /** The segment's state word as the host last set it. */
  public int hostState() {
    return segment.getIntVolatile(SegmentLayout.HOST_STATE_OFFSET);
  }

  /** The host says that it closes in good order, and signals both lanes. */
  public void announceClosing() {
    segment.putIntVolatile(SegmentLayout.HOST_STATE_OFFSET, SegmentLayout.HOST_CLOSING);
    raiseAll();
  }

  /**
   * Ends the channel: state first, then all four signals, so that a close is no more lost than a
   * message. Waiting threads of this side throw or return; the segment itself is closed by its
   * owner once they have left.
   */
  @Override
  public void close() {
    closed = true;
    if (side == Side.HOST) {
      segment.putIntVolatile(SegmentLayout.HOST_STATE_OFFSET, SegmentLayout.HOST_CLOSED);
    } else {
      segment.putIntVolatile(SegmentLayout.WORKER_STATE_OFFSET, SegmentLayout.WORKER_LEAVING);
    }
    raiseAll();
  }

  private void raiseAll() {
    for (int lane :
        new int[] {SegmentLayout.TO_WORKER_LANE_OFFSET, SegmentLayout.TO_HOST_LANE_OFFSET}) {
      new Signal(segment, lane + LaneLayout.DATA_SIGNAL_OFFSET).raiseAndWake();
      new Signal(segment, lane + LaneLayout.SPACE_SIGNAL_OFFSET).raiseAndWake();
    }
  }

  /**
   * A picture of the counters; any thread. Single values are exact, together they may be of
   * slightly different times.
   */
  public ChannelCounters counters() {
    return new ChannelCounters(
        outbound.frames(),
        inbound.frames(),
        outbound.bytes(),
        inbound.bytes(),
        sleeps.sum(),
        lateWakeups.sum(),
        callersSpin.hits() + pumpsSpin.hits(),
        callersSpin.misses() + pumpsSpin.misses(),
        outbound.waits(),
        inbound.size());
  }
}
