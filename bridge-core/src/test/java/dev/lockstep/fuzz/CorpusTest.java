package dev.lockstep.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.memory.LeavesNothingBehind;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Java's verdict on every input of the corpus is the one that C and pure Python give. */
@ExtendWith(LeavesNothingBehind.class)
class CorpusTest {
  private final Lane lane = new Lane();

  @AfterEach
  void close() {
    lane.close();
  }

  @Test
  void everyValueHasItsVerdict() {
    check("value");
  }

  @Test
  void everyCallHasItsVerdict() {
    check("call");
  }

  @Test
  void everyLaneHasItsVerdict() {
    check("frames");
  }

  @Test
  void everyValueFitsATypeOrIsRefused() {
    for (Corpus.Entry entry : Corpus.load()) {
      if (entry.target().equals("value")) {
        TypedDecoder.decodeAsEach(entry.data());
      }
    }
  }

  private void check(String target) {
    List<String> wrong = new ArrayList<>();
    int count = 0;
    for (Corpus.Entry entry : Corpus.load()) {
      if (!entry.target().equals(target)) {
        continue;
      }
      count++;
      String found = VerdictLines.verdict(entry, lane);
      if (!found.equals(entry.verdict())) {
        String hex = HexFormat.of().formatHex(entry.data());
        wrong.add(hex + "\n  corpus: " + entry.verdict() + "\n  Java:   " + found);
      }
    }
    System.out.printf("corpus: target=%s, inputs=%d, wrong=%d%n", target, count, wrong.size());
    assertThat(wrong).isEmpty();
    assertThat(count).isPositive();
  }
}
