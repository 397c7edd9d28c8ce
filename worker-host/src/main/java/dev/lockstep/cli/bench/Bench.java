package dev.lockstep.cli.bench;

import java.io.IOException;
import java.util.List;

/**
 * Measures several exchanges side by side: in each round every one of them gets its turn, the
 * floors among them, so that whatever else the machine does falls on all alike.
 */
public final class Bench {
  private final Plan plan;
  private final Progress progress;

  /** Is told what happens, for a person who waits. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Something begins.
     *
     * @param done steps behind it
     * @param total steps in all; 0 while nobody knows
     */
    void at(int done, int total, String what);
  }

  /** Prepares a run. */
  public Bench(Plan plan, Progress progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /** Runs the whole plan on the calling thread. */
  public Figures run(List<? extends Exchange> exchanges) throws IOException {
    List<? extends Exchange> inRounds = paced(exchanges, false);
    List<? extends Exchange> atRest = paced(exchanges, true);
    new WarmUp(plan).run(inRounds, () -> progress.at(0, 0, "warming up"));
    Figures figures = new Figures();
    int total = plan.rounds() * inRounds.size() + atRest.size();
    int done = 0;
    for (int round = 0; round < plan.rounds(); round++) {
      for (Exchange exchange : inRounds) {
        progress.at(done++, total, exchange.name());
        turn(exchange, figures);
      }
    }
    for (Exchange exchange : atRest) {
      progress.at(done++, total, exchange.name());
      turn(exchange, figures);
    }
    return figures;
  }

  /**
   * One turn, behind a short one that does not count: whoever had the turn before has left the
   * processes on other cores and other data in their caches.
   */
  private void turn(Exchange exchange, Figures figures) throws IOException {
    if (exchange.pace() == Exchange.Pace.EVERY_ROUND) {
      exchange.measure(plan.leadIn());
    }
    Turn turn = plan.turn();
    exchange.measure(turn);
    figures.add(turn);
  }

  private static List<? extends Exchange> paced(
      List<? extends Exchange> exchanges, boolean atRest) {
    return exchanges.stream()
        .filter(each -> (each.pace() == Exchange.Pace.AT_REST) == atRest)
        .toList();
  }
}
