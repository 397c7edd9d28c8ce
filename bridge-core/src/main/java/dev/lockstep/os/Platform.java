package dev.lockstep.os;

import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Whether this machine is one that the shared segment is defined for, and what differs between
 * those.
 */
public final class Platform {
  private Platform() {}

  /**
   * Refuses everything but 64-bit little-endian Linux.
   *
   * @throws UnsupportedOperationException with a sentence that names what was found
   */
  public static void requireSupported() {
    String os = System.getProperty("os.name", "");
    String arch = arch();
    boolean supported =
        os.equals("Linux")
            && (arch.equals("amd64") || arch.equals("aarch64"))
            && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
    if (!supported) {
      throw new UnsupportedOperationException(
          "Lockstep runs on 64-bit Linux, x86-64 or arm64: os.name=" + os + ", os.arch=" + arch);
    }
  }

  static long futexSyscall() {
    return arch().equals("aarch64") ? 98 : 202;
  }

  private static String arch() {
    return System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
  }
}
