package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.decode;
import static dev.lockstep.codec.Coding.echo;
import static dev.lockstep.codec.Coding.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.type.TypeReference;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Asked types: fitted without loss, or not at all. */
class ConversionTest {
  private static ValueException misfit(@Nullable Object sent, Type type) {
    byte[] bytes = encode(sent);
    ValueException thrown = catchThrowableOfType(ValueException.class, () -> decode(bytes, type));
    assertThat(thrown).as("a misfit of %s as %s", sent, type).isNotNull();
    assertThat(thrown.kind()).isEqualTo(ValueException.Kind.MISMATCH);
    return thrown;
  }

  @Test
  void integersBecomeAnyTypeThatHoldsThemExactly() {
    assertThat(echo(5, long.class)).isEqualTo(5L);
    assertThat(echo(5L, int.class)).isEqualTo(5);
    assertThat(echo(-128, byte.class)).isEqualTo((byte) -128);
    assertThat(echo(5, Double.class)).isEqualTo(5.0);
    assertThat(echo(1L << 53, double.class)).isEqualTo(0x1p53);
    assertThat(echo(5, BigInteger.class)).isEqualTo(BigInteger.valueOf(5));
    assertThat(echo(5, BigDecimal.class)).isEqualTo(BigDecimal.valueOf(5));
    assertThat(echo(5, float.class)).isEqualTo(5f);
    misfit(128, byte.class);
    misfit(1L << 31, int.class);
    misfit(40_000, short.class);
    misfit(BigInteger.ONE.shiftLeft(63), long.class);
    misfit((1L << 53) + 1, double.class);
    misfit(Long.MAX_VALUE, double.class);
    misfit((1 << 24) + 1, float.class);
  }

  @Test
  void aFractionOrABooleanIsNoInteger() {
    misfit(1.0, int.class);
    misfit(true, int.class);
    misfit("1", int.class);
    misfit(1, boolean.class);
    misfit(1, String.class);
    misfit('x', int.class);
  }

  @Test
  void aDoubleBecomesAFloatWhereOneIsAskedFor() {
    assertThat(echo(0.1, float.class)).isEqualTo(0.1f);
    assertThat(echo(Double.NaN, float.class)).isEqualTo(Float.NaN);
    assertThat(echo(0.1f, double.class)).isEqualTo((double) 0.1f);
    misfit(1e300, float.class);
  }

  @Test
  void nullFitsObjectsAndOptionalsButNoPrimitive() {
    assertThat(echo(null, Integer.class)).isNull();
    assertThat(echo(null, String.class)).isNull();
    assertThat(echo(null, Point.class)).isNull();
    assertThat(echo(null, new TypeReference<Optional<String>>() {}.getType()))
        .isEqualTo(Optional.empty());
    assertThat(echo(7, new TypeReference<Optional<Long>>() {}.getType()))
        .isEqualTo(Optional.of(7L));
    assertThat(echo(null, OptionalInt.class)).isEqualTo(OptionalInt.empty());
    assertThat(misfit(null, int.class).reason()).contains("found=null");
    assertThat(misfit(List.of(Map.of("x", 1)), type(new TypeReference<List<Point>>() {})).path())
        .startsWith("result[0]");
  }

  @Test
  void textBecomesCharsEnumsAndWhatJacksonReadsFromText() {
    assertThat(echo('x', char.class)).isEqualTo('x');
    assertThat(echo("x", Character.class)).isEqualTo('x');
    assertThat(echo("abc", char[].class)).isEqualTo("abc".toCharArray());
    assertThat(echo(TimeUnit.DAYS)).isEqualTo("DAYS");
    assertThat(echo("DAYS", TimeUnit.class)).isEqualTo(TimeUnit.DAYS);
    assertThat(echo(URI.create("a:b"), URI.class)).isEqualTo(URI.create("a:b"));
    misfit("xy", char.class);
    misfit("WEEKS", TimeUnit.class);
    misfit(1, TimeUnit.class);
  }

  @Test
  void arraysOfNumbersWidenAndListsBecomeArrays() {
    assertThat(echo(new short[] {1}, int[].class)).isEqualTo(new int[] {1});
    assertThat(echo(new int[] {1}, long[].class)).isEqualTo(new long[] {1});
    assertThat(echo(new float[] {0.5f}, double[].class)).isEqualTo(new double[] {0.5});
    assertThat(echo(new int[] {1}, double[].class)).isEqualTo(new double[] {1});
    assertThat(echo(List.of(1, 2L, 3), int[].class)).isEqualTo(new int[] {1, 2, 3});
    assertThat(echo(List.of(1, 2.5), double[].class)).isEqualTo(new double[] {1, 2.5});
    assertThat(echo(List.of(true), boolean[].class)).isEqualTo(new boolean[] {true});
    assertThat(echo(new int[] {1, 2}, type(new TypeReference<List<Long>>() {})))
        .isEqualTo(List.of(1L, 2L));
    assertThat(echo(NdArray.of(new double[] {1, 2, 3, 4}, 2, 2), double[][].class))
        .isEqualTo(new double[][] {{1, 2}, {3, 4}});
    assertThat(echo(new double[][] {{1}, {2, 3}}, double[][].class))
        .isEqualTo(new double[][] {{1}, {2, 3}});
    assertThat(misfit(List.of(1, 70_000), short[].class).path()).isEqualTo("result[1]");
    misfit(new double[] {1}, int[].class);
    misfit("text", int[].class);
  }

  @Test
  void anNdArrayIsGivenWhereItIsAskedFor() {
    assertThat(echo(new int[] {1, 2}, NdArray.class)).isEqualTo(NdArray.of(new int[] {1, 2}, 2));
    assertThat(echo(new boolean[] {true}, NdArray.class))
        .isEqualTo(new NdArray(ElementType.BOOL, new int[] {1}, ByteBuffer.wrap(new byte[] {1})));
    NdArray bytes =
        new NdArray(ElementType.UINT8, new int[] {2}, ByteBuffer.wrap(new byte[] {1, -1}));
    assertThat(echo(bytes)).isEqualTo(bytes);
    assertThat(echo(bytes, byte[].class)).isEqualTo(new byte[] {1, -1});
    assertThat(echo(bytes, int[].class)).isEqualTo(new int[] {1, 255});
    assertThat((List<?>) echo(List.of(bytes), type(new TypeReference<List<short[]>>() {})))
        .singleElement()
        .isEqualTo(new short[] {1, 255});
  }

  @Test
  void timesWithAZoneBecomeEachOther() {
    OffsetDateTime offset = OffsetDateTime.of(2024, 7, 1, 12, 0, 0, 0, ZoneOffset.ofHours(2));
    ZonedDateTime zoned = ZonedDateTime.parse("2024-07-01T12:00:00+02:00[Europe/Berlin]");
    assertThat(echo(Instant.EPOCH)).isEqualTo(Instant.EPOCH.atOffset(ZoneOffset.UTC));
    assertThat(echo(Instant.EPOCH, Instant.class)).isEqualTo(Instant.EPOCH);
    assertThat(echo(offset, ZonedDateTime.class)).isEqualTo(offset.toZonedDateTime());
    assertThat(echo(zoned, OffsetDateTime.class)).isEqualTo(offset);
    assertThat(echo(zoned, Instant.class)).isEqualTo(zoned.toInstant());
    assertThat(echo(java.util.Date.from(Instant.EPOCH), java.util.Date.class))
        .isEqualTo(java.util.Date.from(Instant.EPOCH));
    misfit(zoned.toLocalDateTime(), Instant.class);
    misfit(offset, java.time.LocalDateTime.class);
  }

  @Test
  void containersAreOfTheClassesThatWereAskedFor() {
    assertThat(echo(Map.of("b", 1, "a", 2), type(new TypeReference<TreeMap<String, Long>>() {})))
        .isInstanceOf(TreeMap.class)
        .isEqualTo(Map.of("a", 2L, "b", 1L));
    assertThat(echo(Map.of(1, 2), type(new TypeReference<SortedMap<Long, Integer>>() {})))
        .isEqualTo(Map.of(1L, 2));
    assertThat(echo(List.of(1), type(new TypeReference<Deque<Integer>>() {})))
        .isInstanceOf(Deque.class);
    assertThat(
            echo(
                Map.of(TimeUnit.DAYS, 1), type(new TypeReference<EnumMap<TimeUnit, Integer>>() {})))
        .isEqualTo(new EnumMap<>(Map.of(TimeUnit.DAYS, 1)));
    assertThat(echo(Set.of(1), type(new TypeReference<Collection<Integer>>() {})))
        .isEqualTo(List.of(1));
    assertThat(echo(List.of(1, 2), type(new TypeReference<Set<Integer>>() {})))
        .isEqualTo(Set.of(1, 2));
    assertThat(misfit(List.of(1, 1), type(new TypeReference<Set<Integer>>() {})).reason())
        .contains("twice");
    assertThat(misfit(Map.of("a", "x"), type(new TypeReference<Map<String, Integer>>() {})).path())
        .isEqualTo("result[\"a\"]");
  }

  @Test
  void aByteBufferIsItsBytesFromPositionToLimitAndStaysWhereItWas() {
    ByteBuffer buffer = ByteBuffer.wrap(new byte[] {1, 2, 3, 4}).position(1).limit(3);
    assertThat(echo(buffer)).isEqualTo(new byte[] {2, 3});
    assertThat(buffer.position()).isEqualTo(1);
    assertThat(echo(buffer, ByteBuffer.class)).isEqualTo(ByteBuffer.wrap(new byte[] {2, 3}));
  }

  @Test
  void whatDoesNotFitARecordIsNamedByItsPath() {
    ValueException unknown = misfit(Map.of("x", 1, "y", 2, "z", 3), Point.class);
    assertThat(unknown.path()).isEqualTo("result.z");
    ValueException wrong = misfit(Map.of("x", "one", "y", 2), Point.class);
    assertThat(wrong.path()).isEqualTo("result.x");
    assertThat(wrong.reason()).contains("java.lang.String");
    assertThat(misfit(Map.of("x", 1), Point.class).reason()).contains("found=null");
    misfit(List.of(1, 2), Point.class);
    misfit(5, Point.class);
  }

  private static Type type(TypeReference<?> reference) {
    return reference.getType();
  }

  record Point(int x, int y) {}
}
