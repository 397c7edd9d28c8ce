package dev.lockstep.codec;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Appends numbers, each in its shortest head. */
final class NumberWriter {
  private static final int NAN_HIGH = 0x7E;

  private NumberWriter() {}

  static void put(PayloadBuffer out, long value) {
    if (value >= 0) {
      CborHeads.put(out, CborHeads.UNSIGNED, value);
    } else {
      CborHeads.put(out, CborHeads.NEGATIVE, ~value);
    }
  }

  static void put(PayloadBuffer out, double value) {
    if (Double.isNaN(value)) {
      putNan(out);
      return;
    }
    out.ensure(CborHeads.MAX_BYTES);
    int at = out.length();
    out.array()[at] = (byte) CborHeads.FLOAT64;
    CborHeads.LONG_VIEW.set(out.array(), at + 1, Double.doubleToRawLongBits(value));
    out.advanceTo(at + 1 + Double.BYTES);
  }

  static void put(PayloadBuffer out, float value) {
    if (Float.isNaN(value)) {
      putNan(out);
      return;
    }
    out.ensure(CborHeads.MAX_BYTES);
    int at = out.length();
    out.array()[at] = (byte) CborHeads.FLOAT32;
    CborHeads.INT_VIEW.set(out.array(), at + 1, Float.floatToRawIntBits(value));
    out.advanceTo(at + 1 + Float.BYTES);
  }

  private static void putNan(PayloadBuffer out) {
    out.ensure(3);
    out.putByte(CborHeads.FLOAT16);
    out.putByte(NAN_HIGH);
    out.putByte(0);
  }

  static void put(PayloadBuffer out, BigInteger value, int maxIntegerBytes) {
    if (value.bitLength() < Long.SIZE) {
      put(out, value.longValue());
      return;
    }
    boolean negative = value.signum() < 0;
    BigInteger magnitude = negative ? value.not() : value;
    int bytes = (magnitude.bitLength() + 7) / 8;
    if (bytes <= Long.BYTES) {
      CborHeads.put(out, negative ? CborHeads.NEGATIVE : CborHeads.UNSIGNED, magnitude.longValue());
      return;
    }
    if (bytes > maxIntegerBytes) {
      throw ValueException.unserializable(
          BigInteger.class,
          "integer too large: bytes=" + bytes + ", maxIntegerBytes=" + maxIntegerBytes);
    }
    CborHeads.put(out, CborHeads.TAG, negative ? Tags.NEGATIVE_BIG : Tags.POSITIVE_BIG);
    CborHeads.put(out, CborHeads.BYTES, bytes);
    byte[] signed = magnitude.toByteArray();
    out.putBytes(signed, signed.length - bytes, bytes);
  }

  static void put(PayloadBuffer out, BigDecimal value, int maxIntegerBytes) {
    long exponent = -(long) value.scale();
    if (exponent > TaggedForms.MAX_EXPONENT) {
      throw ValueException.unserializable(
          BigDecimal.class,
          "exponent out of range: exponent="
              + exponent
              + ", allowed=-"
              + TaggedForms.MAX_EXPONENT
              + " to "
              + TaggedForms.MAX_EXPONENT);
    }
    CborHeads.put(out, CborHeads.TAG, Tags.DECIMAL);
    CborHeads.put(out, CborHeads.ARRAY, 2);
    put(out, exponent);
    put(out, value.unscaledValue(), maxIntegerBytes);
  }
}
