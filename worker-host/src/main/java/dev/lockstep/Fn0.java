package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * A Java function of no parameters that Python may call; see {@link ExposesFunctions}.
 *
 * <p>Whatever it throws reaches the Python caller. A {@link java.util.concurrent.CompletionStage}
 * as result is awaited without a thread.
 */
@FunctionalInterface
public interface Fn0<R extends @Nullable Object> {
  /** Runs the function. */
  R call() throws Exception;
}
