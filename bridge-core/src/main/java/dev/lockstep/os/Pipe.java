package dev.lockstep.os;

/**
 * Both ends of a pipe, close-on-exec.
 *
 * @param readEnd what {@link #writeEnd} takes comes out here
 */
public record Pipe(Fd readEnd, Fd writeEnd) implements AutoCloseable {
  private static final int O_CLOEXEC = 0x80000;

  /** Opens a pipe. */
  public static Pipe open() {
    int[] ends = new int[2];
    if (Libc.pipe2(ends, O_CLOEXEC) != 0) {
      throw new OsException("pipe2", Libc.errno(), "");
    }
    return new Pipe(new Fd(ends[0]), new Fd(ends[1]));
  }

  @Override
  public void close() {
    readEnd.close();
    writeEnd.close();
  }
}
