package dev.lockstep.model;

import static dev.lockstep.model.Memory.Order.RELEASE_ACQUIRE;
import static dev.lockstep.model.Memory.Order.TSO;
import static dev.lockstep.model.Searches.losesNothing;
import static dev.lockstep.model.Searches.search;
import static dev.lockstep.model.Searches.undelivered;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every interleaving of a worker that has no read-modify-write but the kernel's: its threads that
 * read in turn, its producers, and what it does differently from Java and C.
 */
class PurePythonModelTest {
  private static final Set<PureMutant> CAUGHT = EnumSet.noneOf(PureMutant.class);

  @AfterAll
  static void printCounts() {
    Searches.print();
    System.out.println(
        "pure mutants caught: " + CAUGHT.size() + " of " + PureMutant.values().length);
  }

  @ParameterizedTest
  @EnumSource(Memory.Order.class)
  void twoThreadsThatReadInTurnLoseNoAnswer(Memory.Order order) {
    losesNothing("two callers", order, twoCallers(new int[] {1, 2}), allHalted(3));
  }

  @Test
  void threeThreadsThatReadInTurnLoseNoAnswer() {
    losesNothing("three callers", TSO, threeCallers(), allHalted(4));
  }

  @Test
  void aThreadThatCallsAgainLosesNoAnswer() {
    losesNothing("two callers, one twice", TSO, twoCallers(new int[] {1, 2, 1}), allHalted(3));
  }

  @Test
  void aMainThreadThatIsWantedElsewhereComesOut() {
    losesNothing("main is wanted, a caller", TSO, mainIsWanted(), allHalted(4));
    PurePython it = new PurePython(new int[] {1});
    losesNothing(
        "main is wanted, a message",
        RELEASE_ACQUIRE,
        List.of(new WaitProtocol(1, 0).producer(), it.main(1), it.stirrer(1)),
        allHalted(3));
  }

  @ParameterizedTest
  @EnumSource(Memory.Order.class)
  void twoProducersLoseNoMessage(Memory.Order order) {
    PurePython it = new PurePython(new int[0]);
    WaitProtocol host = new WaitProtocol(0, 0);
    losesNothing(
        "two producers, pump",
        order,
        List.of(it.producer(1, 1, 0), it.producer(2, 1, 0), host.pump()),
        undelivered(2));
    losesNothing(
        "two producers, pure consumer",
        order,
        List.of(it.producer(1, order == TSO ? 2 : 1, 0), it.producer(2, 1, 0), it.consumer()),
        undelivered(order == TSO ? 3 : 2));
  }

  @ParameterizedTest
  @EnumSource(Memory.Order.class)
  void twoProducersThatWaitForSpaceLoseNoMessage(Memory.Order order) {
    PurePython it = new PurePython(new int[0]);
    WaitProtocol host = new WaitProtocol(3, 1);
    losesNothing(
        "two producers, ring of 1, one consumer in Java",
        order,
        List.of(it.producer(1, order == TSO ? 2 : 1, 1), it.producer(2, 1, 1), host.soloConsumer()),
        undelivered(order == TSO ? 3 : 2));
    losesNothing(
        "Java's producer, ring of 1, pure consumer",
        order,
        List.of(host.producer(), it.consumer()),
        undelivered(3));
  }

  @Test
  void purePythonAtBothEndsOfAFullLaneLosesNoMessage() {
    PurePython it = new PurePython(new int[0]);
    losesNothing(
        "two producers, ring of 1, pure consumer",
        TSO,
        List.of(it.producer(1, 2, 1), it.producer(2, 1, 1), it.consumer()),
        undelivered(3));
    losesNothing(
        "two producers, ring of 1, pure consumer",
        RELEASE_ACQUIRE,
        List.of(it.producer(1, 1, 1), it.producer(2, 1, 1), it.consumer()),
        undelivered(2));
  }

  @ParameterizedTest
  @EnumSource(PureMutant.class)
  void everyMutantIsCaught(PureMutant mutant) {
    PurePython it = new PurePython(new int[0], mutant);
    Search.Result result =
        switch (mutant) {
          case PLAIN_PREPARE,
              RAISE_BEFORE_TAIL,
              SLEEP_WITHOUT_LOOK,
              LOOK_BEFORE_PARKED,
              WORD_READ_AFTER_LOOK ->
              find(mutant, List.of(it.producer(1, 2, 0), it.consumer()), undelivered(2));
          case PRIVATE_FLAG ->
              find(
                  mutant,
                  List.of(it.producer(1, 2, 0), new WaitProtocol(0, 0).pump()),
                  undelivered(2));
          case NO_PRODUCER_LOCK ->
              find(
                  mutant,
                  List.of(it.producer(1, 1, 0), it.producer(2, 1, 0), it.consumer()),
                  undelivered(2));
          case ROLE_TAKEN_IN_TWO_STEPS,
              RELEASE_WITHOUT_HAND_OVER,
              LOOK_AT_LINE_BEFORE_RELEASE,
              LINE_WITHOUT_SECOND_TRY ->
              find(mutant, twoCallers(new int[] {1, 2}, mutant), allHalted(3));
          case TURN_NOT_PASSED_ON, CALLED_OUTSIDE_LOCK ->
              find(mutant, threeCallers(mutant), allHalted(4));
          case ATTENTION_BEFORE_PARKED, ATTENTION_AFTER_RAISE, ROLE_RELEASED_BEFORE_ROUTE ->
              find(mutant, mainIsWanted(mutant), allHalted(4));
          case SPACE_SLEEP_WITHOUT_LOOK, SPACE_RAISE_BEFORE_HEAD ->
              find(
                  mutant,
                  List.of(it.producer(1, 2, 1), it.producer(2, 1, 1), it.consumer()),
                  undelivered(3));
        };
    assertThat(result.bad()).as("what is lost in mutant %s", mutant).isPositive();
    assertThat(result.trace()).isNotEmpty();
    CAUGHT.add(mutant);
  }

  /** Main answers call by call; the threads of the worker wait for that. */
  private static List<Program> twoCallers(int[] addressees, PureMutant... mutants) {
    PurePython it = new PurePython(addressees, mutants);
    List<Program> all = new ArrayList<>(it.callers(2));
    all.add(new WaitProtocol(addressees.length, 0).producer());
    return all;
  }

  /** Three threads are too many for an answer at a time: main gives all three at once. */
  private static List<Program> threeCallers(PureMutant... mutants) {
    PurePython it = new PurePython(new int[] {3, 1, 2}, mutants).keepingTheRole();
    List<Program> all = new ArrayList<>(it.callers(3));
    all.add(it.host());
    return all;
  }

  /** One answer for a caller, while something is queued for the main thread. */
  private static List<Program> mainIsWanted(PureMutant... mutants) {
    PurePython it = new PurePython(new int[] {1}, mutants);
    List<Program> all = new ArrayList<>();
    all.add(new WaitProtocol(1, 0).producer());
    all.addAll(it.callers(1));
    all.add(it.main(2));
    all.add(it.stirrer(2));
    return all;
  }

  private static Search.Result find(
      PureMutant mutant, List<Program> threads, ToIntFunction<Search.Finished> missing) {
    return search("pure mutant " + mutant, TSO, threads, missing);
  }

  private static ToIntFunction<Search.Finished> allHalted(int threads) {
    return end -> {
      int missing = 0;
      for (int thread = 0; thread < threads; thread++) {
        missing += end.halted(thread) ? 0 : 1;
      }
      return missing;
    };
  }
}
