package dev.lockstep.cli.bench;

/** What a figure is divided by. */
public sealed interface Reference {
  /** How the report names it. */
  String text();

  /** The median of a figure of the same run: a floor, or another line. */
  record Measured(String figure) implements Reference {
    @Override
    public String text() {
      return figure;
    }
  }

  /** An amount that is fixed, in the line's own unit. */
  record Fixed(double amount, Unit unit) implements Reference {
    @Override
    public String text() {
      String number = amount == Math.rint(amount) ? Long.toString((long) amount) : amount + "";
      return number + " " + unit.symbol();
    }
  }

  static Reference figure(String name) {
    return new Measured(name);
  }

  static Reference fixed(double amount, Unit unit) {
    return new Fixed(amount, unit);
  }
}
