package dev.lockstep;

import java.util.Locale;

/** Which twin of the worker's half of the bridge serves: both do the same, one is faster. */
public enum Accelerator {
  /** The C twin if there is one for the interpreter, else the pure one. */
  AUTO,
  /** The C twin; without one the worker does not start. */
  C,
  /** The twin in pure Python. */
  PY;

  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
