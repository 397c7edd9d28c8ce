package dev.lockstep.stdio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** Lines are the same however their bytes were cut. */
class LineSplitterTest {
  private final List<String> lines = new ArrayList<>();
  private final List<Boolean> complete = new ArrayList<>();
  private final LineSplitter splitter =
      new LineSplitter(
          (text, isComplete) -> {
            lines.add(text);
            complete.add(isComplete);
          });

  private void add(byte[] bytes) {
    splitter.add(bytes, bytes.length);
  }

  @Test
  void aCharacterSplitOverChunksIsWhole() {
    byte[] bytes = "a\uD83D\uDE00ä\r\nb\n\nc".getBytes(StandardCharsets.UTF_8);
    for (byte one : bytes) {
      add(new byte[] {one});
    }
    splitter.end();
    assertThat(lines).containsExactly("a\uD83D\uDE00ä", "b", "", "c");
    assertThat(complete).containsExactly(true, true, true, false);
  }

  @Test
  void aVeryLongLineComesInPiecesCutBetweenCharacters() {
    String line = "€".repeat(LineSplitter.MAX_LINE_BYTES);
    add((line + "\nnext\n").getBytes(StandardCharsets.UTF_8));
    assertThat(lines).hasSizeGreaterThan(3);
    assertThat(lines.get(lines.size() - 1)).isEqualTo("next");
    assertThat(String.join("", lines.subList(0, lines.size() - 1))).isEqualTo(line);
    assertThat(complete.subList(0, complete.size() - 2)).containsOnly(false);
  }

  @Property(tries = 300)
  void whatIsNoUtf8IsReplacedAndCutsChangeNothing(
      @ForAll @Size(max = 200) byte[] bytes, @ForAll @IntRange(min = 1, max = 7) int chunkBytes) {
    List<String> whole = new ArrayList<>();
    LineSplitter atOnce = new LineSplitter((text, isComplete) -> whole.add(text));
    atOnce.add(bytes, bytes.length);
    atOnce.end();
    lines.clear();
    for (int from = 0; from < bytes.length; from += chunkBytes) {
      add(Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + chunkBytes)));
    }
    splitter.end();
    assertThat(lines).isEqualTo(whole);
    String expected = new String(bytes, StandardCharsets.UTF_8).replaceAll("\r?\n|\r$", "");
    assertThat(String.join("", whole).replace("\r", "")).isEqualTo(expected.replace("\r", ""));
  }

  @Test
  void theTailKeepsTheLastLinesWithinItsBounds() {
    LineTail tail = new LineTail();
    for (int i = 0; i < 100; i++) {
      tail.add("line " + i);
    }
    assertThat(tail.lines()).hasSize(50).startsWith("line 50").endsWith("line 99");
    tail.add("x".repeat(100_000));
    assertThat(tail.lines()).hasSize(1);
    assertThat(tail.lines().get(0)).hasSize(16 * 1024);
  }
}
