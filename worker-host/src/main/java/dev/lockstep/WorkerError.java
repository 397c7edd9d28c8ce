package dev.lockstep;

/**
 * An error that no call carries: nobody waits for what failed.
 *
 * @param worker the worker's name
 * @param source what failed
 * @param name which one: the function of a notification, the thread, what the event loop or Python
 *     says of it; may be empty
 * @param error a {@link PythonException} with its traceback for Python code, else what Java code
 *     threw
 */
public record WorkerError(String worker, Source source, String name, Throwable error) {
  /** What failed. */
  public enum Source {
    /** What the worker does with a message, or Java with one of the worker's. */
    MESSAGE,
    /** A Python function that Java notified. */
    NOTIFICATION,
    /** A thread of the worker's. */
    THREAD,
    /** A callback or a task of the worker's event loop that nobody awaits. */
    EVENT_LOOP,
    /** Python code that cannot raise, such as {@code __del__}. */
    UNRAISABLE,
    /** A Java function that the worker notified, or a consumer of what the worker tells. */
    JAVA;

    /** As it stands in a sentence and on the wire. */
    String text() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** What the worker said; {@link #NOTIFICATION} for what it cannot have said. */
    static Source of(String text) {
      for (Source source : values()) {
        if (source.text().equals(text)) {
          return source;
        }
      }
      return NOTIFICATION;
    }
  }
}
