package dev.lockstep.os;

/**
 * The futex system call on a 32-bit word of memory that two processes share: never with the private
 * flag, which would make the kernel look for waiters of this process only.
 */
public final class Futex {
  private static final int FUTEX_WAIT = 0;
  private static final int FUTEX_WAKE = 1;
  private static final long SYSCALL = Platform.futexSyscall();
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private Futex() {}

  /** Why a wait ended. */
  public enum Wait {
    /** Woken, or for no reason at all: look at the memory again. */
    WOKEN,
    /** The word did not hold the expected value. */
    CHANGED,
    /** A signal handler ran on this thread. */
    INTERRUPTED,
    /** The time is up. */
    TIMED_OUT
  }

  /**
   * Sleeps while the word at {@code address} holds {@code expected}, at most {@code timeoutNanos}.
   *
   * <p>Thread.interrupt does not end it. The thread is in native code meanwhile: never call it on a
   * virtual thread.
   *
   * @throws OsException on anything but EAGAIN, EINTR and ETIMEDOUT
   */
  public static Wait await(long address, int expected, long timeoutNanos) {
    long[] timeout = {timeoutNanos / NANOS_PER_SECOND, timeoutNanos % NANOS_PER_SECOND};
    if (Libc.syscall(SYSCALL, address, FUTEX_WAIT, expected, timeout, 0, 0) == 0) {
      return Wait.WOKEN;
    }
    int errno = Libc.errno();
    return switch (errno) {
      case Errno.EAGAIN -> Wait.CHANGED;
      case Errno.EINTR -> Wait.INTERRUPTED;
      case Errno.ETIMEDOUT -> Wait.TIMED_OUT;
      default -> throw new OsException("futex wait", errno, "");
    };
  }

  /** Wakes everybody who sleeps on the word; returns how many that were. */
  public static int wake(long address) {
    long woken = Libc.syscall(SYSCALL, address, FUTEX_WAKE, Integer.MAX_VALUE, null, 0, 0);
    if (woken < 0) {
      throw new OsException("futex wake", Libc.errno(), "");
    }
    return (int) woken;
  }
}
