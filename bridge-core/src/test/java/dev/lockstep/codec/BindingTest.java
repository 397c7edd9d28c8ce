package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.echo;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Records, beans, enums and generics: what Jackson binds arrives as it was. */
class BindingTest {
  @Test
  void aRecordOfEverythingArrivesAsItWas() {
    Everything sent =
        new Everything(
            new BigDecimal("1.2300"),
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
            OffsetDateTime.parse("2024-02-29T12:34:56.123456789+05:30"),
            ZonedDateTime.parse("2024-07-01T00:00:00+02:00[Europe/Berlin]"),
            Duration.ofSeconds(-5, 7),
            new byte[] {0, -1},
            Double.NaN,
            (1L << 53) + 1,
            List.of(Map.of("p", new Point(1, 2))),
            new double[] {-0.0, Double.MIN_VALUE},
            Optional.of(new Point(3, 4)),
            Color.GREEN,
            Map.of(5, List.of("x")));
    assertThat(echo(sent, Everything.class))
        .usingRecursiveComparison()
        .withComparatorForType(Double::compare, Double.class)
        .isEqualTo(sent);
  }

  @Test
  void genericsOfRecordsAreBound() {
    assertThat(
            echo(
                List.of(Map.of("p", new Point(1, 2))),
                new TypeReference<List<Map<String, Point>>>() {}.getType()))
        .isEqualTo(List.of(Map.of("p", new Point(1, 2))));
  }

  enum Color {
    RED,
    GREEN
  }

  record Point(int x, long y) {}

  @SuppressWarnings("ArrayRecordComponent")
  record Everything(
      BigDecimal decimal,
      UUID id,
      OffsetDateTime offset,
      ZonedDateTime zoned,
      Duration duration,
      byte[] bytes,
      double nan,
      long large,
      List<Map<String, Point>> nested,
      double[] numbers,
      Optional<Point> optional,
      Color color,
      Map<Integer, List<String>> byNumber) {}
}
