package dev.lockstep.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.env.ShimFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The same garbage for the reader of each Python twin: {@code garbage_frames.py} attaches to a
 * segment as a worker does, and says what came of it.
 */
final class GarbageForPython {
  private static final ObjectMapper JSON = new ObjectMapper();

  private GarbageForPython() {}

  /**
   * Plays a part with both twins, or with the one that this interpreter has; the frames are the
   * same, and so is what becomes of them, if nobody changes them meanwhile.
   */
  static void play(Trial trial, String part, int count) throws Exception {
    int seed = trial.random().nextInt(Integer.MAX_VALUE);
    trial.fact("seed for Python", seed);
    Set<JsonNode> messages = new HashSet<>();
    try (ShimFolder shim = ShimFolder.open()) {
      for (String twin : Pythons.twins(trial.combination().python())) {
        try (GarbageLane lane = GarbageLane.toWorker()) {
          if (part.equals("changes")) {
            long flips =
                lane.flipDuring(() -> run(trial, shim.path(), lane, twin, part, count, seed));
            trial.fact(twin + ": flips a second", flips);
          } else {
            messages.add(run(trial, shim.path(), lane, twin, part, count, seed));
          }
        }
      }
    }
    trial.attempt(
        "both twins let the same pass",
        () -> Trial.require(messages.size() <= 1, "messages=" + messages));
  }

  private static JsonNode run(
      Trial trial, Path shim, GarbageLane lane, String twin, String part, int count, int seed)
      throws IOException, InterruptedException {
    try (MessageFile message = MessageFile.of(lane.segment(), lane.nonce(), "garbage")) {
      JsonNode answer =
          ask(
              trial.combination().python(),
              Home.python("garbage_frames.py").toString(),
              shim.toString(),
              message.path().toString(),
              twin,
              part,
              Integer.toString(count),
              Integer.toString(seed));
      take(trial, twin, answer);
      return answer.path("facts").path("messages");
    }
  }

  /**
   * Runs a program that prints one JSON object; an exit code or an end by a signal is a failure.
   */
  static JsonNode ask(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    JsonNode answer = JSON.readTree(process.getInputStream().readAllBytes());
    int status = process.waitFor();
    Trial.require(status == 0, List.of(command) + " ended with " + status);
    return answer;
  }

  /** Takes down what such a program says of its tries. */
  static void take(Trial trial, String twin, JsonNode answer) {
    List<String> failures = new ArrayList<>();
    answer.path("failures").forEach(text -> failures.add(twin + ": " + text.asText()));
    int failed = answer.path("failed").asInt();
    trial.played(answer.path("tries").asInt() - failed, failed, failures);
    answer
        .path("facts")
        .properties()
        .forEach(fact -> trial.fact(twin + ": " + fact.getKey(), fact.getValue().asText()));
    answer
        .path("figures")
        .properties()
        .forEach(
            entry -> {
              String name = twin + ": " + entry.getKey();
              JsonNode unit = entry.getValue().path(0);
              Figure figure =
                  unit.asText().equals("us")
                      ? trial.micros(name)
                      : trial.figure(name, unit.asText());
              entry
                  .getValue()
                  .path(1)
                  .forEach(pair -> figure.record(pair.path(0).asLong(), pair.path(1).asLong()));
            });
  }
}
