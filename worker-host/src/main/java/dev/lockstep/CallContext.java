package dev.lockstep;

import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The chain of calls that a thread works for, for handlers that go on in another thread.
 *
 * <p>A call made by a wrapped task belongs to the chain of the handler that wrapped it: it is
 * served on top of the call that waits, instead of waiting behind it for ever, and counts for the
 * chain's depth. Got from {@link Workers#callContext()}; one for all workers of a {@code Workers}.
 */
public interface CallContext {
  /** A task that runs in the chain that this thread is in now. */
  Runnable wrap(Runnable task);

  /** A task that runs in the chain that this thread is in now. */
  <T extends @Nullable Object> Callable<T> wrapCallable(Callable<T> task);

  /** An executor whose tasks run in the chain of the thread that submits them. */
  Executor wrapExecutor(Executor executor);
}
