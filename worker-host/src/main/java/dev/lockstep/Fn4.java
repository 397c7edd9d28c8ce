package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * A Java function of four parameters that Python may call; see {@link ExposesFunctions}.
 *
 * <p>Whatever it throws reaches the Python caller. A {@link java.util.concurrent.CompletionStage}
 * as result is awaited without a thread.
 */
@FunctionalInterface
public interface Fn4<
    A extends @Nullable Object,
    B extends @Nullable Object,
    C extends @Nullable Object,
    D extends @Nullable Object,
    R extends @Nullable Object> {
  /** Runs the function. */
  R call(A a, B b, C c, D d) throws Exception;
}
