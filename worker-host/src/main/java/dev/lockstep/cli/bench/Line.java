package dev.lockstep.cli.bench;

import org.jspecify.annotations.Nullable;

/**
 * One line of the table before it is measured: which figure, against what, and how many times that
 * it may be.
 *
 * @param name how the report calls it
 * @param figure what an exchange records
 * @param percentile which percentile of the figure is the line's value: 50 or 99
 * @param unit of the figure
 * @param reference what the value is divided by
 * @param targetRatio what the quotient may be at most; null where nothing is promised
 */
public record Line(
    String name,
    String figure,
    int percentile,
    Unit unit,
    Reference reference,
    @Nullable Double targetRatio) {

  /** The median of a time against another figure, without a promise. */
  static Line time(String figure, String against) {
    return new Line(figure, figure, 50, Unit.MICROSECONDS, Reference.figure(against), null);
  }

  /** The 99th percentile of a time against its own median. */
  static Line tail(String figure) {
    return new Line(figure + ".p99", figure, 99, Unit.MICROSECONDS, Reference.figure(figure), null);
  }

  /** The median of a figure against a fixed amount of its unit. */
  static Line amount(String figure, double amount, Unit unit) {
    return new Line(figure, figure, 50, unit, Reference.fixed(amount, unit), null);
  }

  /** The same under another name. */
  Line named(String newName) {
    return new Line(newName, figure, percentile, unit, reference, targetRatio);
  }

  /** The same with a promise. */
  Line atMost(double ratio) {
    return new Line(name, figure, percentile, unit, reference, ratio);
  }
}
