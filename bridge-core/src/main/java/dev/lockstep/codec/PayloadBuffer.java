package dev.lockstep.codec;

import java.util.Arrays;

/**
 * A byte array that grows as values are appended to it, and that its owner uses again for the next
 * message.
 *
 * <p>Not thread-safe: one owner at a time. After a message of more than {@value #RETAINED_BYTES}
 * bytes {@link #reset()} goes back to a small array, so that one giant does not stay for ever.
 */
public final class PayloadBuffer {
  private static final int INITIAL_BYTES = 512;
  private static final int RETAINED_BYTES = 1 << 20;
  private static final int SLACK_BYTES = 16;
  private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8 - SLACK_BYTES;

  private byte[] array = new byte[INITIAL_BYTES];
  private int length;
  private int limitBytes = LARGEST_ARRAY;

  /** What the encoder remembers of the containers that it is inside of; kept for the next value. */
  final EncodeStack stack = new EncodeStack();

  /** An empty buffer. */
  public PayloadBuffer() {}

  /** The bytes, from 0 to {@link #length()}; another array after an append. */
  public byte[] array() {
    return array;
  }

  /** The number of bytes appended since the last reset. */
  public int length() {
    return length;
  }

  /** Empties the buffer. */
  public void reset() {
    length = 0;
    if (array.length > RETAINED_BYTES) {
      array = new byte[INITIAL_BYTES];
    }
  }

  /** Makes room for {@code bytes} more. */
  public void ensure(int bytes) {
    if (bytes > array.length - length) {
      grow(bytes);
    }
  }

  /** Appends one byte. */
  public void putByte(int value) {
    ensure(1);
    array[length++] = (byte) value;
  }

  /** Appends a range of an array. */
  public void putBytes(byte[] source, int offset, int count) {
    ensure(count);
    System.arraycopy(source, offset, array, length, count);
    length += count;
  }

  /** Goes back to a length that {@link #length()} returned earlier. */
  public void truncate(int newLength) {
    if (newLength < 0 || newLength > length) {
      throw new IllegalArgumentException(
          "cannot truncate a buffer: newLength=" + newLength + ", length=" + length);
    }
    length = newLength;
  }

  /** How long the contents may become: checked when the array grows and by checkLimit. */
  void limitBytes(int bytes) {
    limitBytes = Math.min(bytes, LARGEST_ARRAY);
  }

  /** Throws if the contents are longer than the limit. */
  void checkLimit() {
    if (length > limitBytes) {
      throw ValueException.tooLarge(limitBytes, length);
    }
  }

  /** Moves the end after bytes were written straight into {@link #array()}. */
  void advanceTo(int newLength) {
    length = newLength;
  }

  private void grow(int bytes) {
    long needed = (long) length + bytes;
    // Writers ask for the longest head before they know its length: hence the slack, and hence
    // the exact check at the end of a value.
    if (needed > (long) limitBytes + SLACK_BYTES) {
      throw ValueException.tooLarge(limitBytes, needed);
    }
    long doubled = Math.min((long) array.length * 2, limitBytes);
    array = Arrays.copyOf(array, (int) Math.max(doubled, needed));
  }
}
