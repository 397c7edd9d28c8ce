package dev.lockstep.faults;

/**
 * One fault of the table.
 *
 * @param number as in the table
 * @param fault what is done
 * @param expected what must come of it
 * @param fullRuns how often, or how much, in a full run
 * @param shortRuns the same in a short run
 * @param limitSeconds a short run that takes longer hangs; a full one may take that much for every
 *     such share of its runs
 * @param script does it
 */
public record Row(
    int number,
    String fault,
    String expected,
    int fullRuns,
    int shortRuns,
    int limitSeconds,
    Script script) {
  /** What a row does; what it throws is a failure of the row itself. */
  @FunctionalInterface
  public interface Script {
    /** Does it as often as the trial says. */
    void play(Trial trial) throws Exception;
  }

  /** How long this many runs may take. */
  public int limitSeconds(int runs) {
    return (int) Math.min(24 * 3600L, (long) limitSeconds * Math.max(1, 1 + runs / shortRuns));
  }
}
