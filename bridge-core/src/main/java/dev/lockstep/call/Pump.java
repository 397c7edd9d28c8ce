package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread of a full-mode engine that sleeps on the lane when no caller reads, runs what is not
 * nested in a caller's call, and completes futures.
 *
 * <p>While it runs user code it has left the seat and given the role up.
 */
final class Pump {
  private final CallEngine engine;
  private final PumpedWaiting waiting;
  private final Channel channel;
  private final Seat seat;
  private final PumpQueue queue;
  private final Thread thread;
  private final BooleanSupplier dataOrWanted = this::hasDataOrIsWanted;
  private volatile boolean stopping;
  private volatile boolean reading;
  private volatile boolean away;
  private volatile @Nullable String running;

  /** Counts what it ran, so that a look can tell whether it is still the same. */
  private volatile long run;

  Pump(
      CallEngine engine, PumpedWaiting waiting, CallSettings settings, Seat seat, PumpQueue queue) {
    this.engine = engine;
    this.waiting = waiting;
    this.channel = settings.channel();
    this.seat = seat;
    this.queue = queue;
    ThreadFactory threads = settings.threads();
    Thread made = threads.newThread(this::live);
    made.setName("lockstep-pump-" + settings.name());
    this.thread = made;
  }

  void start() {
    thread.start();
  }

  void stop() {
    stopping = true;
  }

  Thread thread() {
    return thread;
  }

  /** Whether its handler waits for another engine, so that it will not be back soon. */
  boolean isAway() {
    return away;
  }

  /** Its handler will wait on another engine; a caller parked here may take the seat. */
  void stepAway() {
    away = true;
    waiting.replacePump();
  }

  void stepBack() {
    away = false;
  }

  /** Its handler is about to wait for a future that only a reader can complete. */
  void willWait() {
    waiting.replacePump();
  }

  boolean isInUserCode() {
    return running != null;
  }

  long run() {
    return run;
  }

  /** Whether it holds the role, or is about to let go of it, and runs nothing of a user. */
  boolean isReading() {
    return reading;
  }

  private boolean hasDataOrIsWanted() {
    return channel.hasData() || channel.isClosed() || waiting.isRoleWanted();
  }

  /** The function that it runs now; null if none. */
  @Nullable String running() {
    return running;
  }

  /** The thread's life. */
  void live() {
    engine.contexts().state().pump = this;
    while (!stopping) {
      PumpQueue.Work work = queue.poll();
      if (work == null) {
        work = sit();
      }
      if (work != null) {
        run(work);
      }
    }
    if (engine.lifetime().hasFailed()) {
      handleTheLast();
    }
  }

  /** What the other side said before its death was said. Only calls have nobody left to answer. */
  private void handleTheLast() {
    PumpQueue.Work work;
    while ((work = queue.poll()) != null) {
      if (!(work instanceof InboundCall call) || call.isNotification()) {
        run(work);
      }
    }
  }

  private void run(PumpQueue.Work work) {
    long next = run + 1;
    run = next;
    if (work instanceof InboundCall call) {
      running = call.name;
    } else if (work instanceof PendingCall settled) {
      running = "what depends on " + settled.name;
    } else if (work instanceof PumpQueue.Cancellation cancellation) {
      running = "what depends on the cancelled " + cancellation.call().name;
    }
    try {
      engine.run(work, false);
    } finally {
      running = null;
      waiting.pumpIsBack();
      // A handler's interrupt was meant for the handler.
      Thread.interrupted();
    }
  }

  /** One look or sleep in the seat; what it brought. */
  PumpQueue.@Nullable Work sit() {
    if (!seat.tryTake(thread)) {
      // A caller sits here while it waits; it unparks this thread when it leaves or leaves work.
      if (queue.isEmpty() && !seat.isVacant() && !stopping) {
        LockSupport.parkNanos(this, channel.tuning().sliceIdleNanos());
      }
      return null;
    }
    try {
      return read();
    } catch (RuntimeException | Error broken) {
      engine.readFailed(broken);
      return null;
    } finally {
      seat.leave();
    }
  }

  /**
   * Reads, spins for more, sleeps. After it has woken a caller it does not spin: the caller needs
   * the processor, and reads the reply to its next call for itself.
   */
  private PumpQueue.@Nullable Work read() {
    if (!channel.tryAcquireRole()) {
      // Whoever queues work looks at the seat afterwards; we took the seat, then look at the queue.
      if (queue.isEmpty() && !stopping) {
        channel.sleepWithoutRole(slice(), true);
      }
      return null;
    }
    boolean left = false;
    reading = true;
    try {
      PumpQueue.Work work;
      do {
        work = engine.reader().read(null, true);
      } while (work == null
          && queue.isEmpty()
          && !channel.isClosed()
          && !engine.reader().takeWokeWaiter()
          && !waiting.isRoleWanted()
          && channel.spinUntil(dataOrWanted));
      if (channel.isClosed()) {
        engine.channelClosed();
      } else if (work == null && queue.isEmpty() && !stopping) {
        left = true;
        reading = false;
        channel.sleepReleasingRole(slice(), true);
      }
      return work;
    } finally {
      if (!left) {
        // Not leaveRole: from this seat nobody sleeps now, and the next who does looks himself.
        channel.releaseRole();
        reading = false;
      }
    }
  }

  private long slice() {
    return engine.isBusy()
        ? channel.tuning().sliceInFlightNanos()
        : channel.tuning().sliceIdleNanos();
  }
}
