package dev.lockstep.codec;

import org.jspecify.annotations.Nullable;

/**
 * A value that cannot cross, or that does not fit the type that was asked for.
 *
 * <p>It knows where in the value the trouble is, as {@code args[0]["cb"]} or {@code
 * result["rows"][3].when}.
 */
public class ValueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What went wrong. */
  public enum Kind {
    /** The value has no form on the wire; nothing was sent. */
    UNSERIALIZABLE,
    /** The value arrived whole, but is not what the asked type holds. */
    MISMATCH,
    /** The message would be longer than its limit; nothing was sent. */
    TOO_LARGE
  }

  private final Kind kind;
  private final String type;
  private final String reason;
  private final StringBuilder path = new StringBuilder();

  ValueException(Kind kind, String type, String reason, @Nullable Throwable cause) {
    super(reason, cause);
    this.kind = kind;
    this.type = type;
    this.reason = reason;
  }

  static ValueException unserializable(Class<?> type, String reason) {
    return new ValueException(Kind.UNSERIALIZABLE, type.getTypeName(), reason, null);
  }

  static ValueException mismatch(String type, String reason) {
    return new ValueException(Kind.MISMATCH, type, reason, null);
  }

  static ValueException tooLarge(long limitBytes, long actualBytes) {
    return new ValueException(
        Kind.TOO_LARGE,
        "message",
        "message too large: maxMessageBytes=" + limitBytes + ", needed=" + actualBytes,
        null);
  }

  public Kind kind() {
    return kind;
  }

  /** Where: the name of the root, then one step for each container. */
  public String path() {
    return path.toString();
  }

  /** The Java type of the offending value, or the one that was asked for. */
  public String type() {
    return type;
  }

  /** What is wrong there, limit and actual value included. */
  public String reason() {
    return reason;
  }

  @Override
  public String getMessage() {
    String what =
        switch (kind) {
          case UNSERIALIZABLE -> "value cannot cross";
          case MISMATCH -> "value does not fit";
          case TOO_LARGE -> "value is too large";
        };
    return what + ": path=" + path + ", type=" + type + ", reason=" + reason;
  }

  /** Puts a step of the path, or the root's name, before those that are known. */
  ValueException within(String step) {
    path.insert(0, step);
    return this;
  }

  ValueException withinIndex(int index) {
    return within("[" + index + "]");
  }

  ValueException withinKey(@Nullable Object key) {
    return within(PathStep.ofKey(key));
  }
}
