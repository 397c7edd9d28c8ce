package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GivenUpCallsTest {
  private final GivenUpCalls calls = new GivenUpCalls(3);

  @Test
  void theOnlyOneIsKnownAndSeveralAreNot() {
    assertThat(calls.sole()).isZero();
    calls.add(2);
    assertThat(calls.sole()).isEqualTo(2);
    calls.add(4);
    assertThat(calls.sole()).isEqualTo(-1);
    calls.remove(2);
    assertThat(calls.sole()).isEqualTo(4);
    calls.remove(4);
    assertThat(calls.sole()).isZero();
  }

  @Test
  void noMoreAreRememberedThanMayBe() {
    for (long id = 2; id <= 2000; id += 2) {
      calls.add(id);
    }
    assertThat(calls.remembered()).isEqualTo(3);
    assertThat(calls.sole()).isEqualTo(-1);
  }

  @Test
  void asLongAsOneIsNotRememberedNobodyIsTheOnlyOne() {
    for (long id = 2; id <= 10; id += 2) {
      calls.add(id);
    }
    calls.remove(2);
    calls.remove(4);
    calls.remove(6);
    assertThat(calls.remembered()).isZero();
    assertThat(calls.sole()).isEqualTo(-1);
    calls.remove(8);
    assertThat(calls.sole()).isEqualTo(-1);
    calls.remove(10);
    assertThat(calls.sole()).isZero();
  }

  @Test
  void answersThatNobodyAskedForChangeNothing() {
    calls.remove(2);
    calls.add(4);
    assertThat(calls.sole()).isEqualTo(4);
  }
}
