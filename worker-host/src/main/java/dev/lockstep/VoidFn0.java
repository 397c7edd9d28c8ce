package dev.lockstep;

/**
 * A Java function of no parameters and without a result that Python may call; Python gets {@code
 * None}. See {@link ExposesFunctions}.
 */
@FunctionalInterface
public interface VoidFn0 {
  /** Runs the function. */
  void call() throws Exception;
}
