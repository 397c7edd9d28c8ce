package dev.lockstep.cli.bench;

/** What a figure is counted in. Exchanges record thousandths of it: nanoseconds for a time. */
public enum Unit {
  MICROSECONDS("us"),
  BYTES("bytes"),
  PERCENT("%"),
  PER_SECOND("1/s"),
  TIMES("x");

  private final String symbol;

  Unit(String symbol) {
    this.symbol = symbol;
  }

  /** As the report writes it. */
  public String symbol() {
    return symbol;
  }
}
