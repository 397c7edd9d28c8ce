package dev.lockstep.faults;

import dev.lockstep.os.Signals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Looks at processes, and waits for what becomes of them. */
public final class Processes {
  public static final int SIGSTOP = 19;
  public static final int SIGCONT = 18;
  private static final long LOOK_NANOS = 20_000;
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Processes() {}

  /** The letter of its state in {@code /proc}; {@code '-'} for none, {@code 'Z'} for a zombie. */
  public static char state(long pid) {
    try {
      String stat =
          Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return '-';
    }
  }

  /** Processor time that it has used, user and system, in clock ticks (10 ms). */
  public static long processorTicks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** Open descriptors of this process, the one for the look included. */
  public static long descriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  /** Whether it is gone, or a zombie that only waits to be reaped. */
  public static boolean isGone(long pid) {
    char state = state(pid);
    return state == '-' || state == 'Z' || state == 'X';
  }

  /** Waits until a process has stopped itself. False if it ended, or does not stop in time. */
  public static boolean awaitStopped(long pid, Duration limit) {
    long deadlineNanos = System.nanoTime() + limit.toNanos();
    while (System.nanoTime() - deadlineNanos < 0) {
      char state = state(pid);
      if (state == 'T') {
        return true;
      }
      if (state == '-' || state == 'Z') {
        return false;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
    return false;
  }

  /** Waits for a condition. */
  public static void await(String what, BooleanSupplier condition) {
    long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadlineNanos > 0) {
        throw new AssertionError("did not happen within " + PATIENCE.toSeconds() + " s: " + what);
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** Waits for its end; when it came, on the scale of {@link System#nanoTime}. */
  public static long awaitGone(long pid) {
    await("the end of process " + pid, () -> isGone(pid));
    return System.nanoTime();
  }

  /** Kills it; when, on the scale of {@link System#nanoTime}. */
  public static long kill(long pid) {
    long nanos = System.nanoTime();
    Signals.send(pid, Signals.SIGKILL);
    return nanos;
  }
}
