package dev.lockstep;

import org.jspecify.annotations.Nullable;

/** Answers {@code input()} of a worker's Python code. */
@FunctionalInterface
public interface InputHandler {
  /**
   * The line that somebody types.
   *
   * @param prompt what {@code input} was given; empty for {@code sys.stdin}
   * @return the line, with or without its end; null where there are no more, which is an {@code
   *     EOFError} in Python
   * @throws Exception that {@code input()} raises as a {@code JavaError}
   */
  @Nullable String line(String prompt) throws Exception;
}
