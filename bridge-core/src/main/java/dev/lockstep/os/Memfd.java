package dev.lockstep.os;

/** Anonymous files in memory: made, allocated up front, sealed, emptied. */
public final class Memfd {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int MADV_REMOVE = 9;

  /** F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW: nobody changes the size or the seals any more. */
  public static final int SEALS = 1 | 2 | 4;

  private Memfd() {}

  /**
   * Creates an anonymous file of mode 0600, every page of it allocated.
   *
   * @param name what {@code /proc} shows; at most 249 bytes
   * @throws OsException ENOMEM or ENOSPC when memory is short: now, and not as a fault at the first
   *     store
   */
  public static Fd create(String name, long bytes) {
    int number = Libc.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (number < 0) {
      throw new OsException("memfd_create", Libc.errno(), "name=" + name);
    }
    Fd fd = new Fd(number);
    try {
      if (Libc.fchmod(number, 0600) != 0) { // born 0777
        throw new OsException("fchmod", Libc.errno(), "name=" + name);
      }
      if (Libc.ftruncate(number, bytes) != 0) {
        throw new OsException("ftruncate", Libc.errno(), "name=" + name + ", bytes=" + bytes);
      }
      allocate(fd, bytes);
      return fd;
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /** Allocates all pages of an open file on tmpfs. */
  public static void allocate(Fd fd, long bytes) {
    while (Libc.fallocate(fd.number(), 0, 0, bytes) != 0) {
      int errno = Libc.errno();
      if (errno != Errno.EINTR) {
        throw new OsException("fallocate", errno, "bytes=" + bytes);
      }
    }
  }

  /** Adds {@link #SEALS}. */
  public static void seal(Fd fd) {
    if (Libc.fcntl(fd.number(), F_ADD_SEALS, SEALS) != 0) {
      throw new OsException("fcntl(F_ADD_SEALS)", Libc.errno(), fd.toString());
    }
  }

  /** The seals of an open file, or -1 if it cannot have any. */
  public static int seals(Fd fd) {
    return Libc.fcntl(fd.number(), F_GET_SEALS, 0);
  }

  /**
   * Gives the pages of a mapped file back while mappings stay: reads find zeros from now on. Works
   * on sealed files, and on those that nobody has open any more.
   *
   * @param address where the whole file is mapped
   */
  public static void release(long address, long bytes) {
    if (Libc.madvise(address, bytes, MADV_REMOVE) != 0) {
      throw new OsException("madvise(MADV_REMOVE)", Libc.errno(), "bytes=" + bytes);
    }
  }
}
