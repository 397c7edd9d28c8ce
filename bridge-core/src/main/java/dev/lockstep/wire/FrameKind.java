package dev.lockstep.wire;

/**
 * The kinds of frames. Plain ints, not an enum: a frame of an unknown kind must be readable to be
 * refused.
 */
public final class FrameKind {
  public static final int PAD = 0;
  public static final int INVOKE = 1;
  public static final int REPLY = 2;
  public static final int ERROR = 3;
  public static final int CANCEL = 4;
  public static final int NOTIFY = 5;
  public static final int READY = 6;
  public static final int FATAL = 7;

  private FrameKind() {}

  /** The kind's name in the specification, or {@code kind N}. */
  public static String name(int kind) {
    return switch (kind) {
      case PAD -> "PAD";
      case INVOKE -> "INVOKE";
      case REPLY -> "REPLY";
      case ERROR -> "ERROR";
      case CANCEL -> "CANCEL";
      case NOTIFY -> "NOTIFY";
      case READY -> "READY";
      case FATAL -> "FATAL";
      default -> "kind " + kind;
    };
  }
}
