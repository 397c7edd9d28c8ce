package dev.lockstep.call;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The one place from which a thread of this process may sleep on the incoming lane.
 *
 * <p>The pump sits here, but for when it runs user code. A pump that is away for long, because its
 * handler waits for another worker, would leave parked callers without a reader: then one of them
 * takes the seat until its own call is settled.
 */
final class Seat {
  private final AtomicReference<@Nullable Thread> sitter = new AtomicReference<>();

  boolean tryTake(Thread thread) {
    return sitter.get() == null && sitter.compareAndSet(null, thread);
  }

  void leave() {
    sitter.set(null);
  }

  boolean isVacant() {
    return sitter.get() == null;
  }

  @Nullable Thread sitter() {
    return sitter.get();
  }
}
