package dev.lockstep;

/**
 * A line that a worker, or a process that it started, wrote.
 *
 * @param stream where it was written
 * @param text without its line end; bytes that are not UTF-8 are replaced by U+FFFD
 * @param isComplete whether a line end followed; false for a piece of a line of more than 64 KiB
 *     and for a last line without an end
 */
public record OutputLine(Stream stream, String text, boolean isComplete) {
  /** Which of the two streams. */
  public enum Stream {
    STDOUT,
    STDERR
  }
}
