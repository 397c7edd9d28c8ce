package dev.lockstep.env;

/** There is nothing to run a worker with. The message says what was looked for and what to do. */
public final class EnvironmentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EnvironmentException(String message) {
    super(message);
  }

  EnvironmentException(String message, Throwable cause) {
    super(message, cause);
  }
}
