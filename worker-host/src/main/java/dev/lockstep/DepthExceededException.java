package dev.lockstep;

/** A chain of nested calls is longer than the limit. The message names the chain. */
public final class DepthExceededException extends LockstepException {
  private static final long serialVersionUID = 1L;

  DepthExceededException(String message) {
    super(message);
  }
}
