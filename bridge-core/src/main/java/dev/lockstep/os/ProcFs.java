package dev.lockstep.os;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * What {@code /proc} says of a process. A pid alone names nobody: it is always compared with its
 * start time.
 */
public final class ProcFs {
  /**
   * Fields of {@code stat} after the parenthesised name; the start time is field 22 of the whole
   * line.
   */
  private static final int START_TIME_FIELD_AFTER_NAME = 22 - 3;

  private ProcFs() {}

  /**
   * Start time in clock ticks since boot; empty if the process is gone or {@code /proc} does not
   * show it.
   */
  public static OptionalLong startTime(long pid) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "stat"));
      String stat = new String(bytes, StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return OptionalLong.of(Long.parseLong(fields[START_TIME_FIELD_AFTER_NAME]));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /** The user that this process runs as. */
  public static int ownUid() {
    return Libc.getuid();
  }
}
