package dev.lockstep.park;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SpinBudgetTest {
  @Test
  void aConditionThatHoldsIsSeenWithoutSpinning() {
    SpinBudget budget = new SpinBudget(0);
    assertThat(budget.spinUntil(() -> true)).isTrue();
    assertThat(budget.hits() + budget.misses()).isZero();
  }

  @Test
  void aBudgetOfZeroLooksOnceAndGivesUp() {
    AtomicInteger looks = new AtomicInteger();
    assertThat(new SpinBudget(0).spinUntil(() -> looks.incrementAndGet() > 1)).isFalse();
    assertThat(looks).hasValue(1);
  }

  @Test
  void whatComesWithinTheBudgetIsAHit() {
    SpinBudget budget = new SpinBudget(10_000_000_000L);
    AtomicInteger looks = new AtomicInteger();
    assertThat(budget.spinUntil(() -> looks.incrementAndGet() == 10)).isTrue();
    assertThat(budget.hits()).isOne();
    assertThat(budget.misses()).isZero();
  }

  @Test
  void waitsThatNothingEndsShrinkTheBudgetToAlmostNothing() {
    SpinBudget budget = new SpinBudget(2_000_000);
    int firstLooks = looksUntilGivenUp(budget);
    for (int i = 0; i < 20; i++) {
      looksUntilGivenUp(budget);
    }
    assertThat(looksUntilGivenUp(budget)).isLessThan(firstLooks);
    assertThat(budget.hits()).isZero();
    assertThat(budget.misses()).isEqualTo(22);
  }

  private static int looksUntilGivenUp(SpinBudget budget) {
    AtomicInteger looks = new AtomicInteger();
    assertThat(budget.spinUntil(() -> looks.incrementAndGet() < 0)).isFalse();
    return looks.get();
  }
}
