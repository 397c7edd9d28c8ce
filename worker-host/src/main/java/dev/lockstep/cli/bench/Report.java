package dev.lockstep.cli.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A benchmark's result as a table, with a picture of its times. */
public final class Report {
  private static final int PICTURE_WIDTH = 60;
  private static final double LEFT_MICROS = 0.1;
  private static final double RIGHT_MICROS = 100_000;

  private Report() {}

  /**
   * Prints everything.
   *
   * @param remarks what a reader should know beside the figures
   */
  public static void print(Table table, Figures figures, List<String> remarks, PrintWriter out) {
    List<Row> rows = table.rows(figures);
    printTable(rows, out);
    out.println();
    printPicture(rows, out);
    out.println();
    for (Exchange exchange : table.exchanges()) {
      out.printf(Locale.ROOT, "%-34s %s%n", exchange.name(), exchange.description());
    }
    if (!remarks.isEmpty()) {
      out.println();
      remarks.forEach(out::println);
    }
    out.flush();
  }

  private static void printTable(List<Row> rows, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%-34s %10s %10s %8s %8s %-7s %s%n",
        "",
        "p50 us",
        "p99 us",
        "ratio",
        "at most",
        "",
        "against");
    for (Row row : rows) {
      boolean isTime = row.p50Micros() != null;
      out.printf(
          Locale.ROOT,
          "%-34s %10s %10s %8s %8s %-7s %s%n",
          row.name(),
          isTime ? number(row.p50Micros()) : number(row.value()),
          isTime ? number(row.p99Micros()) : row.unit(),
          number(row.ratio()),
          number(row.targetRatio()),
          row.met() == null ? "" : row.met() ? "met" : "MISSED",
          row.against());
    }
  }

  private static String number(@Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.2f", value);
  }

  /** Each time once: a point at the median, a line to the 99th percentile. */
  private static void printPicture(List<Row> rows, PrintWriter out) {
    out.printf(Locale.ROOT, "%-34s %s%n", "", axis());
    String last = "";
    for (Row row : rows) {
      Double p50 = row.p50Micros();
      Double p99 = row.p99Micros();
      boolean again = row.name().startsWith(last) && !last.isEmpty();
      if (p50 != null && p99 != null && !again) {
        out.printf(Locale.ROOT, "%-34s %s%n", row.name(), picture(p50, p99));
        last = row.name() + ".";
      }
    }
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
