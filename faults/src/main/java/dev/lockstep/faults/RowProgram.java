package dev.lockstep.faults;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The process in which one row is played on one combination, so that a row that ends or hangs its
 * JVM takes no other along. Arguments: row, runs, seed, combination, file of the result.
 */
final class RowProgram {
  private RowProgram() {}

  public static void main(String[] arguments) throws Exception {
    Row row = Rows.number(Integer.parseInt(arguments[0]));
    int runs = Integer.parseInt(arguments[1]);
    long seed = Long.parseLong(arguments[2]);
    Combination combination = Combination.decode(arguments[3]);
    warmUp();
    Traces before = Traces.now();
    long startNanos = System.nanoTime();
    Trial trial;
    List<String> left;
    try (Workers workers = Workers.open()) {
      trial = new Trial(combination, runs, seed, workers);
      try {
        row.script().play(trial);
      } catch (Exception | AssertionError e) {
        e.printStackTrace();
        trial.attempt(
            "the row itself",
            () -> {
              throw new AssertionError(e.toString());
            });
      }
    }
    left = Traces.now().leftSince(before);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("row", row.number());
    result.put("seed", seed);
    result.put("seconds", Math.round((System.nanoTime() - startNanos) / 1e8) / 10.0);
    result.put("twin", combination.twinName());
    result.put("kind", combination.kindName());
    result.put("python", combination.python());
    result.put("jdk", System.getProperty("java.version"));
    result.putAll(trial.result(left));
    Files.write(Path.of(arguments[4]), new ObjectMapper().writeValueAsBytes(result));
    System.exit(0);
  }

  /** What a first use leaves open for good is no leak of a row: the JDK's and JNA's own. */
  private static void warmUp() {
    try (Workers workers = Workers.open()) {
      workers.start(dev.lockstep.PyWorker.source("import os\nos._exit(1)")).onExit().join();
    }
  }
}
