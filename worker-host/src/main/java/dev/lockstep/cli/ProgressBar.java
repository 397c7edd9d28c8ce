package dev.lockstep.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A line on a terminal that is drawn over itself. Thread-safe: progress arrives on the worker's
 * reading thread, lines of output on another.
 */
final class ProgressBar {
  private static final int WIDTH = 30;
  private static final String ERASE_LINE = "\r\u001b[K";
  private static final long REDRAW_NANOS = 50_000_000;

  private final PrintStream terminal;
  private final boolean shown;
  private final ReentrantLock lock = new ReentrantLock();
  private String drawn = "";
  private long drawnAtNanos;

  /**
   * Draws on {@code terminal}, or does nothing but pass lines on.
   *
   * @param shown whether the stream is a terminal that a bar may be drawn on
   */
  ProgressBar(PrintStream terminal, boolean shown) {
    this.terminal = terminal;
    this.shown = shown;
  }

  /** Moves the bar. A total that is not positive shows the count alone. */
  void update(double done, double total, String text) {
    if (!shown) {
      return;
    }
    lock.lock();
    try {
      redraw(done, total, text);
    } finally {
      lock.unlock();
    }
  }

  private void redraw(double done, double total, String text) {
    String line = render(done, total, text);
    long nowNanos = System.nanoTime();
    boolean last = total > 0 && done >= total;
    if (line.equals(drawn)
        || (!last && !drawn.isEmpty() && nowNanos - drawnAtNanos < REDRAW_NANOS)) {
      return;
    }
    terminal.print(ERASE_LINE + line);
    terminal.flush();
    drawn = line;
    drawnAtNanos = nowNanos;
  }

  /** Prints a line above the bar. */
  void printLine(String line) {
    lock.lock();
    try {
      if (drawn.isEmpty()) {
        terminal.println(line);
      } else {
        terminal.println(ERASE_LINE + line);
        terminal.print(drawn);
      }
      terminal.flush();
    } finally {
      lock.unlock();
    }
  }

  /** Takes the bar away. */
  void clear() {
    lock.lock();
    try {
      if (!drawn.isEmpty()) {
        terminal.print(ERASE_LINE);
        terminal.flush();
        drawn = "";
      }
    } finally {
      lock.unlock();
    }
  }

  static String render(double done, double total, String text) {
    String suffix = text.isEmpty() ? "" : " " + text.lines().findFirst().orElse("");
    if (!(total > 0) || Double.isInfinite(total)) {
      return number(done) + suffix;
    }
    double fraction = Math.max(0, Math.min(1, done / total));
    int filled = (int) Math.round(fraction * WIDTH);
    return String.format(
        Locale.ROOT,
        "[%s%s] %3.0f%% %s/%s%s",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        fraction * 100,
        number(done),
        number(total),
        suffix);
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.3g", value);
  }
}
