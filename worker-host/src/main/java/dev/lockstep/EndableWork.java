package dev.lockstep;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Work for a worker that takes its time, on whichever threads, and ends with the worker: they are
 * interrupted while they do it, and neither before nor behind it.
 */
final class EndableWork {
  private static final long LEAVING_SECONDS = 5;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();
  private final Set<Thread> working = new HashSet<>(); // guarded by lock
  private boolean ended; // guarded by lock

  /** What is done. */
  interface Work<T> {
    T run() throws InterruptedException;
  }

  /**
   * Does it, on this thread, which does no other such work.
   *
   * @throws InterruptedException if it was ended before or meanwhile, or somebody else interrupted
   *     this thread
   */
  <T> T run(Work<T> work) throws InterruptedException {
    begin();
    try {
      return work.run();
    } finally {
      finish();
    }
  }

  private void begin() throws InterruptedException {
    lock.lock();
    try {
      if (ended) {
        throw new InterruptedException();
      }
      working.add(Thread.currentThread());
    } finally {
      lock.unlock();
    }
  }

  /** From here on nobody interrupts this thread, and no interrupt of {@link #end} is left. */
  private void finish() {
    lock.lock();
    try {
      working.remove(Thread.currentThread());
      if (ended) {
        Thread.interrupted();
      }
      left.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /** Ends what is being done as soon as possible, and lets nothing more begin. */
  void end() {
    lock.lock();
    try {
      ended = true;
      working.forEach(Thread::interrupt);
    } finally {
      lock.unlock();
    }
  }

  /** Waits a while for what was ended to be over: it may have a process to end. */
  void awaitEnded() {
    lock.lock();
    try {
      long nanos = TimeUnit.SECONDS.toNanos(LEAVING_SECONDS);
      while (nanos > 0 && working.stream().anyMatch(each -> each != Thread.currentThread())) {
        nanos = left.awaitNanos(nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
