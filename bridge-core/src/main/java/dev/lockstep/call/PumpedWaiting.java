package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waiting in an engine with a pump.
 *
 * <p>A platform thread first takes the reader's role, if it is free, and spins for its reply; then
 * it parks and the pump completes it. A virtual thread parks at once. The pump, when a handler that
 * it runs calls back, waits from its seat.
 */
final class PumpedWaiting implements Waiting {
  /** So long a parked caller lets a pump be busy before it reads for itself. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final long FULL_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** So much of other's business a caller that has its reply does before it wakes the pump. */
  private static final int DRAIN_MESSAGES = 16;

  /** So often a caller looks whether the pump has let go of the role: some tens of microseconds. */
  private static final int LOOKS_FOR_ROLE = 1000;

  /** So often whether another caller has. */
  private static final int LOOKS_AT_CALLER = 64;

  /** So often after it has stopped to read. */
  private static final int LAST_LOOKS_FOR_ROLE = 50;

  private final CallEngine engine;
  private final Channel channel;
  private final PumpQueue queue;
  private final Counters counters;
  private final Seat seat = new Seat();
  private final Pump pump;
  private final StandIn standIn;
  private final InterruptibleSleep interruptible;
  private final CallersLine line = new CallersLine(this::isCallerBusy);
  private final LongAdder handOvers = new LongAdder();

  /** Callers that want the role which the pump holds while it has nothing to do. */
  private final AtomicInteger wanted = new AtomicInteger();

  PumpedWaiting(CallEngine engine, CallSettings settings, PumpQueue queue, Counters counters) {
    this.engine = engine;
    this.channel = settings.channel();
    this.queue = queue;
    this.counters = counters;
    this.pump = new Pump(engine, this, settings, seat, queue);
    this.standIn = new StandIn(engine, settings, seat, pump, queue);
    this.interruptible = new InterruptibleSleep(channel);
  }

  @Override
  public void start() {
    pump.start();
  }

  @Override
  public void stop() {
    pump.stop();
    wakePump();
  }

  @Override
  public void wake(Thread waiter) {
    // The waiter writes the seat, then looks whether it is settled; we settled, then read the seat.
    if (seat.sitter() == waiter) {
      channel.wakeSleeper();
    }
    LockSupport.unpark(waiter);
  }

  @Override
  public void wakePump() {
    wake(pump.thread());
    Thread substitute = standIn.thread();
    if (substitute != null) {
      wake(substitute);
    }
  }

  @Override
  public void readOnDemand() {
    standIn.watch();
  }

  @Override
  public void aboutToWaitFor(@Nullable Pump served) {
    if (served != null) {
      served.willWait();
    }
  }

  /** The pump will wait for something that must be read: by a parked caller, or by a stand-in. */
  void replacePump() {
    standIn.replacePump();
    handOver(pump.thread());
  }

  /** Whoever read for the pump meanwhile leaves it the seat. */
  void pumpIsBack() {
    Thread substitute = standIn.thread();
    if (substitute != null) {
      wake(substitute);
    }
  }

  @Override
  public void standInLine(PendingCall own, ThreadState state) {
    if (!state.virtual() && state.pump != pump) {
      line.stand(own);
    }
  }

  @Override
  public void aboutToSend(PendingCall own, ThreadState state) {
    own.holdsRole = line.isCrowded() && !state.virtual() && channel.tryAcquireRole();
  }

  @Override
  public void sentNothing(PendingCall own) {
    if (own.holdsRole) {
      own.holdsRole = false;
      if (channel.leaveRole()) {
        leaveToPump();
      }
    }
  }

  /**
   * A caller, not the pump, reads the answers to its short calls. Where some stand in line already
   * one slow answer does not end it: if all went at once, all answers would be slow.
   */
  private boolean isCallerBusy() {
    return channel.isRoleHeld()
        && (channel.isShortOfLate() || line.isCrowded())
        && !pump.isReading();
  }

  @Override
  public End await(PendingCall own, ThreadState state) {
    boolean parked = false;
    while (true) {
      if (!state.virtual()) {
        spin(own);
        if (own.settled()) {
          return End.SETTLED;
        }
      }
      if (!parked) {
        parked = true;
        counters.replyByPark.increment();
      }
      End end = park(own, state);
      if (end != null) {
        return end;
      }
    }
  }

  // --- spinning with the role

  /** Whether the pump should stop spinning: a caller has come that will read for itself. */
  boolean isRoleWanted() {
    return wanted.get() != 0;
  }

  /**
   * Takes the role, also from a pump that spins: or else a pump that was woken once would read
   * every reply from then on, and every caller would park for it.
   */
  private boolean takeRole(PendingCall own) {
    if (own.holdsRole) {
      own.holdsRole = false;
      return true;
    }
    if (channel.tryAcquireRole()) {
      return true;
    }
    if (!pump.isReading()) {
      return isLeftSoon(own);
    }
    wanted.incrementAndGet();
    try {
      // It stops reading a moment before it lets go, so a few looks follow.
      int left = LOOKS_FOR_ROLE;
      while (left > 0 && !own.settled()) {
        Thread.onSpinWait();
        if (channel.tryAcquireRole()) {
          return true;
        }
        left = pump.isReading() ? left - 1 : Math.min(left - 1, LAST_LOOKS_FOR_ROLE);
      }
      return false;
    } finally {
      wanted.decrementAndGet();
    }
  }

  /** Another caller, whose own answer comes soon, reads this one's too or leaves. */
  private boolean isLeftSoon(PendingCall own) {
    for (int i = 0; i < LOOKS_AT_CALLER && channel.isShortOfLate() && !own.settled(); i++) {
      Thread.onSpinWait();
      if (channel.tryAcquireRole()) {
        return true;
      }
    }
    return false;
  }

  private void spin(PendingCall own) {
    // Also with a reply that came meanwhile: what this thread saw when it left the role is its to
    // pass on, unless somebody else has taken the role.
    while (takeRole(own)) {
      PumpQueue.Work work = null;
      boolean more;
      try {
        do {
          if (own.hasInbox() || queue.isFull()) {
            break;
          }
          work = engine.reader().readUnlessFull(own);
          // Others' business may keep coming: it is no reason to be late for one's own.
        } while (work == null && !own.isOver() && !channel.isClosed() && channel.spinForData());
      } catch (RuntimeException | Error broken) {
        engine.readFailed(broken);
      } finally {
        more = channel.leaveRole();
      }
      line.leave();
      if (channel.isClosed()) {
        engine.channelClosed();
        return;
      }
      // What was read is run, even if the own call was settled by somebody else meanwhile.
      boolean ran = (work != null || !own.settled()) && runNested(work, own);
      if (own.isOver()) {
        if (more) {
          leaveToPump();
        }
        return;
      }
      if (!ran && !more) {
        return;
      }
      if (!ran && queue.isFull()) {
        // The peer is held back until the pump has caught up.
        LockSupport.parkNanos(this, FULL_PAUSE_NANOS);
      }
    }
  }

  /** What came while the role was held here: some of it is sorted, for more the pump is woken. */
  private void leaveToPump() {
    boolean more = true;
    if (channel.tryAcquireRole()) {
      try {
        engine.reader().drain(DRAIN_MESSAGES);
      } catch (RuntimeException | Error broken) {
        engine.readFailed(broken);
      } finally {
        more = channel.leaveRole();
      }
    } else {
      return;
    }
    if (more) {
      wakeReader();
    }
  }

  private void wakeReader() {
    channel.wakeSleeper();
    LockSupport.unpark(pump.thread());
  }

  /**
   * Runs what is nested in the own call on this thread; false if there was nothing. What this
   * thread has read itself comes first: the inbox was empty then, so that all in it is younger.
   */
  private boolean runNested(PumpQueue.@Nullable Work work, PendingCall own) {
    if (work == null && !own.hasInbox()) {
      return false;
    }
    if (work != null) {
      engine.run(work, true);
    }
    InboundCall nested = own.takeInbox();
    while (nested != null) {
      InboundCall next = nested.next;
      nested.next = null;
      queue.started(nested);
      engine.serve(nested, true);
      nested = next;
    }
    return true;
  }

  // --- parked

  /** How it ended; null after a nested call has run here: what comes next may come soon. */
  private @Nullable End park(PendingCall own, ThreadState state) {
    boolean isPump = state.pump == pump;
    Pump foreign = isPump ? null : state.pump;
    if (foreign != null) {
      foreign.stepAway();
    }
    try {
      return park(own, state, isPump);
    } finally {
      own.parked = false;
      if (foreign != null) {
        foreign.stepBack();
      }
    }
  }

  private @Nullable End park(PendingCall own, ThreadState state, boolean isPump) {
    Thread me = Thread.currentThread();
    long parkedSince = System.nanoTime();
    boolean sat = false;
    long unread = -1;
    long sliceNanos = channel.tuning().sliceInFlightNanos();
    long nextLookNanos = parkedSince + sliceNanos;
    while (true) {
      own.parked = false;
      if (runNested(null, own) && !own.settled()) {
        return null;
      }
      // Announced before it looks for a pump that is away: who goes away says so, then looks here.
      own.parked = true;
      if (own.settled()) {
        return End.SETTLED;
      }
      if (me.isInterrupted()) {
        return End.INTERRUPTED;
      }
      long left = own.nanosLeft();
      if (left <= 0) {
        return End.TIMED_OUT;
      }
      if (isPump && engine.reader().takeFlushPending()) {
        runQueuedNotifications();
      }
      boolean mayHave =
          isPump
              || (!state.virtual()
                  && (sat || pump.isAway() || System.nanoTime() - parkedSince > LOOK_NANOS));
      if (mayHave && seat.tryTake(me)) {
        if (!isPump && !sat) {
          handOvers.increment();
          sat = true;
        }
        if (runNested(sitOnce(own, left, me), own) && !own.settled()) {
          return null;
        }
      } else {
        LockSupport.parkNanos(this, Math.min(left, LOOK_NANOS));
        long now = System.nanoTime();
        if (now - nextLookNanos >= 0) {
          // The sleeper's slice may have begun while nothing was in flight, and be long.
          unread = channel.lookAfterSleeper(unread);
          nextLookNanos = now + sliceNanos;
        }
      }
    }
  }

  /** One look or sleep in the seat; what must be run after it was left. */
  private PumpQueue.@Nullable Work sitOnce(PendingCall own, long leftNanos, Thread me) {
    PumpQueue.Work work = null;
    try {
      work = readOrSleep(own, leftNanos);
    } catch (RuntimeException | Error broken) {
      engine.readFailed(broken);
    } finally {
      seat.leave();
      if (me != pump.thread()) {
        LockSupport.unpark(pump.thread());
        if (own.settled() || work != null) {
          handOver(me);
        }
      }
    }
    return work;
  }

  private PumpQueue.@Nullable Work readOrSleep(PendingCall own, long leftNanos) {
    long slice = channel.tuning().sliceInFlightNanos();
    boolean whole = slice <= leftNanos;
    long nanos = Math.min(slice, leftNanos);
    if (own.settled()
        || own.hasInbox()
        || (Thread.currentThread() == pump.thread() && engine.reader().isFlushPending())) {
      return null;
    }
    if (!channel.tryAcquireRole()) {
      interruptible.entered();
      try {
        channel.sleepWithoutRole(nanos, whole);
      } finally {
        interruptible.left();
      }
      return null;
    }
    boolean left = false;
    try {
      PumpQueue.Work work = own.hasInbox() ? null : engine.reader().read(own, false);
      if (channel.isClosed()) {
        engine.channelClosed();
      } else if (work == null && !own.settled() && !own.hasInbox()) {
        left = true;
        interruptible.entered();
        try {
          channel.sleepReleasingRole(nanos, whole);
        } finally {
          interruptible.left();
        }
      }
      return work;
    } finally {
      if (!left) {
        // Not leaveRole: from this seat nobody sleeps now, and the next who does looks himself.
        channel.releaseRole();
      }
    }
  }

  /** Nobody sits while the pump is away: another parked caller may. */
  void handOver(Thread leaving) {
    if (!pump.isAway() || !seat.isVacant()) {
      return;
    }
    Thread next = engine.anyWaiter(leaving);
    if (next != null) {
      LockSupport.unpark(next);
    }
  }

  private void runQueuedNotifications() {
    for (InboundCall notification : queue.takeNotifications()) {
      engine.serve(notification, false);
    }
  }

  // --- diagnosis

  @Override
  public boolean isReaderPresent() {
    return !seat.isVacant() || channel.isRoleHeld();
  }

  @Override
  public long handOvers() {
    return handOvers.sum();
  }

  @Override
  public String describe() {
    Thread sitter = seat.sitter();
    String running = pump.running();
    return "seat="
        + (sitter == null ? "vacant" : sitter.getName())
        + ", role="
        + (channel.isRoleHeld() ? "held" : "free")
        + ", pump="
        + pump.thread().getState()
        + (running == null ? "" : " running " + running)
        + (pump.isAway() ? " (away)" : "");
  }
}
