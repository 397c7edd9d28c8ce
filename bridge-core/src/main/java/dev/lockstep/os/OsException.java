package dev.lockstep.os;

/** A system call failed. The message names the call, the error by its symbol and what was asked. */
public final class OsException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final int errno;

  OsException(String call, int errno, String detail) {
    super(call + " failed: errno=" + Errno.name(errno) + (detail.isEmpty() ? "" : ", " + detail));
    this.errno = errno;
  }

  /** The error number, one of {@link Errno}. */
  public int errno() {
    return errno;
  }
}
