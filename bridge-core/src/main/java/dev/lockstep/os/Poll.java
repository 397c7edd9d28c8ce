package dev.lockstep.os;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The poll system call: waits until one of several descriptors can be read or has come to its end.
 */
public final class Poll {
  private static final int ENTRY_BYTES = 8;
  private static final short POLLIN = 1;
  private static final short POLLNVAL = 0x20;

  private Poll() {}

  /**
   * Waits at most {@code timeoutMillis} (-1: for ever) and says which entries have something to
   * read, an end or an error. A wait that a signal ends returns with none.
   */
  public static boolean[] await(int[] fds, int timeoutMillis) {
    ByteBuffer entries =
        ByteBuffer.allocate(fds.length * ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int fd : fds) {
      entries.putInt(fd).putShort(POLLIN).putShort((short) 0);
    }
    int ready = Libc.poll(entries.array(), fds.length, timeoutMillis);
    if (ready < 0 && Libc.errno() != Errno.EINTR) {
      throw new OsException("poll", Libc.errno(), "descriptors=" + fds.length);
    }
    boolean[] result = new boolean[fds.length];
    for (int i = 0; ready > 0 && i < fds.length; i++) {
      short revents = entries.getShort(i * ENTRY_BYTES + 6);
      if ((revents & POLLNVAL) != 0) {
        throw new OsException("poll", Errno.EBADF, "fd=" + fds[i]);
      }
      result[i] = revents != 0;
    }
    return result;
  }
}
