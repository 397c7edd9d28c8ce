package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads for futures and virtual threads while the pump is stuck in a handler, which may be waiting
 * for just those.
 *
 * <p>It completes futures and runs what is nested in calls in flight; anything else goes on waiting
 * for the pump. Its thread lives until the pump is back or nothing needs it. A pump that waits for
 * a future of {@code callAsync}, or for another engine, is replaced at once; one that blocks
 * elsewhere is found by a look at the timer, first after 50 ms, then at most once a second.
 */
final class StandIn implements Runnable {
  private static final long FIRST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LAST_LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final CallEngine engine;
  private final Channel channel;
  private final Seat seat;
  private final Pump pump;
  private final PumpQueue queue;
  private final ThreadFactory threads;
  private final ScheduledExecutorService timer;
  private final String name;
  private final AtomicReference<@Nullable Thread> running = new AtomicReference<>();
  private final AtomicBoolean watching = new AtomicBoolean();
  private long seenRun;

  StandIn(CallEngine engine, CallSettings settings, Seat seat, Pump pump, PumpQueue queue) {
    this.engine = engine;
    this.channel = settings.channel();
    this.seat = seat;
    this.pump = pump;
    this.queue = queue;
    this.threads = settings.threads();
    this.timer = settings.timer();
    this.name = "lockstep-reader-" + settings.name();
  }

  @Nullable Thread thread() {
    return running.get();
  }

  /** A call was made that the pump must read for. */
  void watch() {
    if (!watching.get() && watching.compareAndSet(false, true)) {
      schedule(FIRST_LOOK_NANOS);
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // The look catches what it throws.
  private void schedule(long nanos) {
    try {
      timer.schedule(() -> look(nanos), nanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closing) {
      watching.set(false);
    }
  }

  private void look(long afterNanos) {
    if (!isWorkLeft()) {
      watching.set(false);
      if (isWorkLeft()) {
        watch();
      }
      return;
    }
    long run = pump.run();
    if (run == seenRun && pump.isInUserCode()) {
      replacePump();
    }
    seenRun = run;
    schedule(Math.min(afterNanos * 2, LAST_LOOK_NANOS));
  }

  /** The pump will not be back before something is read: starts the thread unless it runs. */
  void replacePump() {
    if (running.get() != null || !isNeeded()) {
      return;
    }
    Thread made = threads.newThread(this);
    made.setName(name);
    if (running.compareAndSet(null, made)) {
      try {
        made.start();
      } catch (OutOfMemoryError noThread) {
        running.set(null);
        throw noThread;
      }
    }
  }

  private boolean isNeeded() {
    return pump.isInUserCode() && isWorkLeft();
  }

  /** A settled future is out of the table and in the queue: it is work until it is completed. */
  private boolean isWorkLeft() {
    return !engine.isEnded() && (engine.needsReader() || queue.hasForStandIn());
  }

  @Override
  public void run() {
    try {
      while (isNeeded()) {
        PumpQueue.Work work = queue.takeForStandIn();
        if (work == null) {
          sit();
        } else {
          engine.run(work, false);
          Thread.interrupted();
        }
      }
    } finally {
      running.set(null);
      LockSupport.unpark(pump.thread());
    }
    if (isNeeded()) {
      replacePump();
    }
  }

  private void sit() {
    if (!seat.tryTake(Thread.currentThread())) {
      if (!seat.isVacant() && isNeeded()) {
        LockSupport.parkNanos(this, FIRST_LOOK_NANOS);
      }
      return;
    }
    try {
      read();
    } catch (RuntimeException | Error broken) {
      engine.readFailed(broken);
    } finally {
      seat.leave();
    }
  }

  private void read() {
    long slice = channel.tuning().sliceInFlightNanos();
    if (!channel.tryAcquireRole()) {
      if (isNeeded() && !queue.hasForStandIn()) {
        channel.sleepWithoutRole(slice, true);
      }
      return;
    }
    boolean left = false;
    try {
      engine.reader().read(null, false);
      if (channel.isClosed()) {
        engine.channelClosed();
      } else if (isNeeded() && !queue.hasForStandIn()) {
        left = true;
        channel.sleepReleasingRole(slice, true);
      }
    } finally {
      if (!left) {
        channel.releaseRole();
      }
    }
  }
}
