package dev.lockstep.stdio;

import dev.lockstep.os.Fd;
import dev.lockstep.os.Pipe;
import dev.lockstep.os.Poll;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One thread that reads any number of pipes: the output of all workers, and the lifelines that tell
 * when one replaces itself by {@code exec}.
 *
 * <p>The thread sleeps in {@code poll} and owns the list of pipes; other threads hand it their
 * wishes through a queue and wake it through a pipe of its own. Nothing is read ahead of its
 * consumer: a consumer that is slow fills the pipes, and the workers wait when they write.
 */
public final class OutputPoller implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;

  /** What a dead worker may leave behind in a pipe; more comes from somebody who is still alive. */
  private static final int MAX_DRAIN_BYTES = 1024 * 1024;

  private static final int UNTIL_WOKEN = -1;
  private static final byte[] ONE_BYTE = {1};

  private final Pipe wake = Pipe.open();
  private final AtomicBoolean wakePending = new AtomicBoolean();
  private final ConcurrentLinkedQueue<Runnable> wishes = new ConcurrentLinkedQueue<>();
  private final List<Entry> entries = new ArrayList<>(); // the thread's own
  private final byte[] buffer = new byte[BUFFER_BYTES]; // the thread's own
  private final Thread thread;
  private volatile boolean closing;

  /** Starts the thread, a daemon. */
  public OutputPoller(String threadName) {
    thread = new Thread(this::run, threadName);
    thread.setDaemon(true);
    thread.start();
  }

  private record Entry(Fd fd, ByteSink sink) {}

  /**
   * Reads a pipe from now on, until its end; then closes it.
   *
   * @param readEnd this owns it from now on
   */
  public void add(Fd readEnd, ByteSink sink) {
    wish(() -> entries.add(new Entry(readEnd, sink)));
  }

  /**
   * Reads what is in these pipes now, and closes them: their worker is dead. A process that it left
   * behind and that holds the other end delays nothing.
   *
   * @return completes, on the polling thread, when all was delivered
   */
  public CompletableFuture<Void> drain(List<Fd> readEnds) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    wish(
        () -> {
          for (Iterator<Entry> it = entries.iterator(); it.hasNext(); ) {
            Entry entry = it.next();
            if (readEnds.contains(entry.fd)) {
              it.remove();
              drain(entry);
            }
          }
          done.complete(null);
        });
    if (!thread.isAlive()) {
      done.complete(null);
    }
    return done;
  }

  /**
   * Reads what is in these pipes now, then runs something on the polling thread: what it does lies
   * between what was written before this call and what is written after its completion.
   */
  public CompletableFuture<Void> afterReading(List<Fd> readEnds, Runnable then) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    wish(
        () -> {
          for (Iterator<Entry> it = entries.iterator(); it.hasNext(); ) {
            Entry entry = it.next();
            if (readEnds.contains(entry.fd) && !readAll(entry)) {
              it.remove();
              end(entry);
            }
          }
          then.run();
          done.complete(null);
        });
    if (!thread.isAlive()) {
      done.complete(null);
    }
    return done;
  }

  private void wish(Runnable wish) {
    wishes.add(wish);
    if (wakePending.compareAndSet(false, true)) {
      try {
        wake.writeEnd().write(ONE_BYTE);
      } catch (IllegalStateException e) {
        // Closed meanwhile: close() has settled every wish, or will find this one.
      }
    }
  }

  private void run() {
    try {
      while (!closing) {
        int[] fds = new int[entries.size() + 1];
        fds[0] = wake.readEnd().number();
        for (int i = 0; i < entries.size(); i++) {
          fds[i + 1] = entries.get(i).fd.number();
        }
        boolean[] ready = Poll.await(fds, UNTIL_WOKEN);
        // From the last to the first: entries that end leave the list.
        for (int i = entries.size() - 1; i >= 0; i--) {
          if (ready[i + 1] && !readOnce(entries.get(i))) {
            end(entries.remove(i));
          }
        }
        if (ready[0]) {
          wake.readEnd().read(buffer);
          wakePending.set(false);
        }
        grantWishes();
      }
    } finally {
      closing = true;
      grantWishes();
      entries.forEach(OutputPoller::end);
      entries.clear();
      wake.close();
      grantWishes();
    }
  }

  private void grantWishes() {
    Runnable wish;
    while ((wish = wishes.poll()) != null) {
      wish.run();
    }
  }

  /** False at the end. */
  private boolean readOnce(Entry entry) {
    int length = entry.fd.read(buffer);
    if (length <= 0) {
      return false;
    }
    deliver(entry, length);
    return true;
  }

  private void drain(Entry entry) {
    readAll(entry);
    end(entry);
  }

  /** Reads all that is in the pipe, whatever somebody adds meanwhile; false at the end. */
  private boolean readAll(Entry entry) {
    int left = MAX_DRAIN_BYTES;
    int[] fd = {entry.fd.number()};
    while (left > 0 && Poll.await(fd, 0)[0]) {
      int length = entry.fd.read(buffer);
      if (length <= 0) {
        return false;
      }
      deliver(entry, length);
      left -= length;
    }
    return true;
  }

  @SuppressWarnings("CatchAndPrintStackTrace")
  private void deliver(Entry entry, int length) {
    try {
      entry.sink.onBytes(buffer, length);
    } catch (RuntimeException | Error e) {
      // A sink reports what its consumer throws; one that does not must not stop the others.
    }
  }

  private static void end(Entry entry) {
    try {
      entry.sink.onEnd();
    } catch (RuntimeException | Error e) {
      // As in deliver.
    } finally {
      entry.fd.close();
    }
  }

  /** Ends the thread and closes what it still reads. Returns when it has ended. */
  @Override
  public void close() {
    wish(() -> closing = true);
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
