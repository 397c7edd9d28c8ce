package dev.lockstep.codec;

/** A tag's content is of the right type but not what the tag stands for; the reader adds where. */
final class MisfitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MisfitException(String message) {
    super(message, null, false, false);
  }
}
