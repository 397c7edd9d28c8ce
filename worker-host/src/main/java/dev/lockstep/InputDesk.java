package dev.lockstep;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Asks one worker's input handler, for one line at a time: people type into one prompt only.
 *
 * <p>The handler may take as long as it likes: it has a thread of its own while there is something
 * to ask. A prompt that nobody waits for any more is taken back: its thread is interrupted.
 */
final class InputDesk {
  private static final int MAX_WAITING = 64;

  private final String worker;
  private final InputHandler handler;
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Line> waiting = new ArrayDeque<>();
  private boolean asking;

  InputDesk(String worker, InputHandler handler) {
    this.worker = worker;
    this.handler = handler;
  }

  /**
   * The line to come; cancelling it takes the prompt back.
   *
   * @param printed completes when what was printed before the prompt has been delivered
   * @throws QueueFullException if the worker asks for more lines at once than anybody types
   */
  CompletableFuture<@Nullable String> ask(String prompt, CompletableFuture<Void> printed) {
    Line line = new Line(prompt, printed);
    lock.lock();
    try {
      if (waiting.size() >= MAX_WAITING) {
        throw new QueueFullException(
            "too many calls of input() wait: worker=" + worker + ", limit=" + MAX_WAITING);
      }
      waiting.add(line);
      if (!asking) {
        Thread thread = Services.daemon(this::askAll);
        thread.setName("lockstep-input-" + worker);
        thread.start();
        asking = true;
      }
    } finally {
      lock.unlock();
    }
    return line;
  }

  private void askAll() {
    Line line;
    while ((line = next()) != null) {
      try {
        line.printed.get();
        String typed = handler.line(line.prompt);
        answered(line);
        line.complete(typed);
      } catch (Throwable thrown) {
        answered(line);
        line.completeExceptionally(thrown);
      }
    }
  }

  private @Nullable Line next() {
    lock.lock();
    try {
      Line line;
      do {
        line = waiting.poll();
      } while (line != null && line.isDone());
      asking = line != null;
      if (line != null) {
        line.thread = Thread.currentThread();
      }
      return line;
    } finally {
      lock.unlock();
    }
  }

  /**
   * From here on its cancellation interrupts nobody; one that came just now must not hit the next.
   */
  private void answered(Line line) {
    lock.lock();
    try {
      line.thread = null;
      Thread.interrupted();
    } finally {
      lock.unlock();
    }
  }

  private final class Line extends CompletableFuture<@Nullable String> {
    final String prompt;
    final CompletableFuture<Void> printed;
    @Nullable Thread thread; // guarded by lock

    Line(String prompt, CompletableFuture<Void> printed) {
      this.prompt = prompt;
      this.printed = printed;
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      lock.lock();
      try {
        Thread asked = thread;
        if (asked != null) {
          asked.interrupt();
        }
      } finally {
        lock.unlock();
      }
      return cancelled;
    }
  }
}
