package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void barShowsShareAndNumbers() {
    assertThat(ProgressBar.render(5, 10, "half"))
        .isEqualTo("[###############...............]  50% 5/10 half");
  }

  @Test
  void valuesOutsideTheRangeAreDrawnAtItsEnds() {
    assertThat(ProgressBar.render(20, 10, "")).contains("100%");
    assertThat(ProgressBar.render(-1, 10, "")).contains("  0%");
  }

  @Test
  void totalThatIsNoTotalShowsTheCountAlone() {
    assertThat(ProgressBar.render(7, 0, "rows")).isEqualTo("7 rows");
    assertThat(ProgressBar.render(7, Double.NaN, "")).isEqualTo("7");
  }

  @Test
  void textOfSeveralLinesIsCutToTheFirst() {
    assertThat(ProgressBar.render(1, 2, "a\nb")).endsWith(" a");
  }

  @Test
  void nothingIsDrawnWhereThereIsNoTerminal() {
    ProgressBar bar = new ProgressBar(terminal, false);
    bar.update(1, 2, "");
    bar.printLine("a line");
    bar.clear();

    assertThat(printed()).isEqualTo("a line" + System.lineSeparator());
  }

  @Test
  void lastStepIsDrawnHoweverSoonItComes() {
    ProgressBar bar = new ProgressBar(terminal, true);
    bar.update(1, 1000, "");
    bar.update(2, 1000, "");
    bar.update(1000, 1000, "");

    assertThat(printed()).contains("1/1000").doesNotContain(" 2/1000").contains("100% 1000/1000");
  }

  @Test
  void lineIsPrintedAboveTheBarAndTheBarDrawnAgain() {
    ProgressBar bar = new ProgressBar(terminal, true);
    bar.update(5, 10, "");
    bytes.reset();
    bar.printLine("hello");

    assertThat(printed()).startsWith("\r\u001b[Khello").endsWith("5/10");
  }

  @Test
  void clearLeavesAnEmptyLine() {
    ProgressBar bar = new ProgressBar(terminal, true);
    bar.update(5, 10, "");
    bar.clear();

    assertThat(printed()).endsWith("\r\u001b[K");
  }
}
