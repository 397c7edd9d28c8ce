package dev.lockstep.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/** The inputs of the fuzzers and the verdict on each, which Java, C and pure Python share. */
final class Corpus {
  /**
   * One line.
   *
   * @param target {@code value}, {@code call} or {@code frames}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(String target, byte[] data, String verdict) {}

  private Corpus() {}

  /** The one that is checked in, or the file that {@code -Dlockstep.corpus} names. */
  static List<Entry> load() {
    String other = System.getProperty("lockstep.corpus");
    try (BufferedReader lines =
        other != null
            ? Files.newBufferedReader(Path.of(other))
            : new BufferedReader(
                new InputStreamReader(
                    Objects.requireNonNull(Corpus.class.getResourceAsStream("/fuzz/corpus.txt")),
                    StandardCharsets.UTF_8))) {
      return lines.lines().map(Corpus::entry).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Entry entry(String line) {
    String[] parts = line.split(" ", 3);
    byte[] data = parts[1].equals("-") ? new byte[0] : HexFormat.of().parseHex(parts[1]);
    return new Entry(parts[0], data, parts[2]);
  }
}
