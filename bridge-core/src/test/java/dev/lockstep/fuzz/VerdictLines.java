package dev.lockstep.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Answers each line of its input, a target and bytes in hexadecimal, with a line: the verdict. So
 * {@code python-shim/tests/fuzz.py} asks Java too.
 */
final class VerdictLines {
  private VerdictLines() {}

  public static void main(String[] arguments) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    try (Lane lane = new Lane()) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        out.println(verdict(Corpus.entry(line + " ?"), lane));
        out.flush();
      }
    }
  }

  /** What is neither a value nor a refusal is a verdict too: one that no corpus has. */
  static String verdict(Corpus.Entry entry, Lane lane) {
    try {
      return switch (entry.target()) {
        case "value" -> Decoders.value(entry.data());
        case "call" -> Decoders.call(entry.data());
        case "frames" -> lane.verdict(entry.data());
        default -> throw new IllegalArgumentException("unknown target: " + entry.target());
      };
    } catch (RuntimeException | AssertionError | StackOverflowError | OutOfMemoryError unexpected) {
      return "raised " + unexpected;
    }
  }
}
