package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** The codec as tests use it. */
final class Coding {
  static final ValueCodec CODEC = new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);

  private Coding() {}

  static byte[] encode(@Nullable Object value) {
    PayloadBuffer out = new PayloadBuffer();
    CODEC.encodeValue(out, value, "result");
    return Arrays.copyOf(out.array(), out.length());
  }

  static String hex(@Nullable Object value) {
    return HexFormat.of().formatHex(encode(value));
  }

  static @Nullable Object decode(byte[] bytes) {
    return decode(bytes, Object.class);
  }

  static @Nullable Object decode(String hex) {
    return decode(HexFormat.of().parseHex(hex));
  }

  static @Nullable Object decode(byte[] bytes, Type type) {
    return CODEC.decodeValue(bytes, 0, bytes.length, CODEC.typeOf(type), "result");
  }

  /** There and back as what the value is by itself. */
  static @Nullable Object echo(@Nullable Object value) {
    return decode(encode(value));
  }

  /** There and back into a type. */
  static @Nullable Object echo(@Nullable Object value, Type type) {
    return decode(encode(value), type);
  }
}
