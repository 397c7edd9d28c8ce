package dev.lockstep;

/**
 * A value cannot cross, or the one that came does not fit the asked type. The message names where
 * and why; nothing was sent if it is an argument.
 */
public final class UnserializableException extends LockstepException {
  private static final long serialVersionUID = 1L;
  private final String path;

  UnserializableException(String message, String path) {
    super(message);
    this.path = path;
  }

  /** Where in the value: {@code args[0]["cb"]}, {@code result["rows"][3].when}. */
  public String path() {
    return path;
  }
}
