package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.math.BigInteger;
import java.util.Arrays;

/**
 * Reads heads and the items that nest nothing, strictly: every length is checked against the bytes
 * that are left before anything is allocated.
 */
final class CborCursor {
  /** What {@link #readLength} returns for an item of indefinite length. */
  static final long INDEFINITE = -1;

  private static final BigInteger TWO_TO_64 = BigInteger.ONE.shiftLeft(64);

  private static final byte[] NOTHING = {};

  private final int maxItems;
  private final int maxMessageBytes;
  private byte[] bytes = NOTHING;
  private int base;
  private int end;
  private int at;
  private int items;

  CborCursor(Limits limits) {
    this.maxItems = limits.maxItems();
    this.maxMessageBytes = limits.maxMessageBytes();
  }

  CborCursor(byte[] bytes, int offset, int length, Limits limits) {
    this(limits);
    begin(bytes, offset, length);
  }

  /** Begins anew, with other bytes. */
  final void begin(byte[] bytes, int offset, int length) {
    if (offset < 0 || length < 0 || length > bytes.length - offset) {
      throw new IndexOutOfBoundsException(
          "range outside its array: offset="
              + offset
              + ", length="
              + length
              + ", bytes="
              + bytes.length);
    }
    this.bytes = bytes;
    this.base = offset;
    this.end = offset + length;
    this.at = offset;
    this.items = 0;
    if (length > maxMessageBytes) {
      throw malformed(
          "message too large: maxMessageBytes=" + maxMessageBytes + ", bytes=" + length);
    }
  }

  /** Lets the bytes go. */
  void forget() {
    begin(NOTHING, 0, 0);
  }

  byte[] bytes() {
    return bytes;
  }

  /** The index in {@link #bytes} of the next item. */
  int at() {
    return at;
  }

  int remaining() {
    return end - at;
  }

  /** The next item's first byte, without going on; the bytes must not be at their end. */
  int peek() {
    if (at >= end) {
      throw malformed("the value ends too early");
    }
    return bytes[at] & 0xFF;
  }

  /** Goes past a number below 24, as most in arrays are; -1 without going on if none is next. */
  int smallNumber() {
    int next = at;
    if (next >= end || (bytes[next] & 0xFF) >= CborHeads.FIRST_LONG) {
      return -1;
    }
    at = next + 1;
    return bytes[next];
  }

  void skipByte() {
    at++;
  }

  /** Goes past bytes that are there. */
  void skip(int count) {
    at += count;
  }

  MalformedValueException malformed(String reason) {
    return malformedAt(at, reason);
  }

  MalformedValueException malformedAt(int index, String reason) {
    return new MalformedValueException(index - base, reason);
  }

  void finish() {
    if (at != end) {
      throw malformed("bytes after the value: bytes=" + (end - at));
    }
  }

  /** Counts items that are announced or read. */
  void count(long number, int start) {
    if (number > maxItems - items) {
      throw malformedAt(start, "too many items: maxItems=" + maxItems);
    }
    items += (int) number;
  }

  /** The argument of a head whose first byte has been peeked; unsigned, so it may be negative. */
  long readArgument(int head) {
    int start = at;
    int info = head & 31;
    at++;
    if (info < 24) {
      return info;
    }
    if (info > 27) {
      at = start;
      throw malformed("reserved additional information: value=" + info);
    }
    int length = 1 << (info - 24);
    if (length > end - at) {
      at = start;
      throw malformed("the value ends too early");
    }
    long argument =
        switch (info) {
          case 24 -> bytes[at] & 0xFF;
          case 25 -> (short) CborHeads.SHORT_VIEW.get(bytes, at) & 0xFFFF;
          case 26 -> (int) CborHeads.INT_VIEW.get(bytes, at) & 0xFFFF_FFFFL;
          default -> (long) CborHeads.LONG_VIEW.get(bytes, at);
        };
    at += length;
    return argument;
  }

  /** The length in a head, at most what is left over when an element takes {@code each} bytes. */
  long readLength(int head, int each) {
    if ((head & 31) == 31) {
      at++;
      return INDEFINITE;
    }
    int start = at;
    long length = readArgument(head);
    if (length < 0 || length > (end - at) / each) {
      throw malformedAt(
          start,
          "length beyond the end: announced="
              + Long.toUnsignedString(length)
              + ", bytes left="
              + (end - at));
    }
    return length;
  }

  /** Whether an item of indefinite length ends here; goes past its end if so. */
  boolean atBreak(int start) {
    if (at >= end) {
      throw malformedAt(start, "an indefinite item without its end");
    }
    if ((bytes[at] & 0xFF) == CborHeads.BREAK) {
      at++;
      return true;
    }
    return false;
  }

  /** Major types 0 and 1: the smallest of Integer, Long and BigInteger that holds the number. */
  Number readInteger(int head) {
    long argument = readArgument(head);
    boolean negative = head >> 5 == CborHeads.NEGATIVE;
    if (argument >= 0) {
      return smallest(negative ? ~argument : argument);
    }
    BigInteger unsigned = BigInteger.valueOf(argument).add(TWO_TO_64);
    return negative ? unsigned.not() : unsigned;
  }

  static Number smallest(long value) {
    if (value == (int) value) {
      return (int) value;
    }
    return value;
  }

  String readText(int head) {
    int start = at;
    long length = readLength(head, 1);
    if (length == INDEFINITE) {
      StringBuilder text = new StringBuilder();
      while (!atBreak(start)) {
        text.append(readChunkText());
      }
      return text.toString();
    }
    return text(start, (int) length);
  }

  private String readChunkText() {
    int head = peek();
    if (head >> 5 != CborHeads.TEXT || (head & 31) == 31) {
      throw malformed("a chunk of another kind than its string");
    }
    int start = at;
    return text(start, (int) readLength(head, 1));
  }

  private String text(int start, int length) {
    int from = at;
    int to = from + length;
    boolean ascii = Utf8.isAscii(bytes, from, to);
    if (!ascii) {
      int invalid = Utf8.firstInvalid(bytes, from, to);
      if (invalid >= 0) {
        throw malformedAt(start, "invalid UTF-8: byte=" + (invalid - from));
      }
    }
    at = to;
    return Utf8.decode(bytes, from, to, ascii);
  }

  /** Goes past a function's name, which is text of definite length; the bytes of its UTF-8. */
  int readName(int maxNameBytes) {
    int start = at;
    int head = peek();
    if (head >> 5 != CborHeads.TEXT || (head & 31) == 31) {
      throw malformed("the name of a function expected: head=" + head);
    }
    int length = (int) readLength(head, 1);
    if (length == 0 || length > maxNameBytes) {
      throw malformedAt(
          start, "length of a name: bytes=" + length + ", allowed=1 to " + maxNameBytes);
    }
    if (!Utf8.isAscii(bytes, at, at + length) && Utf8.firstInvalid(bytes, at, at + length) >= 0) {
      throw malformedAt(start, "invalid UTF-8: in a name");
    }
    at += length;
    return length;
  }

  byte[] readBytes(int head) {
    int start = at;
    long length = readLength(head, 1);
    if (length != INDEFINITE) {
      byte[] result = Arrays.copyOfRange(bytes, at, at + (int) length);
      at += (int) length;
      return result;
    }
    byte[] result = new byte[0];
    int filled = 0;
    while (!atBreak(start)) {
      int chunkHead = peek();
      if (chunkHead >> 5 != CborHeads.BYTES || (chunkHead & 31) == 31) {
        throw malformed("a chunk of another kind than its string");
      }
      int chunk = (int) readLength(chunkHead, 1);
      if (chunk > result.length - filled) {
        result = Arrays.copyOf(result, Math.max(filled + chunk, (int) Math.min(2L * filled, end)));
      }
      System.arraycopy(bytes, at, result, filled, chunk);
      filled += chunk;
      at += chunk;
    }
    return Arrays.copyOf(result, filled);
  }

  /** Major type 7 but for the break: false, true, null and floats, which become doubles. */
  Object readSimple(int head) {
    return switch (head) {
      case CborHeads.FALSE -> {
        at++;
        yield false;
      }
      case CborHeads.TRUE -> {
        at++;
        yield true;
      }
      case CborHeads.FLOAT16 -> (double) HalfFloat.toFloat((short) readArgument(head));
      case CborHeads.FLOAT32 -> (double) Float.intBitsToFloat((int) readArgument(head));
      case CborHeads.FLOAT64 -> Double.longBitsToDouble(readArgument(head));
      case 0xF7 -> throw malformed("undefined is no value");
      case CborHeads.BREAK -> throw malformed("a break where no indefinite item is open");
      default -> throw unassigned(head);
    };
  }

  private MalformedValueException unassigned(int head) {
    int start = at;
    long number = readArgument(head);
    return malformedAt(
        start,
        (head & 31) == 24 && number < 32
            ? "simple value in two bytes: value=" + number
            : "unassigned simple value: value=" + number);
  }
}
