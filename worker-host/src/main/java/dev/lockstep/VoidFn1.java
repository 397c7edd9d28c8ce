package dev.lockstep;

import org.jspecify.annotations.Nullable;

/**
 * A Java function of one parameter and without a result that Python may call; Python gets {@code
 * None}. See {@link ExposesFunctions}.
 */
@FunctionalInterface
public interface VoidFn1<A extends @Nullable Object> {
  /** Runs the function. */
  void call(A a) throws Exception;
}
