package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * A Java function of two parameters and without a result that Python may call; Python gets {@code
 * None}. See {@link ExposesFunctions}.
 */
@FunctionalInterface
public interface VoidFn2<A extends @Nullable Object, B extends @Nullable Object> {
  /** Runs the function. */
  void call(A a, B b) throws Exception;
}
