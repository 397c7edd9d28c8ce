package dev.lockstep.fuzz;

import dev.lockstep.codec.ElementType;
import dev.lockstep.codec.NdArray;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Type and content of a decoded value as text; Python's {@code verdicts.text_of} writes the same.
 */
final class ValueText {
  private static final HexFormat HEX = HexFormat.of();

  private ValueText() {}

  static String of(@Nullable Object value) {
    if (value == null) {
      return "null";
    } else if (value instanceof Boolean flag) {
      return flag.toString();
    } else if (value instanceof Integer || value instanceof Long) {
      return "i" + BigInteger.valueOf(((Number) value).longValue()).toString(16);
    } else if (value instanceof BigInteger number) {
      return "i" + number.toString(16);
    } else if (value instanceof Double number) {
      return floating(number);
    } else if (value instanceof String text) {
      return "t" + HEX.formatHex(text.getBytes(StandardCharsets.UTF_8));
    } else if (value instanceof byte[] bytes) {
      return "b" + HEX.formatHex(bytes);
    } else if (value instanceof List<?> list) {
      return list.stream().map(ValueText::of).collect(Collectors.joining(",", "[", "]"));
    } else if (value instanceof Set<?> set) {
      return set.stream().map(ValueText::of).sorted().collect(Collectors.joining(",", "(", ")"));
    } else if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> of(entry.getKey()) + ":" + of(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    } else if (value instanceof BigDecimal number) {
      return "d" + -(long) number.scale() + "/" + number.unscaledValue().toString(16);
    } else if (value instanceof UUID uuid) {
      return "u" + uuid.toString().replace("-", "");
    }
    return value instanceof NdArray || value.getClass().isArray() ? array(value) : time(value);
  }

  private static String floating(double number) {
    return Double.isNaN(number)
        ? "fnan"
        : "f" + HEX.toHexDigits(Double.doubleToRawLongBits(number));
  }

  private static String time(Object value) {
    if (value instanceof OffsetDateTime time) {
      return "z" + micros(time.toLocalDateTime()) + "/" + time.getOffset().getTotalSeconds() + "/";
    } else if (value instanceof ZonedDateTime time) {
      return "z"
          + micros(time.toLocalDateTime())
          + "/"
          + time.getOffset().getTotalSeconds()
          + "/"
          + time.getZone().getId();
    } else if (value instanceof LocalDateTime time) {
      return "l" + micros(time);
    } else if (value instanceof LocalDate date) {
      return "D" + date.toEpochDay();
    } else if (value instanceof LocalTime time) {
      return "T" + time.toNanoOfDay() / 1000;
    } else if (value instanceof Duration duration) {
      return "P"
          + BigInteger.valueOf(duration.getSeconds())
              .multiply(BigInteger.valueOf(1_000_000))
              .add(BigInteger.valueOf(duration.getNano() / 1000));
    }
    throw new AssertionError("a value of a type that no value has: " + value.getClass());
  }

  private static long micros(LocalDateTime local) {
    return ChronoUnit.MICROS.between(
        LocalDate.EPOCH.atStartOfDay(), local.truncatedTo(ChronoUnit.MICROS));
  }

  private static String array(Object value) {
    NdArray array = value instanceof NdArray nd ? nd : boxed(value);
    int[] shape = array.shape();
    if (array.size() == 0 && shape.length > 1) {
      return emptyRows(shape, 0);
    }
    String sizes = Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining("x"));
    ByteBuffer data = array.data();
    return switch (array.type()) {
      case FLOAT16 ->
          "afloat:" + sizes + ":" + floats(array.size(), i -> halfToFloat(data.getShort(2 * i)));
      case FLOAT32 -> "afloat:" + sizes + ":" + floats(array.size(), i -> data.getFloat(4 * i));
      default -> {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        yield "a" + array.type().wireName() + ":" + sizes + ":" + HEX.formatHex(bytes);
      }
    };
  }

  /** Python has no arrays without elements but as nested lists, down to the first length of 0. */
  private static String emptyRows(int[] shape, int dimension) {
    if (shape[dimension] == 0) {
      return "[]";
    }
    String row = emptyRows(shape, dimension + 1);
    return IntStream.range(0, shape[dimension])
        .mapToObj(i -> row)
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static String floats(int count, IntFunction<Float> element) {
    return IntStream.range(0, count)
        .mapToObj(i -> floating(element.apply(i)))
        .collect(Collectors.joining(","));
  }

  private static float halfToFloat(short bits) {
    int exponent = (bits >> 10) & 0x1F;
    int fraction = bits & 0x3FF;
    double size =
        exponent == 0
            ? Math.scalb((double) fraction, -24)
            : exponent == 31
                ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
                : Math.scalb(1024.0 + fraction, exponent - 25);
    return (float) (bits < 0 ? -size : size);
  }

  private static NdArray boxed(Object array) {
    if (array instanceof double[] doubles) {
      return NdArray.of(doubles, doubles.length);
    } else if (array instanceof float[] floats) {
      return NdArray.of(floats, floats.length);
    } else if (array instanceof long[] longs) {
      return NdArray.of(longs, longs.length);
    } else if (array instanceof int[] ints) {
      return NdArray.of(ints, ints.length);
    }
    ElementType type = array instanceof short[] ? ElementType.INT16 : ElementType.BOOL;
    int length = java.lang.reflect.Array.getLength(array);
    ByteBuffer data =
        ByteBuffer.allocate(length * type.bytes()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < length; i++) {
      if (array instanceof short[] shorts) {
        data.putShort(shorts[i]);
      } else {
        data.put((byte) (((boolean[]) array)[i] ? 1 : 0));
      }
    }
    return new NdArray(type, new int[] {length}, data.flip());
  }
}
