package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.ToIntFunction;

/** Runs searches, judges them, and keeps a line of counts for each. */
final class Searches {
  private static final List<String> REPORT = Collections.synchronizedList(new ArrayList<>());

  private Searches() {}

  /** Prints the lines since the last time. */
  static void print() {
    synchronized (REPORT) {
      REPORT.forEach(System.out::println);
      REPORT.clear();
    }
  }

  static void losesNoMessage(String what, Memory.Order order, int messages, List<Program> threads) {
    losesNothing(what + ", " + messages + " messages", order, threads, undelivered(messages));
  }

  static void losesNothing(
      String what,
      Memory.Order order,
      List<Program> threads,
      ToIntFunction<Search.Finished> missing) {
    Search.Result result = search(what, order, threads, missing);
    assertThat(result.bad()).as("%s, %s:%n%s", what, order, result.trace()).isZero();
    assertThat(result.ends()).as("end states of %s", what).isPositive();
  }

  static Search.Result search(
      String what,
      Memory.Order order,
      List<Program> threads,
      ToIntFunction<Search.Finished> missing) {
    long start = System.nanoTime();
    Search.Result result = new Search(threads, words(threads), order, missing).run();
    REPORT.add(
        "model: %-52s %-15s %8d states %3d ends %3d lost %5d ms"
            .formatted(
                what,
                order,
                result.states(),
                result.ends(),
                result.bad(),
                (System.nanoTime() - start) / 1_000_000));
    return result;
  }

  /** As few words as the threads touch: each more makes every state longer. */
  private static String[] words(List<Program> threads) {
    boolean isPython = threads.stream().anyMatch(it -> it.name().startsWith(PurePython.NAME));
    String[] all = isPython ? PurePython.WORDS : WaitProtocol.WORDS;
    return Arrays.copyOf(all, threads.stream().mapToInt(Program::words).max().orElseThrow());
  }

  static ToIntFunction<Search.Finished> undelivered(int messages) {
    return end -> messages - end.word(WaitProtocol.HEAD);
  }
}
