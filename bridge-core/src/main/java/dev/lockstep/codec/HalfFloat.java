package dev.lockstep.codec;

/** IEEE 754 binary16, which the JDK knows only from version 20 on. */
final class HalfFloat {
  private HalfFloat() {}

  static float toFloat(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >> 10) & 0x1F;
    int mantissa = bits & 0x3FF;
    if (exponent == 0x1F) {
      return Float.intBitsToFloat(sign | 0x7F80_0000 | (mantissa << 13));
    }
    if (exponent != 0) {
      return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (mantissa << 13));
    }
    float subnormal = mantissa * 0x1p-24f;
    return sign == 0 ? subnormal : -subnormal;
  }
}
