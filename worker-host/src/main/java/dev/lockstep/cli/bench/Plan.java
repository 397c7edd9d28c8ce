package dev.lockstep.cli.bench;

/**
 * How much is measured.
 *
 * @param rounds how often every exchange gets its turn
 * @param callsPerRound exchanges timed in one turn
 * @param warmUpCalls exchanges before the first round that are not counted
 * @param turnMaxNanos a turn that takes longer is cut short
 */
public record Plan(int rounds, int callsPerRound, int warmUpCalls, long turnMaxNanos) {
  /** What the published figures come from. */
  public static final Plan FULL = new Plan(7, 20_000, 40_000, 3_000_000_000L);

  /** A few seconds: shows that everything works and roughly how fast it is. */
  public static final Plan QUICK = new Plan(3, 3_000, 6_000, 500_000_000L);

  public Plan {
    if (rounds < 1 || callsPerRound < 1 || warmUpCalls < 0 || turnMaxNanos < 1) {
      throw new IllegalArgumentException(
          "nothing would be measured: rounds=" + rounds + ", callsPerRound=" + callsPerRound);
    }
  }
}
