package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * A Java function of three parameters and without a result that Python may call; Python gets {@code
 * None}. See {@link ExposesFunctions}.
 */
@FunctionalInterface
public interface VoidFn3<
    A extends @Nullable Object, B extends @Nullable Object, C extends @Nullable Object> {
  /** Runs the function. */
  void call(A a, B b, C c) throws Exception;
}
