package dev.lockstep.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** Numbers of one type as numbers of another, if nothing is lost by it. */
final class Numbers {
  private Numbers() {}

  static long toLong(@Nullable Object value, long min, long max, String type) {
    if (value instanceof Integer
        || value instanceof Long
        || value instanceof Short
        || value instanceof Byte) {
      long number = ((Number) value).longValue();
      if (number < min || number > max) {
        throw outOfRange(value, type);
      }
      return number;
    }
    if (value instanceof BigInteger) {
      throw outOfRange(value, type);
    }
    throw mismatch(value, type);
  }

  static double toDouble(@Nullable Object value, String type) {
    if (value instanceof Double number) {
      return number;
    } else if (value instanceof Float number) {
      return number;
    } else if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
      return ((Number) value).doubleValue();
    } else if (value instanceof Long number) {
      double result = number;
      // Long.MAX_VALUE rounds to 2^63, which the cast back would saturate to it again.
      if ((long) result != number || result == 0x1p63) {
        throw inexact(value, type);
      }
      return result;
    } else if (value instanceof BigInteger number) {
      return exact(new BigDecimal(number), value, type);
    } else if (value instanceof BigDecimal number) {
      return exact(number, value, type);
    }
    throw mismatch(value, type);
  }

  private static double exact(BigDecimal number, Object value, String type) {
    double result = number.doubleValue();
    if (Double.isInfinite(result) || new BigDecimal(result).compareTo(number) != 0) {
      throw inexact(value, type);
    }
    return result;
  }

  /** Doubles lose digits, because a float was asked for; whole numbers and decimals do not. */
  static float toFloat(@Nullable Object value, String type) {
    double number = toDouble(value, type);
    float result = (float) number;
    if (Float.isInfinite(result) && !Double.isInfinite(number)) {
      throw outOfRange(value, type);
    }
    if (!(value instanceof Double) && result != number && !Double.isNaN(number)) {
      throw inexact(value, type);
    }
    return result;
  }

  static BigInteger toBigInteger(@Nullable Object value, String type) {
    if (value instanceof BigInteger number) {
      return number;
    }
    return BigInteger.valueOf(toLong(value, Long.MIN_VALUE, Long.MAX_VALUE, type));
  }

  static BigDecimal toBigDecimal(@Nullable Object value, String type) {
    if (value instanceof BigDecimal number) {
      return number;
    } else if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (!Double.isFinite(number)) {
        throw inexact(value, type);
      }
      // The shortest digits that give the same double again, as Python prints them.
      return BigDecimal.valueOf(number);
    }
    return new BigDecimal(toBigInteger(value, type));
  }

  static ValueException mismatch(@Nullable Object value, String type) {
    return ValueException.mismatch(type, "expected=" + type + ", found=" + describe(value));
  }

  private static ValueException outOfRange(@Nullable Object value, String type) {
    return ValueException.mismatch(type, "out of range of " + type + ": value=" + shown(value));
  }

  private static ValueException inexact(@Nullable Object value, String type) {
    return ValueException.mismatch(
        type, "no " + type + " is exactly this number: value=" + shown(value));
  }

  static String describe(@Nullable Object value) {
    if (value == null) {
      return "null";
    }
    String name = value.getClass().getTypeName();
    return value instanceof Number || value instanceof Boolean ? name + " " + shown(value) : name;
  }

  private static String shown(@Nullable Object value) {
    if (value instanceof BigInteger number && number.bitLength() > 256) {
      return "an integer of " + number.bitLength() + " bits";
    }
    String text = String.valueOf(value);
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }
}
