package dev.lockstep.call;

import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Which received call each thread works for. One per {@code Workers}, shared by its engines, so
 * that a chain of calls can pass through several workers.
 *
 * <p>A handler that goes on in another thread wraps its task here: calls made by the task then
 * belong to the handler's chain, are served on top of it, and count for its depth.
 */
public final class CallContexts {
  /** One object per thread and instance: one look-up on the way of a call. */
  private final ThreadLocal<ThreadState> states = ThreadLocal.withInitial(ThreadState::new);

  /** Contexts of no chain yet. */
  public CallContexts() {}

  /** A task that runs with the context that this thread has now. */
  public Runnable wrap(Runnable task) {
    CallContext context = current();
    return () -> {
      ThreadState state = state();
      CallContext before = state.enter(context);
      try {
        task.run();
      } finally {
        state.leave(before);
      }
    };
  }

  /** A task that runs with the context that this thread has now. */
  public <T extends @Nullable Object> Callable<T> wrap(Callable<T> task) {
    CallContext context = current();
    return () -> {
      ThreadState state = state();
      CallContext before = state.enter(context);
      try {
        return task.call();
      } finally {
        state.leave(before);
      }
    };
  }

  /** An executor whose tasks run with the context of the thread that submits them. */
  public Executor wrap(Executor executor) {
    return task -> executor.execute(wrap(task));
  }

  ThreadState state() {
    return states.get();
  }

  @Nullable CallContext current() {
    return state().context();
  }
}
