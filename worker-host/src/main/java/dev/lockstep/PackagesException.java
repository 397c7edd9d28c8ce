package dev.lockstep;

/** What a script imports cannot be installed. The message names the modules and what to do. */
public final class PackagesException extends LockstepException {
  private static final long serialVersionUID = 1L;

  PackagesException(String message) {
    super(message);
  }

  PackagesException(String message, Throwable cause) {
    super(message, cause);
  }
}
