package dev.lockstep.memory;

/** A segment cannot be made, or is not the one that was announced. The message names the field. */
public final class SegmentException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SegmentException(String message) {
    super(message);
  }

  public SegmentException(String message, Throwable cause) {
    super(message, cause);
  }
}
