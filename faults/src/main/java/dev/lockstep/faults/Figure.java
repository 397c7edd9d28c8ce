package dev.lockstep.faults;

import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A measured quantity: whole numbers of one unit, with percentiles. Thread-safe. */
public final class Figure {
  private static final int SIGNIFICANT_DIGITS = 3;

  private final String name;
  private final String unit;
  private final double perUnit;
  private final Histogram histogram = new Histogram(SIGNIFICANT_DIGITS);
  private long max = Long.MIN_VALUE;

  /**
   * A figure without values.
   *
   * @param perUnit how many of what is recorded make one unit that is shown
   */
  Figure(String name, String unit, double perUnit) {
    this.name = name;
    this.unit = unit;
    this.perUnit = perUnit;
  }

  /** Takes a value; negative ones, which only two clocks could make, count as 0. */
  public void record(long value) {
    record(value, 1);
  }

  /** Takes the same value so many times. */
  public synchronized void record(long value, long times) {
    long counted = Math.max(0, value);
    histogram.recordValueWithCount(counted, times);
    max = Math.max(max, counted);
  }

  /** The value below which so many percent lie, as recorded. */
  public synchronized long percentile(double percent) {
    return histogram.getValueAtPercentile(percent);
  }

  synchronized Map<String, Object> asMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("unit", unit);
    map.put("count", histogram.getTotalCount());
    if (histogram.getTotalCount() > 0) {
      map.put("p50", rounded(histogram.getValueAtPercentile(50)));
      map.put("p99", rounded(histogram.getValueAtPercentile(99)));
      map.put("max", rounded(max));
    }
    return map;
  }

  private double rounded(long value) {
    return Math.round(value / perUnit * 1000) / 1000.0;
  }
}
