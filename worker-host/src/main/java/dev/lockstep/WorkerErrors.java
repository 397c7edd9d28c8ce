package dev.lockstep;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells of one worker's errors that no call carries: to the builder's consumer, or to the log.
 *
 * <p>The consumer may take as long as it likes, and call the worker: it has a thread of its own
 * while there is something to tell.
 */
final class WorkerErrors {
  private static final int MAX_WAITING = 1024;
  private static final long LAST_WORDS_NANOS = 1_000_000_000;

  private final String worker;
  private final @Nullable Consumer<? super WorkerError> consumer;
  private final System.Logger log;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<WorkerError> waiting = new ArrayDeque<>(); // guarded by lock
  private boolean telling; // guarded by lock
  private long dropped; // guarded by lock
  private final Condition told = lock.newCondition();

  WorkerErrors(String worker, @Nullable Consumer<? super WorkerError> consumer, System.Logger log) {
    this.worker = worker;
    this.consumer = consumer;
    this.log = log;
  }

  /** Any thread; waits for nobody. */
  void tell(WorkerError.Source source, String name, Throwable error) {
    WorkerError told = new WorkerError(worker, source, name, error);
    if (consumer == null) {
      toLog(told);
      return;
    }
    lock.lock();
    try {
      if (waiting.size() == MAX_WAITING) {
        dropped++;
        return;
      }
      if (!telling) {
        Thread thread = Services.daemon(() -> tellAll(consumer));
        thread.setName("lockstep-errors-" + worker);
        thread.start();
        telling = true;
      }
      waiting.add(told);
    } catch (OutOfMemoryError noThread) { // what the JDK throws at a limit of threads
      toLog(told);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all has been told, but not for long: the consumer may wait for this thread. */
  void awaitTold() {
    long leftNanos = LAST_WORDS_NANOS;
    lock.lock();
    try {
      while (telling && leftNanos > 0) {
        leftNanos = told.awaitNanos(leftNanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void tellAll(Consumer<? super WorkerError> handler) {
    WorkerError next;
    while ((next = next()) != null) {
      try {
        handler.accept(next);
      } catch (RuntimeException | Error failed) {
        failed.addSuppressed(next.error());
        log.log(System.Logger.Level.WARNING, "onError failed: " + sentence(next), failed);
      }
    }
  }

  private @Nullable WorkerError next() {
    lock.lock();
    try {
      if (dropped != 0) {
        log.log(
            System.Logger.Level.WARNING,
            "errors were not told, onError takes too long: worker="
                + worker
                + ", dropped="
                + dropped
                + ", limit="
                + MAX_WAITING);
        dropped = 0;
      }
      WorkerError next = waiting.poll();
      telling = next != null;
      if (!telling) {
        told.signalAll();
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void toLog(WorkerError told) {
    log.log(System.Logger.Level.WARNING, sentence(told), told.error());
  }

  private static String sentence(WorkerError told) {
    return "nobody waits for this failure: worker="
        + told.worker()
        + ", source="
        + told.source().text()
        + ", name="
        + told.name();
  }
}
