package dev.lockstep.codec;

/** A call that carries another number of positional arguments than its function takes. */
public class WrongArityException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int expected;
  private final int actual;

  public WrongArityException(int expected, int actual) {
    super("wrong number of arguments: expected=" + expected + ", actual=" + actual);
    this.expected = expected;
    this.actual = actual;
  }

  public int expected() {
    return expected;
  }

  public int actual() {
    return actual;
  }
}
