package dev.lockstep.faults;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What came of the rows that were played: printed as it comes, kept as lines of JSON. */
final class Results {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String KEPT = "results.jsonl";

  private final Path folder;
  private final PrintWriter out;
  private final String commit;
  private final List<Map<String, Object>> played = new ArrayList<>();

  Results(Path folder, PrintWriter out) {
    this.folder = folder;
    this.out = out;
    this.commit =
        firstLine("git", "-C", Home.folder().toString(), "describe", "--always", "--dirty");
  }

  /** Takes a result down. */
  void add(Row row, Map<String, Object> result) throws IOException {
    Map<String, Object> whole = new LinkedHashMap<>(result);
    whole.put("commit", commit);
    whole.put("kernel", System.getProperty("os.version"));
    played.add(whole);
    Files.writeString(
        folder.resolve(KEPT),
        JSON.writeValueAsString(whole) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    print(row, whole);
  }

  private void print(Row row, Map<String, Object> result) {
    out.printf(
        "row %2d  %s: count=%s runs=%s passed=%s failed=%s leaks=%s in %s s  [%s, jdk %s, %s, %s, seed %s]%n",
        row.number(),
        verdict(result),
        result.get("asked"),
        result.get("runs"),
        result.get("passed"),
        result.get("failed"),
        result.get("leaks"),
        result.get("seconds"),
        commit,
        result.get("jdk"),
        Path.of(String.valueOf(result.get("python"))),
        result.get("twin") + " " + result.get("kind"),
        result.get("seed"));
    out.printf("        %s -> %s%n", row.fault(), row.expected());
    for (Object figure : list(result, "figures")) {
      out.println("        " + describe((Map<?, ?>) figure));
    }
    if (result.get("facts") instanceof Map<?, ?> facts && !facts.isEmpty()) {
      out.println("        " + facts);
    }
    list(result, "failures").forEach(failure -> out.println("        FAILED " + failure));
    out.flush();
  }

  static String verdict(Map<String, Object> result) {
    if (result.get("notRun") != null) {
      return "not run (" + result.get("notRun") + ")";
    }
    return Integer.valueOf(0).equals(result.get("failed")) ? "ok" : "FAILED";
  }

  static String describe(Map<?, ?> figure) {
    return figure.get("name")
        + ": "
        + (figure.get("p50") == null
            ? "nothing"
            : "p50 "
                + figure.get("p50")
                + ", p99 "
                + figure.get("p99")
                + ", max "
                + figure.get("max")
                + " "
                + figure.get("unit"))
        + " of "
        + figure.get("count");
  }

  private static List<?> list(Map<String, Object> result, String key) {
    return Objects.requireNonNullElse((List<?>) result.get(key), List.of());
  }

  /** Prints the sum; true if nothing failed. */
  boolean summary() {
    long failed = played.stream().filter(result -> verdict(result).equals("FAILED")).count();
    long notRun = played.stream().filter(result -> verdict(result).startsWith("not run")).count();
    out.printf(
        "%d rows played: %d passed, %d failed, %d not run%n",
        played.size(), played.size() - failed - notRun, failed, notRun);
    out.println(
        "left out: full counts (--full) and other combinations (--combinations), for their time;"
            + " rows 27 and 35 come with pools");
    return failed == 0;
  }

  /**
   * Writes the page, from every result that is kept: what was not played now stands as it came
   * last.
   */
  void writePage(Path page) throws IOException {
    List<Map<String, Object>> kept = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve(KEPT))) {
      kept.add(JSON.readValue(line, new TypeReference<Map<String, Object>>() {}));
    }
    Files.writeString(page, new Page(kept).text());
  }

  private static String firstLine(String... command) {
    try {
      Process process = new ProcessBuilder(command).start();
      try (BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        return Objects.requireNonNullElse(reader.readLine(), "unknown");
      }
    } catch (IOException e) {
      return "unknown";
    }
  }
}
