package dev.lockstep;

import dev.lockstep.os.Signals;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * How a worker's process ended.
 *
 * @param exitCode if it exited by itself
 * @param signal the number of the signal that ended it, if one did
 * @param lastErrorLines what it wrote to stderr last, at most 50 lines and 16 KiB
 * @param reason why it ended, if this side knows: closed, terminated, start-up deadline; else empty
 */
public record ExitStatus(
    OptionalInt exitCode, OptionalInt signal, List<String> lastErrorLines, String reason) {
  private static final int SIGNALLED = 128;
  private static final int MAX_SIGNAL = 64;

  public ExitStatus {
    lastErrorLines = List.copyOf(lastErrorLines);
  }

  /** From the number that the JDK gives: an exit code, or 128 and a signal. */
  static ExitStatus of(int exitCode, List<String> lastErrorLines, @Nullable String reason) {
    boolean signalled = exitCode > SIGNALLED && exitCode <= SIGNALLED + MAX_SIGNAL;
    return new ExitStatus(
        signalled ? OptionalInt.empty() : OptionalInt.of(exitCode),
        signalled ? OptionalInt.of(exitCode - SIGNALLED) : OptionalInt.empty(),
        lastErrorLines,
        reason == null ? "" : reason);
  }

  /** Of one that was never started. */
  static ExitStatus withoutProcess(String reason) {
    return new ExitStatus(OptionalInt.empty(), OptionalInt.empty(), List.of(), reason);
  }

  /** As {@code exit code 3}, {@code signal SIGSEGV (11)}, {@code no process}. */
  public String describe() {
    if (signal.isPresent()) {
      int number = signal.getAsInt();
      return "signal " + Signals.name(number) + " (" + number + ")";
    }
    return exitCode.isPresent() ? "exit code " + exitCode.getAsInt() : "no process";
  }
}
