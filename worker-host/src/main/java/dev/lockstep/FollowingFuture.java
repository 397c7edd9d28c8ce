package dev.lockstep;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A future that ends as another one does, and hands its own cancellation on to that one. */
final class FollowingFuture extends CompletableFuture<@Nullable Object> {
  private final boolean hasValue;
  private volatile @Nullable CompletableFuture<@Nullable Object> source;

  private FollowingFuture(boolean hasValue) {
    this.hasValue = hasValue;
  }

  /** One that is told later what to follow. */
  static FollowingFuture ofLater() {
    return new FollowingFuture(true);
  }

  /** One that completes with null. */
  static FollowingFuture withoutValue(CompletableFuture<@Nullable Object> source) {
    FollowingFuture future = new FollowingFuture(false);
    future.follow(source);
    return future;
  }

  /**
   * One of a run, whose output must have been read first.
   *
   * @param outputRead starts reading; completes on a thread that must not run what depends on this
   */
  @SuppressWarnings("FutureReturnValueIgnored")
  static FollowingFuture ofRun(
      CompletableFuture<@Nullable Object> source, Supplier<CompletableFuture<Void>> outputRead) {
    FollowingFuture future = new FollowingFuture(true);
    future.source = source;
    source.whenComplete(
        (value, failure) ->
            outputRead.get().whenCompleteAsync((read, unread) -> future.end(value, failure)));
    return future;
  }

  @SuppressWarnings("FutureReturnValueIgnored")
  void follow(CompletableFuture<@Nullable Object> followed) {
    source = followed;
    if (isDone()) {
      followed.cancel(true); // Cancelled, or out of time, before there was anything to follow.
    }
    followed.whenComplete(this::end);
  }

  private void end(@Nullable Object value, @Nullable Throwable failure) {
    if (failure == null) {
      complete(hasValue ? value : null);
    } else {
      completeExceptionally(failure);
    }
  }

  /** Does something when this is cancelled. */
  @SuppressWarnings("FutureReturnValueIgnored")
  void whenCancelled(Runnable then) {
    whenComplete(
        (value, failure) -> {
          if (isCancelled()) {
            then.run();
          }
        });
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    CompletableFuture<@Nullable Object> followed = source;
    if (followed != null) {
      followed.cancel(mayInterruptIfRunning);
    }
    return super.cancel(mayInterruptIfRunning);
  }
}
