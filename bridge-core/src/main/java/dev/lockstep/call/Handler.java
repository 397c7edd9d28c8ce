package dev.lockstep.call;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A function that the peer may call.
 *
 * <p>It runs on the pump, on the executor named for it, or, when the call is nested in one that a
 * thread waits for, on that thread. It may call the peer again. If it returns a {@link
 * java.util.concurrent.CompletionStage}, the answer is sent when the stage completes and no thread
 * waits for it.
 */
@FunctionalInterface
public interface Handler {
  /**
   * Answers one call.
   *
   * @param arguments decoded to the parameter types given to {@code expose}; the handler may keep
   *     them
   * @param keywords keyword arguments, empty if there are none
   * @return the result, or a stage of it; for a notification it is ignored
   * @throws Throwable whatever is thrown reaches the caller as an error map
   */
  @Nullable Object call(@Nullable Object[] arguments, Map<String, @Nullable Object> keywords)
      throws Throwable;
}
