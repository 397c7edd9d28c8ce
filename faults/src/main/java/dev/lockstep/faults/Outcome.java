package dev.lockstep.faults;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * How a call ended.
 *
 * @param value what it returned
 * @param error what it failed with, without wrapping
 */
public record Outcome(@Nullable Object value, @Nullable Throwable error) {
  /** Waits for a call; a call that does not end is what no row forgives. */
  public static Outcome of(CompletableFuture<?> call, Duration limit) throws InterruptedException {
    try {
      return new Outcome(call.get(limit.toNanos(), TimeUnit.NANOSECONDS), null);
    } catch (ExecutionException e) {
      return new Outcome(null, unwrapped(e.getCause()));
    } catch (TimeoutException e) {
      throw new AssertionError("a call hangs: limit=" + limit, e);
    }
  }

  /** What a call does on this thread. */
  public static Outcome of(Call call) {
    try {
      return new Outcome(call.run(), null);
    } catch (Exception | StackOverflowError | InternalError e) {
      return new Outcome(null, unwrapped(e));
    }
  }

  /** A call. */
  @FunctionalInterface
  public interface Call {
    /** Its value. */
    @Nullable Object run() throws Exception;
  }

  private static @Nullable Throwable unwrapped(@Nullable Throwable error) {
    return error instanceof CompletionException && error.getCause() != null
        ? error.getCause()
        : error;
  }

  /** The error, which must be of this class. */
  public <E extends Throwable> E failedWith(Class<E> type) {
    if (!type.isInstance(error)) {
      throw new AssertionError("expected " + type.getSimpleName() + ", but: " + this, error);
    }
    return type.cast(error);
  }

  /** The value; it must not have failed. */
  public @Nullable Object succeeded() {
    if (error != null) {
      throw new AssertionError("expected a value, but: " + error, error);
    }
    return value;
  }

  public boolean isFailure() {
    return error != null;
  }
}
