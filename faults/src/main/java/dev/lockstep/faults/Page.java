package dev.lockstep.faults;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * Results as the page {@code docs/reliability.md}: for each row the main combination, then what the
 * others gave in one line. A row without a result is there as "not run".
 *
 * @param played results, the newest last
 */
record Page(List<Map<String, Object>> played) {
  private static final int COLUMNS = 120;
  private static final int MOST_CHARACTERS = 400;

  private static final String HEAD =
      """
      # Reliability

      Faults against real processes: real kills, real stops, a third process that writes into the live segment. This page is
      written by the command below and by nobody else. Each row was played in a JVM of its own; after it, processes,
      threads, descriptors, mappings and files on tmpfs were back where they began (leaks 0), and no wake-up came late
      where the row does not say so.

          faults/run --full --combinations --page docs/reliability.md     everything, hours
          faults/run --rows 1,8 --page docs/reliability.md                some rows; the others stay as they are
          faults/run                                                      every row, short: what CI plays

      A row that hangs is ended by a watchdog, which leaves the stacks of both sides, the segment in words and the logs in
      `faults/target/results`. "of N" is how many values a figure has. Times are those of a machine of two
      processors that had other work. `faults/run --rows 19 --runs 100000000` is the soak's long form.

      """;

  String text() {
    Map<Integer, List<Map<String, Object>>> byRow = new LinkedHashMap<>();
    for (Row row : Rows.ALL) {
      byRow.put(row.number(), new ArrayList<>());
    }
    for (Map<String, Object> result : played) {
      List<Map<String, Object>> results = byRow.get(((Number) result.get("row")).intValue());
      if (results != null) {
        take(result, results);
      }
    }
    StringBuilder text = new StringBuilder(HEAD);
    text.append("| row | fault | verdict | runs | passed | failed | leaks |\n");
    text.append("| ---: | --- | --- | ---: | ---: | ---: | ---: |\n");
    for (Row row : Rows.ALL.stream().sorted((a, b) -> a.number() - b.number()).toList()) {
      line(row, main(Objects.requireNonNull(byRow.get(row.number()))), text);
    }
    text.append("\nRows 27 and 35 come with pools.\n");
    for (Row row : Rows.ALL.stream().sorted((a, b) -> a.number() - b.number()).toList()) {
      section(row, Objects.requireNonNull(byRow.get(row.number())), text);
    }
    return text.toString();
  }

  /** The newest of a combination, but for a shorter one that found nothing. */
  private static void take(Map<String, Object> result, List<Map<String, Object>> results) {
    boolean found = Results.verdict(result).equals("FAILED");
    results.removeIf(
        other ->
            combination(other).equals(combination(result))
                && (found || asked(other) <= asked(result)));
    if (results.stream().noneMatch(other -> combination(other).equals(combination(result)))) {
      results.add(result);
    }
  }

  private static int asked(Map<String, Object> result) {
    return ((Number) result.getOrDefault("asked", 0)).intValue();
  }

  static String combination(Map<String, Object> result) {
    return result.get("twin")
        + " "
        + result.get("kind")
        + ", JDK "
        + result.get("jdk")
        + ", "
        + String.valueOf(result.get("python")).replace(System.getProperty("user.home") + "/", "~/");
  }

  /** The one that was asked for most, not what the same row gave in short elsewhere. */
  private static Map<String, Object> main(List<Map<String, Object>> results) {
    return results.stream().max((a, b) -> asked(a) - asked(b)).orElse(Map.of());
  }

  private static void line(Row row, Map<String, Object> result, StringBuilder text) {
    String verdict = result.isEmpty() ? "not run" : Results.verdict(result);
    text.append("| %d | %s | %s |".formatted(row.number(), row.fault(), verdict));
    for (String key : List.of("runs", "passed", "failed", "leaks")) {
      text.append(" %s |".formatted(result.getOrDefault(key, "")));
    }
    text.append('\n');
  }

  private static void section(Row row, List<Map<String, Object>> results, StringBuilder text) {
    text.append("\n## %d: %s\n".formatted(row.number(), row.fault()));
    text.append("Expected: ").append(row.expected()).append(".\n\n");
    Map<String, Object> main = main(results);
    if (main.isEmpty()) {
      text.append("Not run.\n");
      return;
    }
    String full =
        asked(main) >= row.fullRuns() ? "full count" : "of a full count of " + row.fullRuns();
    text.append(
        wrapped(
            "%s: count %s (%s), %s runs in %s s, commit %s, kernel %s, %s, seed %s."
                .formatted(
                    Results.verdict(main),
                    main.get("asked"),
                    full,
                    main.get("runs"),
                    main.get("seconds"),
                    main.get("commit"),
                    main.get("kernel"),
                    combination(main),
                    main.get("seed"))));
    for (Object figure : (List<?>) main.getOrDefault("figures", List.of())) {
      text.append(wrapped("- " + Results.describe((Map<?, ?>) figure)));
    }
    ((Map<?, ?>) main.getOrDefault("facts", Map.of()))
        .forEach((name, value) -> text.append(wrapped("- " + name + ": " + plain(value))));
    for (Object failure : (List<?>) main.getOrDefault("failures", List.of())) {
      text.append(wrapped("- FAILED: " + plain(failure)));
    }
    others(results, main, text);
  }

  /** Text of an error or a program, without what belongs to this machine or to Markdown. */
  private static String plain(Object value) {
    String line =
        String.valueOf(value)
            .replaceAll("\\s+", " ")
            .replaceAll("/\\S*/(?=[^/\\s])", "")
            .replaceAll("[`*_<>|]", " ");
    return line.length() <= MOST_CHARACTERS ? line : line.substring(0, MOST_CHARACTERS) + "…";
  }

  private static String wrapped(String line) {
    StringBuilder text = new StringBuilder();
    int column = 0;
    for (String word : line.split(" ", -1)) {
      if (column > 0 && column + 1 + word.length() > COLUMNS) {
        text.append(line.startsWith("- ") ? "\n  " : "\n");
        column = 2;
      } else if (column > 0) {
        text.append(' ');
        column++;
      }
      text.append(word);
      column += word.length();
    }
    return text.append('\n').toString();
  }

  private static void others(
      List<Map<String, Object>> results, Map<String, Object> main, StringBuilder text) {
    TreeSet<String> lines = new TreeSet<>();
    for (Map<String, Object> result : results) {
      if (result != main) {
        lines.add(
            "- %s: %s, %s of %s passed%n"
                .formatted(
                    combination(result),
                    Results.verdict(result),
                    result.get("passed"),
                    result.get("runs")));
      }
    }
    if (!lines.isEmpty()) {
      text.append("\nOther combinations, short:\n");
      lines.forEach(text::append);
    }
  }
}
