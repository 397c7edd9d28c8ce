package dev.lockstep.faults;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Plays rows, each in a JVM of its own, and takes down how they ended: also those that crash their
 * JVM, or hang and are killed.
 */
final class Supervisor {
  /**
   * Every process of a run carries it in its environment, so that whatever is left can be found.
   */
  static final String MARK = "LOCKSTEP_FAULTS_RUN";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final String mark =
      ProcessHandle.current().pid() + "." + System.currentTimeMillis() / 1000;

  Supervisor(Path folder) {
    this.folder = folder;
  }

  /**
   * Plays a row; the result has at least {@code row}, {@code runs}, {@code passed}, {@code failed}.
   */
  Map<String, Object> play(Row row, int runs, long seed, Combination combination)
      throws IOException, InterruptedException {
    String stem =
        "row-%02d-%s-%s-%d"
            .formatted(
                row.number(), combination.twinName(), combination.kindName(), System.nanoTime());
    Path result = folder.resolve(stem + ".json");
    Path log = folder.resolve(stem + ".log");
    List<String> command = command(combination);
    command.addAll(
        List.of(
            RowProgram.class.getName(),
            Integer.toString(row.number()),
            Integer.toString(runs),
            Long.toString(seed),
            combination.encoded(),
            result.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put(MARK, mark);
    Process process = builder.start();
    boolean ended = process.waitFor(row.limitSeconds(runs), TimeUnit.SECONDS);
    Map<String, Object> outcome = new LinkedHashMap<>();
    if (!ended) {
      Path evidence = Evidence.collect(process.toHandle(), folder.resolve(stem + "-evidence"), log);
      Evidence.killTree(process.toHandle());
      process.waitFor();
      outcome =
          broken(row, seed, combination, "it hung; stacks, segments and logs are in " + evidence);
    } else if (process.exitValue() != 0 || !Files.exists(result)) {
      outcome =
          broken(
              row,
              seed,
              combination,
              "its JVM ended with exit code " + process.exitValue() + ", see " + log);
    } else {
      outcome.putAll(JSON.readValue(result.toFile(), new TypeReference<Map<String, Object>>() {}));
    }
    List<String> survivors = Evidence.killMarked(MARK + "=" + mark);
    if (!survivors.isEmpty()) {
      outcome.merge("failed", 1, (a, b) -> (Integer) a + (Integer) b);
      List<Object> failures =
          new ArrayList<>((List<?>) Objects.requireNonNull(outcome.get("failures")));
      failures.add("processes outlived the row: " + survivors);
      outcome.put("failures", failures);
    }
    outcome.put("asked", runs);
    return outcome;
  }

  private static List<String> command(Combination combination) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(combination.jdk(), "bin", "java").toString());
    command.add("-Xmx1g");
    command.add("-Dlockstep.faults.home=" + Home.folder());
    command.add("-Dlockstep.faults.traces=" + Boolean.getBoolean("lockstep.faults.traces"));
    if (Jdks.major(combination.jdk()) >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    return command;
  }

  private static Map<String, Object> broken(
      Row row, long seed, Combination combination, String why) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("row", row.number());
    map.put("seed", seed);
    map.put("seconds", 0.0);
    map.put("twin", combination.twinName());
    map.put("kind", combination.kindName());
    map.put("python", combination.python());
    map.put("jdk", Jdks.version(combination.jdk()));
    map.put("runs", 1);
    map.put("passed", 0);
    map.put("failed", 1);
    map.put("leaks", 0);
    map.put("figures", List.of());
    map.put("facts", Map.of());
    map.put("failures", List.of(why));
    return map;
  }
}
