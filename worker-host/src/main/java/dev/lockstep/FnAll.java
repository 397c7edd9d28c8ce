package dev.lockstep;

import org.jspecify.annotations.Nullable;

/** A Java function of any number of parameters that Python may call. */
@FunctionalInterface
public interface FnAll {
  /**
   * Runs the function.
   *
   * @param arguments one for each parameter type, converted; the function may keep the array
   */
  @Nullable Object call(@Nullable Object[] arguments) throws Exception;
}
