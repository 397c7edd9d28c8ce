package dev.lockstep;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * A view of a worker's readiness that refuses to wait where waiting would never end: on the thread
 * that serves a call of the script that boots.
 */
final class ReadyFuture<T> extends CompletableFuture<T> {
  private final BooleanSupplier isServingBootCall;
  private final String worker;

  @SuppressWarnings("FutureReturnValueIgnored")
  ReadyFuture(CompletableFuture<T> source, BooleanSupplier isServingBootCall, String worker) {
    this.isServingBootCall = isServingBootCall;
    this.worker = worker;
    source.whenComplete(
        (ready, failure) -> {
          if (failure != null) {
            completeExceptionally(failure);
          } else {
            complete(ready);
          }
        });
  }

  private void requireNoDeadlock() {
    if (!isDone() && isServingBootCall.getAsBoolean()) {
      throw new IllegalStateException(
          "ready() is waited for by the thread that serves a call of the booting script, which waits"
              + " for that call: worker="
              + worker
              + "; wait on another thread, or call the function after the start");
    }
  }

  @Override
  public T join() {
    requireNoDeadlock();
    return super.join();
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    requireNoDeadlock();
    return super.get();
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    requireNoDeadlock();
    return super.get(timeout, unit);
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }
}
