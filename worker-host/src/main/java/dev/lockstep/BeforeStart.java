package dev.lockstep;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of a worker while it is being prepared for its start: kept in order until the start
 * has been tried, and done then, be it to fail.
 */
final class BeforeStart {
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Runnable> tasks = new ArrayDeque<>(); // guarded by lock
  private final CountDownLatch tried = new CountDownLatch(1);
  private boolean open; // guarded by lock
  private final CallFailures failures;
  private final ScheduledExecutorService timer;

  BeforeStart(CallFailures failures, ScheduledExecutorService timer) {
    this.failures = failures;
    this.timer = timer;
  }

  /** Keeps a task; false if there is no need to: then the caller does it itself. */
  boolean defer(Runnable task) {
    lock.lock();
    try {
      if (open) {
        return false;
      }
      tasks.add(task);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Does what was kept, on this thread. What comes meanwhile is done after it. */
  void open() {
    while (true) {
      Runnable task = nextOrOpen();
      if (task == null) {
        return;
      }
      task.run();
    }
  }

  private @Nullable Runnable nextOrOpen() {
    lock.lock();
    try {
      Runnable task = tasks.poll();
      open = task == null;
      return task;
    } finally {
      lock.unlock();
    }
  }

  /** The start has been tried, with or without success. */
  void tried() {
    tried.countDown();
  }

  /**
   * Waits for that on behalf of a call.
   *
   * @param timeoutNanos the call's deadline; 0: none
   * @throws CallTimeoutException past it
   * @throws CallCancelledException if this thread is interrupted
   */
  void awaitTried(String call, long timeoutNanos) {
    try {
      if (!tried.await(timeoutNanos == 0 ? Long.MAX_VALUE : timeoutNanos, TimeUnit.NANOSECONDS)) {
        throw failures.timeout(call, timeoutNanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failures.cancelled(call);
    }
  }

  /**
   * A call that is made when the start has been tried.
   *
   * @param timeoutNanos its deadline, which counts from now; 0: none
   * @return null if there is nothing to wait for: then the caller makes it itself
   */
  @Nullable CompletableFuture<@Nullable Object> later(
      String call, long timeoutNanos, Supplier<CompletableFuture<@Nullable Object>> make) {
    FollowingFuture future = FollowingFuture.ofLater();
    Runnable task =
        () -> {
          try {
            future.follow(make.get());
          } catch (RuntimeException e) {
            future.completeExceptionally(e); // What the caller would have been told at once.
          }
        };
    if (!defer(task)) {
      return null;
    }
    failAfter(timeoutNanos, call, future);
    return future;
  }

  /** What is left of a deadline, 0 for none, after what was waited since then. */
  static long leftNanos(long timeoutNanos, long sinceNanos) {
    return timeoutNanos == 0 ? 0 : Math.max(1, timeoutNanos - (System.nanoTime() - sinceNanos));
  }

  /** Fails a deferred call when its time is up; 0: never. */
  @SuppressWarnings("FutureReturnValueIgnored") // It only tidies up.
  private void failAfter(long timeoutNanos, String call, CompletableFuture<?> future) {
    if (timeoutNanos == 0) {
      return;
    }
    try {
      Future<?> deadline =
          timer.schedule(
              () -> future.completeExceptionally(failures.timeout(call, timeoutNanos)),
              timeoutNanos,
              TimeUnit.NANOSECONDS);
      future.whenComplete((value, failure) -> deadline.cancel(false));
    } catch (RejectedExecutionException closing) {
      // Then the start fails, and the call with it.
    }
  }

  void awaitTried() {
    boolean interrupted = false;
    while (true) {
      try {
        tried.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
