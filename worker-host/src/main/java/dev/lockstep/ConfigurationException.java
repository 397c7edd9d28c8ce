package dev.lockstep;

/** A worker's configuration cannot be used. The message names the key. */
public final class ConfigurationException extends LockstepException {
  private static final long serialVersionUID = 1L;

  ConfigurationException(String message) {
    super(message);
  }
}
