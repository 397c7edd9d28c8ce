package dev.lockstep.cli.bench;

/**
 * How much is measured.
 *
 * @param rounds how often every exchange gets its turn
 * @param callsPerTurn most that is timed in one turn
 * @param turnNanos a turn that takes longer is cut short
 * @param warmUpNanos most that is spent until the JVM's compilers are quiet
 * @param isThorough whether the slow exchanges get their turns, too
 */
public record Plan(
    int rounds, int callsPerTurn, long turnNanos, long warmUpNanos, boolean isThorough) {
  private static final long LEAD_IN_NANOS = 20_000_000;

  /** What the published figures come from. */
  public static final Plan FULL = new Plan(7, 50_000, 500_000_000L, 40_000_000_000L, true);

  /** A few seconds: shows that everything works and roughly how fast it is. */
  public static final Plan QUICK = new Plan(3, 20_000, 60_000_000L, 6_000_000_000L, false);

  public Plan {
    if (rounds < 1 || callsPerTurn < 1 || turnNanos < 1 || warmUpNanos < 0) {
      throw new IllegalArgumentException(
          "nothing would be measured: rounds=" + rounds + ", callsPerTurn=" + callsPerTurn);
    }
  }

  /** Whether an exchange of this pace has its place in a run like this. */
  public boolean includes(Exchange.Pace pace) {
    return isThorough || pace == Exchange.Pace.EVERY_ROUND;
  }

  Turn turn() {
    return new Turn(callsPerTurn, turnNanos);
  }

  Turn leadIn() {
    return new Turn(callsPerTurn, LEAD_IN_NANOS);
  }
}
