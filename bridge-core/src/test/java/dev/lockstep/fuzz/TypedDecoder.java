package dev.lockstep.fuzz;

import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.NdArray;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.codec.ValueType;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads bytes as a value of a type that the last byte chooses as well. */
public final class TypedDecoder {
  enum Colour {
    RED,
    BLUE
  }

  record Point(int x, @Nullable Point next, Optional<String> label) {}

  /** The types, as those of a record's components: so generic ones are written as Java does. */
  @SuppressWarnings("ArrayRecordComponent") // only its types are of interest
  record Asked(
      byte a,
      short b,
      int c,
      long d,
      float e,
      double f,
      boolean g,
      char h,
      String i,
      byte[] j,
      int[] k,
      double[] l,
      boolean[] m,
      String[] n,
      List<Integer> o,
      Set<Double> p,
      Map<String, List<Long>> q,
      Map<Colour, Integer> r,
      Map<Integer, String> s,
      Optional<Integer> t,
      BigInteger u,
      BigDecimal v,
      UUID w,
      LocalDateTime x,
      Instant y,
      Duration z,
      NdArray aa,
      Colour bb,
      Point cc,
      List<Point> dd,
      float[][] ee,
      Number ff,
      CharSequence gg,
      Iterable<Object> hh,
      Object[] ii) {}

  private static final ValueCodec CODEC =
      new ValueCodec(Decoders.LIMITS, ValueCodec.defaultMapper(), false);
  private static final ValueType[] TYPES =
      Arrays.stream(Asked.class.getRecordComponents())
          .map(RecordComponent::getGenericType)
          .map(CODEC::typeOf)
          .toArray(ValueType[]::new);

  private TypedDecoder() {}

  /** Throws what no decoder may throw. */
  public static void decode(byte[] data) {
    if (data.length > 0) {
      decode(data, TYPES[(data[data.length - 1] & 0xFF) % TYPES.length]);
    }
  }

  /** The same for each of the types. */
  static void decodeAsEach(byte[] data) {
    for (ValueType type : TYPES) {
      decode(data, type);
    }
  }

  private static void decode(byte[] data, ValueType type) {
    try {
      CODEC.decodeValue(data, 0, data.length, type, "result");
    } catch (MalformedValueException refused) {
      // as it may be
    } catch (ValueException unfit) {
      if (unfit.kind() != ValueException.Kind.MISMATCH) {
        throw unfit;
      }
    }
  }
}
