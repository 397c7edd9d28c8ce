package dev.lockstep;

/** Too many calls are in flight, or wait on the called side. The message names the limit. */
public final class QueueFullException extends LockstepException {
  private static final long serialVersionUID = 1L;

  QueueFullException(String message) {
    super(message);
  }
}
