package dev.lockstep;

import java.util.List;

/**
 * The worker exports no function of that name, or none yet. The message names the worker and what
 * it exports.
 */
public final class NotExportedException extends LockstepException {
  private static final long serialVersionUID = 1L;
  private final transient List<String> exports;

  NotExportedException(String message, List<String> exports) {
    super(message);
    this.exports = List.copyOf(exports);
  }

  /** What it does export; empty after deserialization. */
  public List<String> exports() {
    return exports == null ? List.of() : exports;
  }
}
