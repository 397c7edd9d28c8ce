package dev.lockstep.faults;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A host under a limit: starts workers until it may not, and asks those that it has whether they
 * still live. Prints one JSON object. Arguments: combination, folder for segments or a dash, bytes
 * of a lane, most workers.
 */
final class LimitProgram {
  private LimitProgram() {}

  public static void main(String[] arguments) throws Exception {
    Combination combination = Combination.decode(arguments[0]);
    Map<String, Object> result = new LinkedHashMap<>();
    List<PyWorker> started = new ArrayList<>();
    try (Workers workers = Workers.open()) {
      String error = "";
      for (int i = 0; i < Integer.parseInt(arguments[3]) && error.isEmpty(); i++) {
        PyWorker.Builder builder =
            PyWorker.source("def echo(x): return x\n__export__ = ['echo']\n")
                .interpreter(combination.python())
                .accelerator(combination.twin())
                .laneCapacity(Integer.parseInt(arguments[2]));
        if (arguments[1].equals("-")) {
          builder.segmentKind(combination.kind());
        } else {
          builder.segmentFolder(Path.of(arguments[1]));
        }
        try {
          PyWorker worker = workers.start(builder);
          Outcome ready = Outcome.of(worker.ready(), Trial.PATIENCE);
          if (ready.isFailure()) {
            error = String.valueOf(ready.error());
          } else {
            started.add(worker);
          }
        } catch (RuntimeException | Error refused) {
          error = refused.toString();
        }
      }
      int alive = 0;
      for (PyWorker worker : started) {
        if (Objects.equals(worker.sync().within(Trial.PATIENCE).call("echo", int.class, 3), 3)) {
          alive++;
        }
      }
      result.put("workers", started.size());
      result.put("alive", alive);
      result.put("error", error);
    }
    System.out.println(new ObjectMapper().writeValueAsString(result));
  }
}
