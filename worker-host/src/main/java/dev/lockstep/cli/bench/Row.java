package dev.lockstep.cli.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table, measured.
 *
 * @param name of the line
 * @param p50Micros median of the rounds' medians; null where the figure is not a time
 * @param p99Micros median of the rounds' 99th percentiles; null likewise
 * @param floorMicros what the ratio is against; null where that is not a time or was not measured
 * @param ratio value divided by what it is against; null where that was not measured
 * @param targetRatio what the ratio may be at most; null where nothing is promised
 * @param met whether it is no more; null where one of the two is missing
 * @param against what the ratio is against: a floor, another line, or a fixed amount
 * @param value the figure that the ratio is formed of, in {@code unit}
 * @param unit of the value: {@code us}, {@code bytes}, {@code %}, {@code 1/s}, {@code x}
 */
@JsonPropertyOrder({
  "name",
  "p50_us",
  "p99_us",
  "floor_us",
  "ratio",
  "target_ratio",
  "met",
  "against",
  "value",
  "unit"
})
public record Row(
    @JsonProperty("name") String name,
    @JsonProperty("p50_us") @Nullable Double p50Micros,
    @JsonProperty("p99_us") @Nullable Double p99Micros,
    @JsonProperty("floor_us") @Nullable Double floorMicros,
    @JsonProperty("ratio") @Nullable Double ratio,
    @JsonProperty("target_ratio") @Nullable Double targetRatio,
    @JsonProperty("met") @Nullable Boolean met,
    @JsonProperty("against") String against,
    @JsonProperty("value") double value,
    @JsonProperty("unit") String unit) {

  /** The line with its figures, or null if its figure was not measured. */
  static @Nullable Row of(Line line, Figures figures) {
    Double p50 = figures.p50(line.figure());
    Double p99 = figures.p99(line.figure());
    if (p50 == null || p99 == null) {
      return null;
    }
    double value = line.percentile() == 99 ? p99 : p50;
    Double reference =
        line.reference() instanceof Reference.Fixed fixed
            ? Double.valueOf(fixed.amount())
            : figures.p50(line.reference().text());
    Double ratio = reference == null || reference == 0 ? null : value / reference;
    Double target = line.targetRatio();
    boolean isTime = line.unit() == Unit.MICROSECONDS;
    return new Row(
        line.name(),
        isTime ? rounded(p50) : null,
        isTime ? rounded(p99) : null,
        isTime ? rounded(reference) : null,
        rounded(ratio),
        target,
        isMet(ratio, target),
        line.reference().text(),
        Math.round(value * 1000) / 1000.0,
        line.unit().symbol());
  }

  private static @Nullable Boolean isMet(@Nullable Double ratio, @Nullable Double target) {
    if (ratio == null || target == null) {
      return null;
    }
    return ratio <= target;
  }

  private static @Nullable Double rounded(@Nullable Double value) {
    return value == null ? null : Math.round(value * 1000) / 1000.0;
  }
}
