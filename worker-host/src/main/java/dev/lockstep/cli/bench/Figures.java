package dev.lockstep.cli.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What was measured: for each figure the percentiles of every round, of which the median counts. In
 * the figures' own units.
 */
public final class Figures {
  private static final double THOUSANDTHS = 1000;

  private record Round(double p50, double p99) {}

  private final Map<String, List<Round>> rounds = new HashMap<>();

  /** Adds one round of every figure that a turn recorded. */
  void add(Turn turn) {
    turn.recorded().forEach(this::add);
  }

  private void add(String figure, Histogram thousandths) {
    if (thousandths.getTotalCount() == 0) {
      return;
    }
    rounds
        .computeIfAbsent(figure, name -> new ArrayList<>())
        .add(
            new Round(
                thousandths.getValueAtPercentile(50) / THOUSANDTHS,
                thousandths.getValueAtPercentile(99) / THOUSANDTHS));
  }

  /** Whether the figure was measured. */
  public boolean has(String figure) {
    return rounds.containsKey(figure);
  }

  /** The median of the rounds' medians; null if it was not measured. */
  public @Nullable Double p50(String figure) {
    return median(figure, Round::p50);
  }

  /** The median of the rounds' 99th percentiles; null if it was not measured. */
  public @Nullable Double p99(String figure) {
    return median(figure, Round::p99);
  }

  /** How many times the lowest of the rounds' medians the highest is; 1 without rounds. */
  public double spread(String figure) {
    double[] medians = rounds(figure, Round::p50);
    return medians.length == 0
        ? 1
        : Arrays.stream(medians).max().getAsDouble() / Arrays.stream(medians).min().getAsDouble();
  }

  private double[] rounds(String figure, ToDoubleFunction<Round> value) {
    return rounds.getOrDefault(figure, List.of()).stream().mapToDouble(value).toArray();
  }

  private @Nullable Double median(String figure, ToDoubleFunction<Round> value) {
    double[] sorted = Arrays.stream(rounds(figure, value)).sorted().toArray();
    if (sorted.length == 0) {
      return null;
    }
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
