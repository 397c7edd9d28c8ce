package dev.lockstep.cli.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * One line of the report. All times are microseconds for a round trip.
 *
 * @param name of the exchange
 * @param p50Micros median of the rounds' medians
 * @param p99Micros median of the rounds' 99th percentiles
 * @param floorMicros the least that two C processes needed between the same rounds; null where it
 *     could not be measured
 * @param ratio {@code p50Micros / floorMicros}, or null
 */
@JsonPropertyOrder({"name", "p50_us", "p99_us", "floor_us", "ratio"})
public record Row(
    @JsonProperty("name") String name,
    @JsonProperty("p50_us") double p50Micros,
    @JsonProperty("p99_us") double p99Micros,
    @JsonProperty("floor_us") @Nullable Double floorMicros,
    @JsonProperty("ratio") @Nullable Double ratio) {

  static Row of(String name, double p50Micros, double p99Micros, @Nullable Double floorMicros) {
    return new Row(
        name,
        rounded(p50Micros),
        rounded(p99Micros),
        floorMicros == null ? null : rounded(floorMicros),
        floorMicros == null || floorMicros == 0 ? null : rounded(p50Micros / floorMicros));
  }

  private static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
