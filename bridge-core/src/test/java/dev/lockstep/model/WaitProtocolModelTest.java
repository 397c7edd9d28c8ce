package dev.lockstep.model;

import static dev.lockstep.model.Memory.Order.RELEASE_ACQUIRE;
import static dev.lockstep.model.Memory.Order.TSO;
import static dev.lockstep.model.Searches.losesNoMessage;
import static dev.lockstep.model.Searches.losesNothing;
import static dev.lockstep.model.Searches.search;
import static dev.lockstep.model.Searches.undelivered;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every interleaving of the wait protocol, small but exhaustive: the protocol as specified loses no
 * wake-up, and each known way to get it wrong does.
 */
class WaitProtocolModelTest {
  @AfterAll
  static void printStateCounts() {
    Searches.print();
  }

  @Test
  void pumpAndThreeTakeOversLoseNoMessage() {
    losesNoMessage("pump, one thread takes over 3 times", TSO, 4, takeOvers(4, 0, 3));
    losesNoMessage("pump, one thread takes over 3 times", TSO, 3, takeOvers(3, 0, 3));
  }

  @Test
  void twoThreadsThatTakeOverLoseNoMessage() {
    losesNoMessage("pump, two threads take over once each", TSO, 3, takeOvers(3, 0, 1, 1));
    losesNoMessage("pump, two threads, one twice", TSO, 2, takeOvers(2, 0, 2, 1));
  }

  @Test
  void reorderedLoadsAndStoresLoseNoMessage() {
    losesNoMessage("pump, one take-over", RELEASE_ACQUIRE, 2, takeOvers(2, 0, 1));
    losesNoMessage("pump, two take-overs", RELEASE_ACQUIRE, 1, takeOvers(1, 0, 2));
  }

  @ParameterizedTest
  @EnumSource(Memory.Order.class)
  void aHolderThatSleepsItselfLosesNoMessage(Memory.Order order) {
    WaitProtocol it = new WaitProtocol(4, 0);
    losesNoMessage(
        "one consumer that keeps the role", order, 4, List.of(it.producer(), it.soloConsumer()));
  }

  @Test
  void aProducerThatWaitsForSpaceLosesNothing() {
    losesNoMessage("ring of 1 message, 2 take-overs", TSO, 3, takeOvers(3, 1, 2));
    losesNoMessage("ring of 2 messages, 2 take-overs", TSO, 4, takeOvers(4, 2, 2));
    losesNoMessage("ring of 1 message, 1 take-over", RELEASE_ACQUIRE, 2, takeOvers(2, 1, 1));
  }

  @ParameterizedTest
  @EnumSource(Memory.Order.class)
  void aProducerThatWaitsForSpaceAndOneConsumerLoseNothing(Memory.Order order) {
    WaitProtocol it = new WaitProtocol(4, 1);
    losesNoMessage(
        "ring of 1 message, one consumer", order, 4, List.of(it.producer(), it.soloConsumer()));
  }

  @Test
  void aCloseIsNotLost() {
    losesNoClose("close, 1 message, 1 take-over", TSO, new WaitProtocol(1, 0).withCloser(1));
    losesNoClose("close, 2 messages, 2 take-overs", TSO, new WaitProtocol(2, 0).withCloser(2));
    losesNoClose("close, 1 take-over", RELEASE_ACQUIRE, new WaitProtocol(0, 0).withCloser(1));
  }

  @Test
  void aWakeForWhatIsInNoLaneIsNotLost() {
    losesNoClose("wake, 1 message, 1 take-over", TSO, new WaitProtocol(1, 0).withWaker(1));
    losesNoClose("wake, 1 message, 2 take-overs", TSO, new WaitProtocol(1, 0).withWaker(2));
  }

  @Test
  void purePythonLosesNoMessage() {
    WaitProtocol it = new WaitProtocol(4, 0);
    losesNoMessage(
        "pure producer, one consumer", TSO, 4, List.of(it.pureProducer(), it.soloConsumer()));
    losesNoMessage("pure consumer", TSO, 4, List.of(it.producer(), it.pureConsumer()));
    losesNoMessage("pure at both ends", TSO, 4, List.of(it.pureProducer(), it.pureConsumer()));
    losesNoMessage(
        "pure producer, pump, 3 take-overs",
        TSO,
        4,
        List.of(it.pureProducer(), it.pump(), it.takeOver(2, 3)));
  }

  @ParameterizedTest
  @EnumSource(Mutant.class)
  void everyMutantIsCaught(Mutant mutant) {
    WaitProtocol it;
    Search.Result result =
        switch (mutant) {
          case PLAIN_RAISE,
              PLAIN_PREPARE,
              PLAIN_SIGNAL,
              RAISE_BEFORE_TAIL,
              TWO_SLEEPERS,
              RELEASE_AFTER_LOOK,
              LEAVE_WITHOUT_PARKED,
              LEAVE_WITHOUT_LOOK,
              NO_SECOND_LOOK_AT_ROLE,
              WORD_AFTER_ROLE,
              WAIT_WITH_VALUE_READ_LATER,
              SLEEP_WITHOUT_LOOK,
              PRIVATE_FLAG ->
              search(name(mutant), TSO, takeOvers(2, 0, 2, mutant), undelivered(2));
          case SPACE_RAISE_BEFORE_HEAD, PLAIN_SPACE_RAISE, SPACE_SLEEP_WITHOUT_LOOK -> {
            it = new WaitProtocol(3, 1, mutant);
            yield search(
                name(mutant), TSO, List.of(it.producer(), it.soloConsumer()), undelivered(3));
          }
          case CLOSE_RAISE_BEFORE_STATE, CLOSE_WAKES_ONLY_PARKED ->
              search(
                  name(mutant),
                  TSO,
                  new WaitProtocol(1, 0, mutant).withCloser(1),
                  WaitProtocolModelTest::pumpNotEnded);
          case WAKER_LOOKS_FIRST, SLEEPER_LOOKS_FIRST ->
              search(
                  name(mutant),
                  TSO,
                  new WaitProtocol(1, 0, mutant).withWaker(1),
                  WaitProtocolModelTest::pumpNotEnded);
          case PURE_WAITS_ON_EVEN -> {
            it = new WaitProtocol(3, 0, mutant);
            yield search(
                name(mutant), TSO, List.of(it.producer(), it.pureConsumer()), undelivered(3));
          }
          case PURE_WAKES_WITHOUT_ADDING, PURE_PACK_INTO -> {
            it = new WaitProtocol(3, 0, mutant);
            yield search(
                name(mutant), TSO, List.of(it.pureProducer(), it.soloConsumer()), undelivered(3));
          }
        };
    assertThat(result.bad()).as("lost wake-ups found in mutant %s", mutant).isPositive();
    assertThat(result.trace()).isNotEmpty();
  }

  private static List<Program> takeOvers(int messages, int capacity, int... takeOvers) {
    return new WaitProtocol(messages, capacity).pumpAndTakeOvers(takeOvers);
  }

  private static List<Program> takeOvers(int messages, int capacity, int takeOvers, Mutant mutant) {
    return new WaitProtocol(messages, capacity, mutant).pumpAndTakeOvers(takeOvers);
  }

  private static String name(Mutant mutant) {
    return "mutant " + mutant;
  }

  private static void losesNoClose(String what, Memory.Order order, List<Program> threads) {
    losesNothing(what, order, threads, WaitProtocolModelTest::pumpNotEnded);
  }

  private static int pumpNotEnded(Search.Finished end) {
    return end.halted(1) ? 0 : 1;
  }
}
