package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waiting on the host's side in {@code sync_main_only}, where the peer only answers.
 *
 * <p>There is no pump: a calling platform thread takes the reader's role, spins, and then sleeps on
 * the lane itself; the role is the right to sleep. Callers that find it taken park; whoever leaves
 * the role wakes one of them. What no caller reads for, the start, futures and virtual threads, has
 * an {@link OnDemandReader}.
 */
final class SoloWaiting implements Waiting {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final CallEngine engine;
  private final Channel channel;
  private final OnDemandReader onDemand;
  private final InterruptibleSleep interruptible;

  /** Threads that wait for the role or for their reply. */
  private final Set<Thread> parked = ConcurrentHashMap.newKeySet();

  private volatile @Nullable Thread sleeper;

  SoloWaiting(CallEngine engine, CallSettings settings, PumpQueue queue) {
    this.engine = engine;
    this.channel = settings.channel();
    this.onDemand = new OnDemandReader(engine, this, settings, queue);
    this.interruptible = new InterruptibleSleep(channel);
  }

  @Override
  public void start() {
    onDemand.ensureRunning();
  }

  @Override
  public void stop() {
    onDemand.stop();
    wakePump();
    channel.wakeSleeper();
    parked.forEach(LockSupport::unpark);
  }

  @Override
  public void wake(Thread waiter) {
    // The sleeper writes its name, then looks whether it is settled; we settled, then read it.
    if (sleeper == waiter) {
      channel.wakeSleeper();
    }
    LockSupport.unpark(waiter);
  }

  @Override
  public void wakePump() {
    Thread reader = onDemand.thread();
    if (reader != null) {
      wake(reader);
    } else {
      onDemand.ensureRunning();
    }
  }

  @Override
  public void readOnDemand() {
    onDemand.ensureRunning();
  }

  @Override
  public void aboutToWaitFor(@Nullable Pump pump) {
    if (pump != null) {
      pump.willWait();
    }
  }

  @Override
  public void standInLine(PendingCall own, ThreadState state) {}

  @Override
  public void aboutToSend(PendingCall own, ThreadState state) {}

  @Override
  public void sentNothing(PendingCall own) {}

  @Override
  public End await(PendingCall own, ThreadState state) {
    Pump served = state.pump;
    if (served != null) {
      served.stepAway();
    }
    try {
      return await(own, state.virtual());
    } finally {
      if (served != null) {
        served.stepBack();
      }
    }
  }

  private End await(PendingCall own, boolean virtual) {
    try {
      while (true) {
        if (!virtual && channel.tryAcquireRole()) {
          readUntilSettled(own);
        }
        if (own.settled()) {
          return End.SETTLED;
        }
        if (Thread.currentThread().isInterrupted()) {
          return End.INTERRUPTED;
        }
        long left = own.nanosLeft();
        if (left <= 0) {
          return End.TIMED_OUT;
        }
        park(own, Math.min(left, LOOK_NANOS));
      }
    } finally {
      passOn();
    }
  }

  private void readUntilSettled(PendingCall own) {
    try {
      while (true) {
        engine.reader().read(own, false);
        if (own.isOver()) {
          return;
        }
        if (channel.isClosed()) {
          engine.channelClosed();
          return;
        }
        if (!channel.spinForData() && !sleep(own)) {
          return;
        }
      }
    } catch (RuntimeException | Error broken) {
      engine.readFailed(broken);
    } finally {
      leaveRole();
    }
  }

  /** False if the wait is over. */
  private boolean sleep(PendingCall own) {
    long left = own.nanosLeft();
    if (left <= 0 || Thread.currentThread().isInterrupted()) {
      return false;
    }
    long slice = channel.tuning().sliceInFlightNanos();
    sleepWithRole(Math.min(slice, left), slice <= left, own);
    return !own.settled();
  }

  /**
   * Sleeps on the lane; the role is held before, meanwhile and after.
   *
   * @param own null for the reader on demand, which is not to sleep while anything is queued
   */
  void sleepWithRole(long nanos, boolean whole, @Nullable PendingCall own) {
    sleeper = Thread.currentThread();
    interruptible.entered();
    try {
      if (own == null ? !onDemand.hasWork() : !own.settled()) {
        channel.sleepHoldingRole(nanos, whole);
      }
    } finally {
      interruptible.left();
      sleeper = null;
    }
  }

  /** Gives the role up; whoever waits for it is woken. */
  void leaveRole() {
    channel.releaseRole();
    passOn();
  }

  /**
   * Wakes one that waits for the role if nobody has it. Whoever ends its wait does this too: it may
   * be the one that was woken, with a reply already there, and would else keep the turn to itself.
   */
  void passOn() {
    if (parked.isEmpty() || channel.isRoleHeld()) {
      return;
    }
    for (Thread next : parked) {
      LockSupport.unpark(next);
      return;
    }
  }

  private void park(PendingCall own, long nanos) {
    Thread me = Thread.currentThread();
    boolean mayRead = !own.needsReader;
    if (mayRead) {
      parked.add(me);
    }
    try {
      // Announced first, looked second: whoever leaves the role releases first, looks second.
      if (!own.settled() && (!mayRead || channel.isRoleHeld())) {
        LockSupport.parkNanos(this, nanos);
      }
    } finally {
      if (mayRead) {
        parked.remove(me);
      }
    }
  }

  /** Waits for the role or for {@code nanos}; for the reader on demand. */
  void parkForRole(long nanos) {
    Thread me = Thread.currentThread();
    parked.add(me);
    try {
      if (channel.isRoleHeld()) {
        LockSupport.parkNanos(this, nanos);
      }
    } finally {
      parked.remove(me);
    }
  }

  @Override
  public boolean isReaderPresent() {
    return channel.isRoleHeld();
  }

  @Override
  public long handOvers() {
    return 0;
  }

  @Override
  public String describe() {
    Thread asleep = sleeper;
    return "role="
        + (channel.isRoleHeld() ? "held" : "free")
        + ", asleep="
        + (asleep == null ? "nobody" : asleep.getName())
        + ", parked="
        + parked.size()
        + ", reader on demand="
        + (onDemand.thread() == null ? "none" : "running");
  }
}
