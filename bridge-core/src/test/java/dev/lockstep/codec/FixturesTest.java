package dev.lockstep.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The verdicts that Java, C and Python share: RFC 8949's Appendix A, and hostile input. */
class FixturesTest {
  @TestFactory
  Stream<DynamicTest> everyExampleOfTheRfcHasItsVerdict() {
    return tests("appendix-a.json");
  }

  @TestFactory
  Stream<DynamicTest> everyOddInputHasItsVerdict() {
    return tests("verdicts.json");
  }

  private static Stream<DynamicTest> tests(String file) {
    return Notation.entries(file).stream()
        .map(
            entry ->
                DynamicTest.dynamicTest(
                    entry.path("name").asText(entry.path("diagnostic").asText()),
                    () -> check(entry)));
  }

  private static void check(JsonNode entry) {
    byte[] bytes = Notation.bytes(entry);
    if (entry.get("verdict").asText().equals("value")) {
      assertThat(Notation.text(Coding.decode(bytes)))
          .isEqualTo(Notation.text(Notation.value(entry.get("value"))));
      return;
    }
    Throwable thrown = catchThrowable(() -> Coding.decode(bytes));
    if (thrown instanceof MalformedValueException malformed) {
      assertThat(malformed.position()).isBetween(0, bytes.length);
      assertThat(malformed.reason()).isNotBlank();
    } else {
      assertThat(thrown).isInstanceOf(ValueException.class).hasMessageContaining("zone");
    }
  }
}
