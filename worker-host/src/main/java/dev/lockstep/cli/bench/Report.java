package dev.lockstep.cli.bench;

import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A benchmark's result as a table with a picture. */
public final class Report {
  private static final int PICTURE_WIDTH = 36;
  private static final double BUSY_MICROS = 20;
  private static final double LEFT_MICROS = 0.1;
  private static final double RIGHT_MICROS = 10_000;

  private Report() {}

  /** Prints the table; {@code floorReason} says why there is no floor, if there is none. */
  public static void print(Bench.Result result, String floorReason, PrintWriter out) {
    out.println(
        "Round trip of f(int) -> int in microseconds: median of "
            + result.plan().rounds()
            + " rounds of "
            + result.plan().callsPerRound()
            + " calls");
    out.println();
    out.printf(
        Locale.ROOT, "%-28s %9s %9s %9s %8s  %s%n", "", "p50", "p99", "floor", "x floor", axis());
    for (Row row : result.rows()) {
      out.printf(
          Locale.ROOT,
          "%-28s %9.2f %9.2f %9s %8s  %s%n",
          row.name(),
          row.p50Micros(),
          row.p99Micros(),
          optional(row.floorMicros(), "%.2f"),
          optional(row.ratio(), "%.1f"),
          picture(row.p50Micros(), row.p99Micros()));
    }
    out.println();
    if (result.spinFloorMicros() == null) {
      out.println("No floor was measured: " + floorReason);
    } else {
      out.println(
          "Floor: the least that two C processes needed over shared memory between the same rounds:"
              + " spinning "
              + optional(result.spinFloorMicros(), "%.2f")
              + " us, both asleep in the futex "
              + optional(result.sleepFloorMicros(), "%.2f")
              + " us.");
      if (result.spinFloorMicros() > BUSY_MICROS) {
        out.println(
            "This machine is busy: not even two spinning processes met without being held up.");
      }
    }
    out.flush();
  }

  private static String optional(@Nullable Double value, String format) {
    return value == null ? "-" : String.format(Locale.ROOT, format, value);
  }

  private static String axis() {
    StringBuilder text = new StringBuilder(" ".repeat(PICTURE_WIDTH));
    for (double micros = LEFT_MICROS; micros < RIGHT_MICROS; micros *= 10) {
      String mark = micros < 1 ? "0.1" : Integer.toString((int) Math.round(micros));
      int column = column(micros);
      text.replace(column, Math.min(PICTURE_WIDTH, column + mark.length()), mark);
    }
    return text.toString().stripTrailing() + " us";
  }

  /** A point at the median, a line to the 99th percentile, on a logarithmic axis. */
  private static String picture(double p50Micros, double p99Micros) {
    int from = column(p50Micros);
    int to = Math.max(from, column(p99Micros));
    return " ".repeat(from) + "o" + "-".repeat(to - from);
  }

  private static int column(double micros) {
    double share =
        Math.log10(Math.max(LEFT_MICROS, micros) / LEFT_MICROS)
            / Math.log10(RIGHT_MICROS / LEFT_MICROS);
    return (int) Math.min(PICTURE_WIDTH - 1, Math.round(share * (PICTURE_WIDTH - 1)));
  }
}
