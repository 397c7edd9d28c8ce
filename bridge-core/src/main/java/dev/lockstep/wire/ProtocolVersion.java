package dev.lockstep.wire;

/**
 * The version of this wire format, and the rule: another major version is refused, a minor one only
 * adds.
 */
public final class ProtocolVersion {
  public static final int MAJOR = 1;
  public static final int MINOR = 0;

  /** The word in the segment's header. */
  public static final int WORD = MAJOR << 16 | MINOR;

  private ProtocolVersion() {}

  /** Whether a peer of this version can be talked to. */
  public static boolean isCompatible(int versionWord) {
    return versionWord >>> 16 == MAJOR;
  }

  /** The word as {@code major.minor}. */
  public static String text(int versionWord) {
    return (versionWord >>> 16) + "." + (versionWord & 0xFFFF);
  }
}
