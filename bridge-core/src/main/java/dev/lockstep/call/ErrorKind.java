package dev.lockstep.call;

/** Why a call failed: the {@code kind} of an error map. */
public enum ErrorKind {
  /** The function threw. */
  EXCEPTION("exception"),
  /** No function of that name can be called. */
  NOT_EXPORTED("not_exported"),
  /** The arguments do not fit the function's signature. */
  WRONG_ARGUMENTS("wrong_arguments"),
  /** The result, or an argument, is no value that can cross. */
  UNSERIALIZABLE("unserializable"),
  /** The call was cancelled where it ran. */
  CANCELLED("cancelled"),
  /** Too many calls wait on the called side. */
  QUEUE_FULL("queue_full"),
  /** The chain of nested calls is too long. */
  DEPTH("depth"),
  /** The result is longer than a message may be. */
  TOO_LARGE("too_large"),
  /** The function is not there yet: the script still boots. */
  STILL_BOOTING("still_booting"),
  /** A coroutine's own chain blocks the loop that it needs. */
  LOOP_BLOCKED("loop_blocked"),
  /** The called side is closing. */
  CLOSED("closed");

  private final String text;

  ErrorKind(String text) {
    this.text = text;
  }

  /** The word on the wire. */
  public String text() {
    return text;
  }

  /** The kind of this word; {@link #EXCEPTION} for one that a newer peer may know. */
  static ErrorKind of(String text) {
    for (ErrorKind kind : values()) {
      if (kind.text.equals(text)) {
        return kind;
      }
    }
    return EXCEPTION;
  }
}
