package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows runs as it stands there. */
class ReadmeIT {
  @TempDir Path folder;

  private static String block(String language) throws IOException {
    String page = Files.readString(Cli.REPOSITORY.resolve("README.md"));
    String fence = "```" + language + "\n";
    int start = page.indexOf(fence) + fence.length();
    return page.substring(start, page.indexOf("```", start));
  }

  @Test
  void exampleOfTheReadmeCompilesAndRuns() throws IOException {
    String example = block("java").stripTrailing();
    assertThat(example).endsWith("}");
    Files.writeString(folder.resolve("worker.py"), block("python"));
    Files.writeString(
        folder.resolve("Readme.java"),
        """
        import dev.lockstep.*;
        import java.util.concurrent.CompletableFuture;

        public class Readme {
          public static void main(String[] args) {
        """
            + example.substring(0, example.length() - 1)
            + "System.out.println(six + \" \" + later.join());\n}}}\n");
    List<String> command = new ArrayList<>(Cli.java());
    command.addAll(List.of("-cp", Cli.JAR.toString(), "Readme.java"));
    try (Cli cli = Cli.startCommand(folder, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      assertThat(result.out().strip()).as(result.err()).isEqualTo("6 6");
      assertThat(result.exitCode()).isZero();
    }
  }

  /** One row of the table for newcomers from elsewhere. */
  private record Row(String java, String python, String gives) {}

  private static List<Row> rows() throws IOException {
    String page = Files.readString(Cli.REPOSITORY.resolve("README.md"));
    String section = page.substring(page.indexOf("## Coming from\n"));
    List<Row> rows = new ArrayList<>();
    for (String line : section.substring(0, section.indexOf("\n## ")).lines().toList()) {
      String[] cells = line.split(" \\| ", -1);
      if (cells.length == 5 && cells[2].startsWith("`")) {
        rows.add(new Row(code(cells[2]), code(cells[3]), code(cells[4].replace(" |", ""))));
      }
    }
    return rows;
  }

  private static String code(String cell) {
    return cell.strip().replace("`", "");
  }

  /** Java that prints what a row gives. */
  private static String printing(Row row) {
    String value =
        row.java.startsWith(".")
            ? "workers.start(PyWorker.source(\"\")"
                + row.java
                + ").run(Script.of("
                + '"'
                + "from lockstep import sync\\n"
                + row.python.replace("\"", "\\\"")
                + '"'
                + "), Object.class)"
            : row.java;
    return "show(" + value + ");\n";
  }

  @Test
  void everyRowOfTheTableForNewcomersGivesWhatItSays() throws IOException {
    List<Row> rows = rows();
    assertThat(rows).hasSizeGreaterThan(10);
    Files.writeString(folder.resolve("background_tasks.py"), "");
    StringBuilder program =
        new StringBuilder(
            """
            import dev.lockstep.*;
            import java.util.*;
            import java.util.concurrent.CompletableFuture;

            public class Newcomers {
              static void show(Object value) {
                System.out.println(value instanceof CompletableFuture<?> later ? later.join() : value);
              }
              public static void main(String[] args) {
                String script = "import statistics\\nfrom js import A_rank\\nstatistics.stdev(A_rank)";
                String python = "import json\\njson.loads('[1, 2]')";
                try (Workers workers = Workers.open()) {
                  PyWorker worker = workers.start(PyWorker.source(
                      "def add_arrays(a, b): return [x + y for x, y in zip(a, b)]\\n"
                      + "def foo3(x): return x + 3\\n"
                      + "__export__ = ['add_arrays', 'foo3']").name("calculator"));
            """);
    rows.forEach(row -> program.append(printing(row)));
    Files.writeString(folder.resolve("Newcomers.java"), program + "}}}\n");
    List<String> command = new ArrayList<>(Cli.java());
    command.addAll(List.of("-cp", Cli.JAR.toString(), "Newcomers.java"));
    try (Cli cli = Cli.startCommand(folder, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      assertThat(result.out().lines().toList())
          .as(result.err())
          .isEqualTo(rows.stream().map(Row::gives).toList());
      assertThat(result.exitCode()).isZero();
    }
  }
}
