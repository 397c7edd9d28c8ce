package dev.lockstep.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Knows when everything that was notified before a {@code flush} has been handled.
 *
 * <p>Notifications between two flushes form a group; a flush is answered when its group and all
 * before it are done. Arrivals are counted by the holder of the reader's role.
 */
final class NotificationOrder {
  /** Notifications between two flushes. */
  static final class Group {
    /** One more than the unhandled ones, until the group is closed by a flush. */
    private final AtomicInteger open = new AtomicInteger(1);

    private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();

    /** One of the group has been handled. */
    void handled() {
      if (open.decrementAndGet() == 0) {
        done.complete(null);
      }
    }
  }

  private Group current = new Group();
  private CompletableFuture<@Nullable Void> flushed = CompletableFuture.completedFuture(null);

  /** A notification arrived; its group is told when it has been handled. */
  Group arrived() {
    current.open.incrementAndGet();
    return current;
  }

  /** A flush arrived; completes when everything before it is handled. */
  CompletableFuture<@Nullable Void> flush() {
    Group closed = current;
    current = new Group();
    closed.handled();
    CompletableFuture<@Nullable Void> before = flushed;
    flushed = before.isDone() ? closed.done : before.thenCombine(closed.done, (a, b) -> null);
    return flushed;
  }
}
