package dev.lockstep.ring;

/**
 * The segment holds what no peer of ours writes. Final: the channel is broken, nothing is repaired
 * or skipped.
 *
 * <p>The message names the word, its value and what was allowed.
 */
public final class PeerFaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final String word;

  public PeerFaultException(String word, long value, String allowed) {
    super("the peer wrote what it never may: " + word + "=" + value + ", allowed: " + allowed);
    this.word = word;
  }

  public PeerFaultException(String word, Throwable cause) {
    super("the peer's memory cannot be read: " + word, cause);
    this.word = word;
  }

  /** The word or field that is wrong: {@code tail}, {@code head}, {@code length}, {@code kind}… */
  public String word() {
    return word;
  }
}
