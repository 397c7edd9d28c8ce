package dev.lockstep.faults;

import dev.lockstep.Accelerator;
import dev.lockstep.SegmentKind;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code faults/run}: plays rows and prints what came of them. */
@Command(
    name = "faults/run",
    mixinStandardHelpOptions = true,
    description = "Plays faults against real processes. Without options: every row, short.")
final class Main implements Callable<Integer> {
  private static final List<SegmentKind> KINDS = List.of(SegmentKind.MEMFD, SegmentKind.TMPFS);

  @Option(
      names = "--rows",
      split = ",",
      paramLabel = "N",
      description = "only these, in the order of the table")
  @Nullable List<Integer> rows;

  @Option(names = "--full", description = "the full counts of the table; without it the short ones")
  boolean full;

  @Option(names = "--runs", description = "this count instead")
  @Nullable Integer runs;

  @Option(names = "--seed", description = "of everything random; default: drawn, and printed")
  @Nullable Long seed;

  @Option(names = "--twin", description = "c or py; default c", defaultValue = "c")
  String twin = "c";

  @Option(names = "--kind", description = "memfd or tmpfs; default memfd", defaultValue = "memfd")
  String kind = "memfd";

  @Option(names = "--python", description = "the worker's interpreter; default python3 of /usr/bin")
  @Nullable String python;

  @Option(names = "--jdk", description = "home of the host's JDK; default the oldest here")
  @Nullable String jdk;

  @Option(
      names = "--combinations",
      description = "also few runs on every pair of JDK, Python, twin and kind of segment")
  boolean combinations;

  @Option(
      names = "--page",
      description = "writes the results as a page, and keeps those of rows not played")
  @Nullable Path page;

  @Option(names = "--list", description = "prints the rows and ends")
  boolean list;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    if (list) {
      Rows.ALL.forEach(
          row -> out.printf("%2d  %s: %s%n", row.number(), row.fault(), row.expected()));
      return 0;
    }
    Path folder = Files.createDirectories(Home.folder().resolve("target/results"));
    Results results = new Results(folder, out);
    Supervisor supervisor = new Supervisor(folder);
    long chosenSeed = seed == null ? new Random().nextLong() >>> 16 : seed;
    Combination first = first();
    List<Integer> wanted = rows;
    for (Row row : Rows.ALL) {
      if (wanted == null || wanted.contains(row.number())) {
        int count = runs != null ? runs : full ? row.fullRuns() : row.shortRuns();
        results.add(row, supervisor.play(row, count, chosenSeed, first));
        if (combinations) {
          for (Combination other : others(first)) {
            Map<String, Object> result = supervisor.play(row, row.shortRuns(), chosenSeed, other);
            results.add(row, result);
          }
        }
      }
    }
    if (page != null) {
      results.writePage(page);
    }
    return results.summary() ? 0 : 1;
  }

  private Combination first() {
    String home = jdk == null ? Jdks.homes().get(0) : jdk;
    return new Combination(
        home,
        python == null ? Pythons.system() : python,
        twin.equals("py") ? Accelerator.PY : Accelerator.C,
        kind.equals("tmpfs") ? SegmentKind.TMPFS : SegmentKind.MEMFD);
  }

  private static List<Combination> others(Combination first) {
    List<String> jdks = Jdks.homes();
    List<String> pythons = Pythons.all();
    CoveringArray array = new CoveringArray(List.of(jdks.size(), pythons.size(), 2, KINDS.size()));
    List<Combination> made = new ArrayList<>();
    for (int[] pick : array.rows()) {
      String interpreter = pythons.get(pick[1]);
      Combination combination =
          new Combination(
              jdks.get(pick[0]),
              interpreter,
              pick[2] == 0 && Pythons.isAccelerated(interpreter) ? Accelerator.C : Accelerator.PY,
              KINDS.get(pick[3]));
      if (!combination.equals(first) && !made.contains(combination)) {
        made.add(combination);
      }
    }
    return made;
  }
}
