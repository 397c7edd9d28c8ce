package dev.lockstep;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The future of a run whose output must have been read first; hands its cancellation on. */
final class RunFuture extends CompletableFuture<@Nullable Object> {
  private final CompletableFuture<@Nullable Object> source;

  /**
   * A future that completes as another does, a little later.
   *
   * @param outputRead starts reading; completes on a thread that must not run what depends on this
   */
  @SuppressWarnings("FutureReturnValueIgnored")
  RunFuture(
      CompletableFuture<@Nullable Object> source, Supplier<CompletableFuture<Void>> outputRead) {
    this.source = source;
    source.whenComplete(
        (value, failure) ->
            outputRead
                .get()
                .whenCompleteAsync(
                    (read, unread) -> {
                      if (failure == null) {
                        complete(value);
                      } else {
                        completeExceptionally(failure);
                      }
                    }));
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    source.cancel(mayInterruptIfRunning);
    return super.cancel(mayInterruptIfRunning);
  }
}
