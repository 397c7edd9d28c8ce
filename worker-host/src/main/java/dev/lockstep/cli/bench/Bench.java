package dev.lockstep.cli.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Measures several exchanges side by side: in each round every one of them gets its turn and the
 * floor is taken anew, so that whatever else the machine does falls on all alike. A figure is the
 * median over the rounds of the rounds' own percentiles; the floor is the lowest median of all its
 * tries.
 */
public final class Bench {
  private static final long HIGHEST_NANOS = 60_000_000_000L;
  private static final int FLOOR_EXCHANGES = 5_000;
  private static final int FLOOR_SLEEPING_EXCHANGES = 1_000;
  private static final int FLOOR_TRIES = 3;
  private static final long FLOOR_MAX_MILLIS = 100;

  private final Plan plan;
  private final Floor floor;
  private final Consumer<String> log;

  /** Prepares a run; {@code log} gets a line when something begins. */
  public Bench(Plan plan, Floor floor, Consumer<String> log) {
    this.plan = plan;
    this.floor = floor;
    this.log = log;
  }

  /**
   * What was measured.
   *
   * @param rows one an exchange, in the order given
   * @param spinFloorMicros C to C, both spinning; null where there is none
   * @param sleepFloorMicros C to C, both asleep in the futex for every message; null likewise
   * @param plan what was asked for
   */
  public record Result(
      List<Row> rows,
      @Nullable Double spinFloorMicros,
      @Nullable Double sleepFloorMicros,
      Plan plan) {
    public Result {
      rows = List.copyOf(rows);
    }
  }

  /** Runs the whole plan on the calling thread. */
  public Result run(List<? extends Exchange> exchanges) throws IOException {
    for (Exchange exchange : exchanges) {
      log.accept("warming up " + exchange.name());
      turn(exchange, plan.warmUpCalls());
    }
    int count = exchanges.size();
    double[][] p50 = new double[count][plan.rounds()];
    double[][] p99 = new double[count][plan.rounds()];
    Double spinFloor = null;
    Double sleepFloor = null;
    for (int round = 0; round < plan.rounds(); round++) {
      log.accept("round " + (round + 1) + " of " + plan.rounds());
      for (int i = 0; i < FLOOR_TRIES; i++) {
        spinFloor =
            lower(spinFloor, floor.measureMicros("spin", FLOOR_EXCHANGES, FLOOR_MAX_MILLIS));
        sleepFloor =
            lower(
                sleepFloor,
                floor.measureMicros("futex", FLOOR_SLEEPING_EXCHANGES, FLOOR_MAX_MILLIS));
      }
      for (int i = 0; i < count; i++) {
        Histogram nanos = turn(exchanges.get(i), plan.callsPerRound());
        p50[i][round] = nanos.getValueAtPercentile(50) / 1000.0;
        p99[i][round] = nanos.getValueAtPercentile(99) / 1000.0;
      }
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(Row.of(exchanges.get(i).name(), median(p50[i]), median(p99[i]), spinFloor));
    }
    return new Result(rows, spinFloor, sleepFloor, plan);
  }

  private Histogram turn(Exchange exchange, int calls) throws IOException {
    Histogram nanos = new Histogram(HIGHEST_NANOS, 3);
    exchange.measure(calls, plan.turnMaxNanos(), nanos);
    return nanos;
  }

  /**
   * A floor is the lowest that was seen: where the machine is busy, two processes that only spin
   * are often held up by their own scheduling, which says nothing about what they need.
   */
  private static @Nullable Double lower(@Nullable Double lowest, @Nullable Double micros) {
    if (lowest == null || micros == null) {
      return micros;
    }
    return Math.min(lowest, micros);
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
