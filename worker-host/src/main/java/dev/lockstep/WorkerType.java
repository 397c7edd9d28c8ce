package dev.lockstep;

import java.util.Locale;

/** Which kind of Python a worker runs, by the names that web pages use for them. */
public enum WorkerType {
  /** CPython (or PyPy): the interpreter that the builder names. */
  PY,
  /** What a page calls CPython in the browser; the same as {@link #PY} here. */
  PYODIDE,
  /** MicroPython: refused in this version. */
  MPY,
  /** MicroPython: refused in this version. */
  MICROPYTHON;

  /**
   * The type of a name as {@code py} or {@code pyodide}.
   *
   * @throws IllegalArgumentException naming those that there are
   */
  public static WorkerType parse(String name) {
    for (WorkerType type : values()) {
      if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "there is no such type of worker: type=" + name + ", known: py, pyodide, mpy, micropython");
  }

  /** Refuses what this version cannot start. */
  WorkerType requireSupported() {
    if (this == MPY || this == MICROPYTHON) {
      throw new IllegalArgumentException(
          "MicroPython workers are not supported by this version: use type \"py\" with a CPython of"
              + " 3.9 or newer; type="
              + name().toLowerCase(Locale.ROOT));
    }
    return this;
  }
}
