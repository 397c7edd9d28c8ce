package dev.lockstep.os;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file descriptor that this process owns, close-on-exec. Closing twice is harmless; other threads
 * may close it.
 *
 * <p>Using one after {@link #close} is an {@link IllegalStateException}, not a system call on
 * somebody else's file.
 */
public final class Fd implements AutoCloseable {
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_NOFOLLOW =
      System.getProperty("os.arch", "").equals("aarch64") ? 0x8000 : 0x20000;

  private final int number;
  private final AtomicBoolean closed = new AtomicBoolean();

  Fd(int number) {
    this.number = number;
  }

  /**
   * Creates a file of mode 0600 that must not exist yet, for reading and writing.
   *
   * @throws OsException EEXIST included
   */
  public static Fd createExclusively(Path path) {
    int number =
        Libc.open(path.toString(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (number < 0) {
      throw new OsException("open", Libc.errno(), "path=" + path);
    }
    return new Fd(number);
  }

  /** The number, for as long as this is open. */
  public int number() {
    if (closed.get()) {
      throw new IllegalStateException("file descriptor is closed: fd=" + number);
    }
    return number;
  }

  public boolean isOpen() {
    return !closed.get();
  }

  /** The path by which another process of this user can open the same file. */
  public Path pathForOthers() {
    return Path.of(
        "/proc", Long.toString(ProcessHandle.current().pid()), "fd", Integer.toString(number()));
  }

  /** The path by which this process can open the same file. */
  public Path pathForSelf() {
    return Path.of("/proc/self/fd", Integer.toString(number()));
  }

  /** Reads what is there, blocking if nothing is; 0 or less means the end. */
  public int read(byte[] buffer) {
    long count;
    do {
      count = Libc.read(number(), buffer, buffer.length);
    } while (count < 0 && Libc.errno() == Errno.EINTR);
    return (int) count;
  }

  /** Writes all of the bytes, blocking for room. */
  public void write(byte[] bytes) {
    int done = 0;
    while (done < bytes.length) {
      byte[] rest = done == 0 ? bytes : java.util.Arrays.copyOfRange(bytes, done, bytes.length);
      long count = Libc.write(number(), rest, rest.length);
      if (count < 0) {
        int errno = Libc.errno();
        if (errno != Errno.EINTR) {
          throw new OsException("write", errno, "fd=" + number);
        }
      } else {
        done += (int) count;
      }
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Libc.close(number);
    }
  }

  @Override
  public String toString() {
    return "fd " + number + (closed.get() ? " (closed)" : "");
  }
}
