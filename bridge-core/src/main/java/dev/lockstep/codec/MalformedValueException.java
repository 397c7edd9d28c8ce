package dev.lockstep.codec;

/**
 * Bytes that no encoder of this protocol writes: not well-formed CBOR, a tag that the wire format
 * does not know, a limit exceeded.
 */
public class MalformedValueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int position;
  private final String reason;

  public MalformedValueException(int position, String reason) {
    super("malformed value: position=" + position + ", reason=" + reason);
    this.position = position;
    this.reason = reason;
  }

  /** The offset of the offending item from the start of the payload, in bytes. */
  public int position() {
    return position;
  }

  /** What is wrong there. */
  public String reason() {
    return reason;
  }
}
