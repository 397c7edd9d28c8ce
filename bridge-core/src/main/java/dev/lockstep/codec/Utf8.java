package dev.lockstep.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Strict UTF-8: what the JDK's decoder would replace is found here first. */
final class Utf8 {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH_BITS = 0x8080_8080_8080_8080L;

  private Utf8() {}

  static boolean isAscii(byte[] bytes, int from, int to) {
    int at = from;
    for (; at <= to - Long.BYTES; at += Long.BYTES) {
      if (((long) WORDS.get(bytes, at) & HIGH_BITS) != 0) {
        return false;
      }
    }
    for (; at < to; at++) {
      if (bytes[at] < 0) {
        return false;
      }
    }
    return true;
  }

  /** The text in a range that {@link #firstInvalid} has found to be valid, or that is ASCII. */
  static String decode(byte[] bytes, int from, int to, boolean ascii) {
    return new String(
        bytes, from, to - from, ascii ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
  }

  /** The index of the first byte that is not UTF-8 (overlong forms, surrogates), or -1. */
  static int firstInvalid(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to) {
      int lead = bytes[at];
      if (lead >= 0) {
        at++;
        continue;
      }
      int length = sequenceBytes(lead & 0xFF);
      if (length == 0 || length > to - at || !isSequence(bytes, at, length)) {
        return at;
      }
      at += length;
    }
    return -1;
  }

  private static int sequenceBytes(int lead) {
    if (lead >= 0xC2 && lead <= 0xDF) {
      return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
      return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
  }

  private static boolean isSequence(byte[] bytes, int at, int length) {
    for (int i = 1; i < length; i++) {
      if ((bytes[at + i] & 0xC0) != 0x80) {
        return false;
      }
    }
    int lead = bytes[at] & 0xFF;
    int second = bytes[at + 1] & 0xFF;
    return switch (lead) {
      case 0xE0 -> second >= 0xA0;
      case 0xED -> second < 0xA0;
      case 0xF0 -> second >= 0x90;
      case 0xF4 -> second < 0x90;
      default -> true;
    };
  }

  /**
   * Appends text as a CBOR item.
   *
   * @throws ValueException at a lone surrogate; what was appended then is to be dropped
   */
  static void put(PayloadBuffer out, String text) {
    int length = text.length();
    int start = out.length();
    out.ensure(CborHeads.MAX_BYTES + length);
    CborHeads.put(out, CborHeads.TEXT, length);
    byte[] array = out.array();
    int at = out.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        out.truncate(start);
        putWide(out, text, i);
        return;
      }
      array[at + i] = (byte) c;
    }
    out.advanceTo(at + length);
  }

  private static void putWide(PayloadBuffer out, String text, int firstWide) {
    int length = text.length();
    long bytes = firstWide;
    for (int i = firstWide; i < length; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes++;
      } else if (c < 0x800) {
        bytes += 2;
      } else if (!Character.isSurrogate(c)) {
        bytes += 3;
      } else if (Character.isHighSurrogate(c)
          && i + 1 < length
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        bytes += 4;
        i++;
      } else {
        throw ValueException.unserializable(
            String.class,
            "lone surrogate in text: index=" + i + ", char=" + String.format("\\u%04x", (int) c));
      }
    }
    out.ensure((int) Math.min(bytes + CborHeads.MAX_BYTES, Integer.MAX_VALUE));
    CborHeads.put(out, CborHeads.TEXT, bytes);
    byte[] array = out.array();
    int at = out.length();
    for (int i = 0; i < length; i++) {
      int c = text.charAt(i);
      if (c < 0x80) {
        array[at++] = (byte) c;
      } else if (c < 0x800) {
        array[at++] = (byte) (0xC0 | (c >> 6));
        array[at++] = (byte) (0x80 | (c & 0x3F));
      } else if (!Character.isSurrogate((char) c)) {
        array[at++] = (byte) (0xE0 | (c >> 12));
        array[at++] = (byte) (0x80 | ((c >> 6) & 0x3F));
        array[at++] = (byte) (0x80 | (c & 0x3F));
      } else {
        int point = Character.toCodePoint((char) c, text.charAt(++i));
        array[at++] = (byte) (0xF0 | (point >> 18));
        array[at++] = (byte) (0x80 | ((point >> 12) & 0x3F));
        array[at++] = (byte) (0x80 | ((point >> 6) & 0x3F));
        array[at++] = (byte) (0x80 | (point & 0x3F));
      }
    }
    out.advanceTo(at);
  }
}
