package dev.lockstep.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever is encoded is decoded to the same, and whatever is decoded never does harm. */
class RoundTripTest {
  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void everyValueComesBackAsItWas(@ForAll("values") Object value) {
    assertThat(Notation.text(Coding.echo(value))).isEqualTo(Notation.text(value));
  }

  @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
  void everyValueCutShortAnywhereIsRefused(@ForAll("values") Object value) {
    byte[] bytes = Coding.encode(value);
    int step = Math.max(1, bytes.length / 50);
    for (int length = 0; length < bytes.length; length += step) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Coding.decode(cut)).isInstanceOf(MalformedValueException.class);
    }
  }

  @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
  void aByteChangedAnywhereGivesAnotherValueOrARefusal(
      @ForAll("values") Object value, @ForAll long seed) {
    Random random = new Random(seed);
    byte[] bytes = Coding.encode(value);
    for (int i = 0; i < 20; i++) {
      byte[] changed = bytes.clone();
      changed[random.nextInt(changed.length)] = (byte) random.nextInt();
      decodeOrRefuse(changed);
    }
  }

  @Property(tries = 2000)
  void randomBytesGiveAValueOrARefusal(@ForAll byte[] bytes) {
    decodeOrRefuse(bytes);
  }

  private static void decodeOrRefuse(byte[] bytes) {
    try {
      Object value = Coding.decode(bytes);
      Object again = Coding.echo(value);
      assertThat(Notation.text(again)).isEqualTo(Notation.text(value));
    } catch (MalformedValueException | ValueException e) {
      assertThat(e.getMessage()).isNotBlank();
    }
  }

  @Example
  void aMillionNumbersAndAHundredThousandKeysComeBack() {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < 1_000_000; i++) {
      numbers.add(i * 7);
    }
    assertThat(Coding.echo(numbers)).isEqualTo(numbers);
    Map<String, Integer> map = new LinkedHashMap<>();
    for (int i = 0; i < 100_000; i++) {
      map.put("key " + i, i);
    }
    assertThat(Coding.echo(map)).isEqualTo(map);
    float[] floats = new float[1 << 19];
    Random random = new Random(42);
    for (int i = 0; i < floats.length; i++) {
      floats[i] = random.nextFloat();
    }
    assertThat(Coding.echo(floats)).isEqualTo(floats);
  }

  @Example
  void hostileKeysAndFalsyValuesAreData() {
    Map<String, Object> map = new LinkedHashMap<>();
    for (String key : List.of("__proto__", "__class__", "", "a.b", "k".repeat(10_000))) {
      map.put(key, List.of(0, "", false, List.of(), Map.of()));
    }
    map.put("null", null);
    assertThat(Coding.echo(map)).isEqualTo(map);
    assertThat(Coding.echo(Collections.singletonList(null)))
        .isEqualTo(Collections.singletonList(null));
  }

  @Provide
  Arbitrary<Object> values() {
    return values(3);
  }

  private Arbitrary<Object> values(int depth) {
    if (depth == 0) {
      return scalars();
    }
    Arbitrary<Object> inner = values(depth - 1);
    return Arbitraries.oneOf(
        scalars(),
        arrays(),
        inner.list().ofMaxSize(4).map(ArrayList::new),
        Combinators.combine(keys().list().uniqueElements().ofSize(3), inner.list().ofSize(3))
            .as(RoundTripTest::mapOf),
        texts().set().ofMaxSize(4).map(LinkedHashSet::new));
  }

  private static Map<Object, Object> mapOf(List<Object> keys, List<Object> values) {
    Map<Object, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      map.put(keys.get(i), values.get(i));
    }
    return map;
  }

  private Arbitrary<Object> keys() {
    return Arbitraries.oneOf(
        texts().map(it -> it),
        Arbitraries.integers().greaterOrEqual(2).map(it -> it),
        uuids().map(it -> it));
  }

  private Arbitrary<Object> scalars() {
    return Arbitraries.oneOf(
        Arbitraries.of(true, false).map(it -> it),
        Arbitraries.longs().map(CborCursor::smallest),
        Arbitraries.integers().map(it -> it),
        Arbitraries.bigIntegers()
            .between(BigInteger.ONE.shiftLeft(64).negate(), BigInteger.ONE.shiftLeft(70))
            .map(it -> it.bitLength() < 64 ? CborCursor.smallest(it.longValue()) : it),
        Arbitraries.longs().map(Double::longBitsToDouble).map(it -> it.isNaN() ? Double.NaN : it),
        texts().map(it -> it),
        Arbitraries.bytes().array(byte[].class).ofMaxSize(40).map(it -> it),
        Combinators.combine(
                Arbitraries.bigIntegers(),
                Arbitraries.integers().greaterOrEqual(-1 - Integer.MAX_VALUE + 1))
            .as(BigDecimal::new),
        uuids().map(it -> it),
        times().map(it -> it));
  }

  private Arbitrary<Object> times() {
    Arbitrary<LocalDate> dates =
        Arbitraries.longs()
            .between(LocalDate.of(1, 1, 1).toEpochDay(), LocalDate.of(9999, 12, 31).toEpochDay())
            .map(LocalDate::ofEpochDay);
    Arbitrary<LocalTime> ofDay =
        Arbitraries.longs().between(0, 86_399_999_999_999L).map(LocalTime::ofNanoOfDay);
    Arbitrary<LocalDateTime> local = Combinators.combine(dates, ofDay).as(LocalDateTime::of);
    Arbitrary<ZoneOffset> offsets =
        Arbitraries.integers().between(-64_800, 64_800).map(ZoneOffset::ofTotalSeconds);
    Arbitrary<ZoneId> zones =
        Arbitraries.of("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC").map(ZoneId::of);
    return Arbitraries.oneOf(
        dates.map(it -> it),
        ofDay.map(it -> it),
        local.map(it -> it),
        Combinators.combine(local, offsets).as(OffsetDateTime::of),
        Combinators.combine(local, zones).as(LocalDateTime::atZone),
        Combinators.combine(
                Arbitraries.longs()
                    .between(TaggedForms.MIN_DURATION_SECONDS, TaggedForms.MAX_DURATION_SECONDS),
                Arbitraries.integers().between(0, 999_999_999))
            .as(Duration::ofSeconds));
  }

  private Arbitrary<Object> arrays() {
    return Arbitraries.oneOf(
        Arbitraries.shorts().array(short[].class).ofMaxSize(10).map(it -> it),
        Arbitraries.integers().array(int[].class).ofMaxSize(10).map(it -> it),
        Arbitraries.longs().array(long[].class).ofMaxSize(10).map(it -> it),
        Arbitraries.floats().array(float[].class).ofMaxSize(10).map(it -> it),
        Arbitraries.doubles().array(double[].class).ofMaxSize(10).map(it -> it),
        Arbitraries.of(true, false).array(boolean[].class).ofMaxSize(10).map(it -> it),
        Combinators.combine(
                Arbitraries.of(ElementType.values()).filter(it -> it != ElementType.BOOL),
                Arbitraries.integers().between(0, 3),
                Arbitraries.integers().between(0, 3))
            .as(
                (type, rows, columns) ->
                    new NdArray(
                        type,
                        new int[] {rows, columns},
                        ByteBuffer.wrap(new byte[rows * columns * type.bytes()]))));
  }

  private static Arbitrary<UUID> uuids() {
    return Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new);
  }

  /** Any text without lone surrogates. */
  private static Arbitrary<String> texts() {
    return Arbitraries.strings().all().ofMaxLength(30).filter(TextForm::isWellFormed);
  }
}
