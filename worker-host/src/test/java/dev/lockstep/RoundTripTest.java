package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** Whatever Java sends to Python and back is what it was. One worker of each twin for all tries. */
class RoundTripTest {
  private static final List<PyWorker> WORKERS = new ArrayList<>();

  @BeforeContainer
  static void start() {
    Twin.twins()
        .forEach(
            twin -> {
              PyWorker worker =
                  ((Twin) twin.get()[0])
                      .set(PyWorker.source("def echo(x): return x\n__export__ = ['echo']"))
                      .start();
              worker.ready().join();
              WORKERS.add(worker);
            });
  }

  @AfterContainer
  static void stop() {
    WORKERS.forEach(PyWorker::close);
    WORKERS.clear();
  }

  @Provide
  Arbitrary<String> texts() {
    // Every character but lone surrogates, which cannot cross.
    return Arbitraries.strings()
        .all()
        .map(text -> text.codePoints().filter(c -> c < 0xD800 || c > 0xDFFF))
        .map(
            points ->
                points.collect(
                    StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append))
        .map(StringBuilder::toString);
  }

  private static Arbitrary<LocalDateTime> times() {
    // To the microsecond: Python has no more.
    return Combinators.combine(
            Arbitraries.longs().between(-60_000_000_000L, 250_000_000_000L),
            Arbitraries.integers().between(0, 999_999))
        .as((second, micro) -> LocalDateTime.ofEpochSecond(second, micro * 1000, ZoneOffset.UTC));
  }

  private Arbitrary<@Nullable Object> scalars() {
    return Arbitraries.<@Nullable Object>oneOf(
        Arbitraries.<@Nullable Object>of(null, true, false, -0.0, Double.NaN, Double.MIN_VALUE),
        Arbitraries.integers().map(x -> x),
        Arbitraries.longs().map(RoundTripTest::smallest),
        Arbitraries.bigIntegers()
            .between(BigInteger.TWO.pow(200).negate(), BigInteger.TWO.pow(200))
            .map(RoundTripTest::smallest),
        Arbitraries.doubles().map(x -> x),
        Arbitraries.bigDecimals().map(x -> x),
        texts().map(x -> x),
        Arbitraries.create(UUID::randomUUID).map(x -> x),
        times().map(x -> x),
        times().map(LocalDateTime::toLocalDate).map(x -> x),
        times().map(LocalDateTime::toLocalTime).map(x -> x),
        times().map(at -> at.atOffset(ZoneOffset.ofHoursMinutes(5, 30))).map(x -> x),
        Arbitraries.longs()
            .between(-1_000_000_000_000_000L, 1_000_000_000_000_000L)
            .map(micros -> Duration.ofNanos(1000).multipliedBy(micros))
            .map(x -> x));
  }

  /** The smallest type that holds it: what the table of values promises for what comes back. */
  private static Object smallest(Number number) {
    BigInteger value =
        number instanceof BigInteger big ? big : BigInteger.valueOf(number.longValue());
    if (value.bitLength() < Integer.SIZE) {
      return value.intValueExact();
    }
    return value.bitLength() < Long.SIZE ? (Object) value.longValueExact() : value;
  }

  @Provide
  Arbitrary<@Nullable Object> values() {
    return nested(3);
  }

  private Arbitrary<@Nullable Object> nested(int depth) {
    if (depth == 0) {
      return scalars();
    }
    Arbitrary<@Nullable Object> inner = nested(depth - 1);
    Arbitrary<@Nullable Object> lists = inner.list().ofMaxSize(5).map(x -> x);
    Arbitrary<@Nullable Object> maps =
        Combinators.combine(texts().list().ofMaxSize(5), inner.list().ofSize(5))
            .as(
                (keys, items) -> {
                  Map<String, @Nullable Object> map = new LinkedHashMap<>();
                  for (int i = 0; i < keys.size(); i++) {
                    map.put(keys.get(i), items.get(i));
                  }
                  return map;
                });
    return Arbitraries.oneOf(scalars(), lists, maps);
  }

  @Property(tries = 1000, edgeCases = EdgeCasesMode.MIXIN)
  void whatReturnsIsWhatWasSent(@ForAll("values") @Nullable Object value) {
    for (PyWorker worker : WORKERS) {
      assertThat(
              worker
                  .sync()
                  .<@Nullable Object>call("echo", Object.class, new @Nullable Object[] {value}))
          .isEqualTo(value);
    }
  }

  /** A record of the usual types. */
  record Row(
      int id,
      String text,
      @Nullable Double ratio,
      List<Long> numbers,
      BigDecimal price,
      LocalDate day,
      LocalTime at,
      OffsetDateTime stamp) {}

  @Property(tries = 300, edgeCases = EdgeCasesMode.MIXIN)
  void aRecordReturnsAsTheRecordThatItWas(
      @ForAll int id,
      @ForAll("texts") String text,
      @ForAll List<Long> numbers,
      @ForAll BigDecimal price) {
    LocalDateTime now = LocalDateTime.of(2024, 2, 29, 23, 59, 58, 123_456_000);
    Row row =
        new Row(
            id,
            text,
            id % 2 == 0 ? null : id / 3.0,
            numbers,
            price,
            now.toLocalDate(),
            now.toLocalTime(),
            now.atOffset(ZoneOffset.ofHours(2)));
    for (PyWorker worker : WORKERS) {
      assertThat(worker.sync().call("echo", Row.class, row)).isEqualTo(row);
    }
  }

  @Property(tries = 300, edgeCases = EdgeCasesMode.MIXIN)
  void arraysOfNumbersReturnWithTheirType(
      @ForAll int[] ints, @ForAll long[] longs, @ForAll double[] doubles, @ForAll byte[] bytes) {
    for (PyWorker worker : WORKERS) {
      assertThat(worker.sync().call("echo", int[].class, ints)).isEqualTo(ints);
      assertThat(worker.sync().call("echo", long[].class, longs)).isEqualTo(longs);
      assertThat(worker.sync().call("echo", double[].class, doubles)).isEqualTo(doubles);
      assertThat(worker.sync().call("echo", byte[].class, bytes)).isEqualTo(bytes);
    }
  }
}
