package dev.lockstep.codec;

import org.jspecify.annotations.Nullable;

/**
 * The short ASCII keys of maps that came lately: most come again and again, and need be neither
 * decoded nor hashed anew.
 *
 * <p>Any thread, without a lock: a string may be read while it is written, because it is immutable,
 * and whoever misses one makes it. What is kept is bounded.
 */
final class KeyTexts {
  /** The longest text that is kept, in bytes: a head of one byte says its length. */
  static final int MAX_BYTES = 23;

  private static final int SLOTS = 256;

  private final @Nullable String[] slots = new @Nullable String[SLOTS];

  /** The text that these bytes are, from 1 to {@value #MAX_BYTES} of them; null if not known. */
  @Nullable String find(byte[] bytes, int from, int length) {
    String known = slots[slotOf(bytes, from, length)];
    if (known == null || known.length() != length) {
      return null;
    }
    for (int i = 0; i < length; i++) {
      // A byte beyond ASCII is negative, which no char is.
      if (known.charAt(i) != bytes[from + i]) {
        return null;
      }
    }
    return known;
  }

  /** Remembers the text of these bytes, if it is ASCII. */
  void keep(byte[] bytes, int from, int length, String text) {
    if (text.length() == length) {
      slots[slotOf(bytes, from, length)] = text;
    }
  }

  private static int slotOf(byte[] bytes, int from, int length) {
    int mixed = bytes[from] * 31 + bytes[from + length / 2] * 7 + bytes[from + length - 1];
    return (mixed + length * 17) & (SLOTS - 1);
  }
}
