package dev.lockstep;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What a call or a future fails with. */
final class Failing {
  private Failing() {}

  /** The failure itself, not what a future wraps it in. */
  static <E extends Throwable> E with(Class<E> type, ThrowingCallable action) {
    try {
      action.call();
    } catch (Throwable thrown) {
      Throwable cause =
          thrown instanceof CompletionException && thrown.getCause() != null
              ? thrown.getCause()
              : thrown;
      if (type.isInstance(cause)) {
        return type.cast(cause);
      }
      throw new AssertionError("expected " + type.getName() + ", got " + cause, cause);
    }
    throw new AssertionError("expected " + type.getName() + ", nothing was thrown");
  }

  /** The same for a future, which must be done within 20 s. */
  static <E extends Throwable> E with(Class<E> type, CompletableFuture<?> future) {
    return with(type, () -> future.orTimeout(20, TimeUnit.SECONDS).join());
  }
}
