package dev.lockstep.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Java's verdict on every input of the corpus is the one that C and pure Python give. */
class CorpusTest {
  @Test
  void everyValueHasItsVerdict() {
    check("value");
  }

  @Test
  void everyCallHasItsVerdict() {
    check("call");
  }

  private static void check(String target) {
    List<String> wrong = new ArrayList<>();
    int count = 0;
    for (Corpus.Entry entry : Corpus.load()) {
      if (!entry.target().equals(target)) {
        continue;
      }
      count++;
      String found = VerdictLines.verdict(entry);
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
