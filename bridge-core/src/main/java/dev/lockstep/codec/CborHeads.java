package dev.lockstep.codec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The first bytes of a CBOR item: major type and argument, always in the shortest form. */
final class CborHeads {
  static final int UNSIGNED = 0;
  static final int NEGATIVE = 1;
  static final int BYTES = 2;
  static final int TEXT = 3;
  static final int ARRAY = 4;
  static final int MAP = 5;
  static final int TAG = 6;
  static final int SIMPLE = 7;

  /** The first head of an unsigned integer that is not the number itself. */
  static final int FIRST_LONG = 24;

  static final int FALSE = 0xF4;
  static final int TRUE = 0xF5;
  static final int NULL = 0xF6;
  static final int FLOAT16 = 0xF9;
  static final int FLOAT32 = 0xFA;
  static final int FLOAT64 = 0xFB;
  static final int BREAK = 0xFF;

  /** The longest head. */
  static final int MAX_BYTES = 9;

  static final VarHandle SHORT_VIEW =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  static final VarHandle INT_VIEW =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  static final VarHandle LONG_VIEW =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private CborHeads() {}

  /** Appends the head of an item; the argument is unsigned. */
  static void put(PayloadBuffer out, int majorType, long argument) {
    out.ensure(MAX_BYTES);
    byte[] array = out.array();
    int at = out.length();
    int major = majorType << 5;
    if (argument >= 0 && argument < 24) {
      array[at] = (byte) (major | (int) argument);
      out.advanceTo(at + 1);
    } else if (argument >>> 8 == 0) {
      array[at] = (byte) (major | 24);
      array[at + 1] = (byte) argument;
      out.advanceTo(at + 2);
    } else if (argument >>> 16 == 0) {
      array[at] = (byte) (major | 25);
      SHORT_VIEW.set(array, at + 1, (short) argument);
      out.advanceTo(at + 3);
    } else if (argument >>> 32 == 0) {
      array[at] = (byte) (major | 26);
      INT_VIEW.set(array, at + 1, (int) argument);
      out.advanceTo(at + 5);
    } else {
      array[at] = (byte) (major | 27);
      LONG_VIEW.set(array, at + 1, argument);
      out.advanceTo(at + 9);
    }
  }
}
