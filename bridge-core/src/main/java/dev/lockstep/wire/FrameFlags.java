package dev.lockstep.wire;

/** The bits of a frame's flags. Every other bit is zero and refused when set. */
public final class FrameFlags {
  /** Fragments of the same message follow. */
  public static final int MORE = 1;

  /** Not the first fragment of its message. */
  public static final int CONTINUATION = 2;

  /** The name is one of the protocol's own. On INVOKE and NOTIFY only. */
  public static final int BUILTIN = 4;

  /** A map of keyword arguments follows the array of arguments. On INVOKE and NOTIFY only. */
  public static final int KEYWORDS = 8;

  public static final int ALL = MORE | CONTINUATION | BUILTIN | KEYWORDS;

  private FrameFlags() {}
}
