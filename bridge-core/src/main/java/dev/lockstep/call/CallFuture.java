package dev.lockstep.call;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The answer of a {@code callAsync}; cancelling it ends the call. */
final class CallFuture extends CompletableFuture<@Nullable Object> {
  private final CallEngine engine;
  private volatile @Nullable PendingCall call;

  CallFuture(CallEngine engine) {
    this.engine = engine;
  }

  void of(PendingCall made) {
    call = made;
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    PendingCall cancelled = call;
    // Out of the table first: what depends on this future may look at the engine.
    boolean ours = cancelled != null && engine.cancel(cancelled, mayInterruptIfRunning);
    boolean done = super.cancel(mayInterruptIfRunning);
    return done || ours;
  }

  @Override
  public @Nullable Object get() throws InterruptedException, ExecutionException {
    aboutToWait();
    return super.get();
  }

  @Override
  public @Nullable Object get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    aboutToWait();
    return super.get(timeout, unit);
  }

  @Override
  public @Nullable Object join() {
    aboutToWait();
    return super.join();
  }

  /** A handler on a pump that waits here would keep that pump from reading. */
  private void aboutToWait() {
    if (!isDone()) {
      engine.waits().aboutToWaitFor(engine.contexts().state().pump);
    }
  }

  /** What depends on it is an ordinary future: cancelling that does not end the call. */
  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }
}
