package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Reads and completes futures in {@code sync_main_only} as long as something needs it, and one
 * second more; then its thread ends. The start needs it too, until READY.
 */
final class OnDemandReader {
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final CallEngine engine;
  private final SoloWaiting waiting;
  private final Channel channel;
  private final PumpQueue queue;
  private final ThreadFactory threads;
  private final String name;
  private final AtomicReference<@Nullable Thread> running = new AtomicReference<>();
  private volatile boolean stopping;

  OnDemandReader(CallEngine engine, SoloWaiting waiting, CallSettings settings, PumpQueue queue) {
    this.engine = engine;
    this.waiting = waiting;
    this.channel = settings.channel();
    this.queue = queue;
    this.threads = settings.threads();
    this.name = "lockstep-reader-" + settings.name();
  }

  @Nullable Thread thread() {
    return running.get();
  }

  void stop() {
    stopping = true;
  }

  /** Whether something waits to be run here, or the thread is to end. */
  boolean hasWork() {
    return stopping || !queue.isEmpty();
  }

  /** Starts the thread unless it runs. */
  void ensureRunning() {
    if (running.get() != null || stopping) {
      return;
    }
    Thread made = threads.newThread(this::run);
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

  private void run() {
    try {
      readWhileNeeded();
    } finally {
      running.set(null);
      waiting.passOn();
    }
    // Whoever needed a reader just before that saw one running.
    if (isNeeded()) {
      ensureRunning();
    }
  }

  private boolean isNeeded() {
    return !stopping && (!engine.isReady() || engine.needsReader() || !queue.isEmpty());
  }

  private void readWhileNeeded() {
    boolean wasForCalls = false;
    long idleSince = System.nanoTime();
    while (!stopping) {
      PumpQueue.Work work = queue.poll();
      if (work != null) {
        engine.run(work, false);
        Thread.interrupted();
      } else {
        work = read();
        if (work != null) {
          engine.run(work, false);
        }
      }
      if (isNeeded() || work != null) {
        wasForCalls |= engine.needsReader() || work != null;
        idleSince = System.nanoTime();
      } else if (!wasForCalls || System.nanoTime() - idleSince >= LINGER_NANOS) {
        return;
      }
    }
  }

  private PumpQueue.@Nullable Work read() {
    if (!channel.tryAcquireRole()) {
      waiting.parkForRole(LOOK_NANOS);
      return null;
    }
    try {
      PumpQueue.Work work;
      do {
        work = engine.reader().read(null, true);
      } while (work == null && isNeeded() && !channel.isClosed() && channel.spinForData());
      if (channel.isClosed()) {
        engine.channelClosed();
      } else if (work == null && isNeeded() && queue.isEmpty()) {
        waiting.sleepWithRole(channel.tuning().sliceInFlightNanos(), true, null);
      } else if (work == null && queue.isEmpty()) {
        waiting.sleepWithRole(LOOK_NANOS, true, null);
      }
      return work;
    } catch (RuntimeException | Error broken) {
      engine.readFailed(broken);
      return null;
    } finally {
      waiting.leaveRole();
    }
  }
}
