package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.wire.Limits;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Row 30: calls within calls within calls, in both directions, up to the limit and beyond. */
final class Nesting {
  private static final int LIMIT = Limits.DEFAULT.maxDepth();
  private static final int BEYOND = 10;

  private Nesting() {}

  static void reentrant(Trial trial) throws Exception {
    AtomicReference<PyWorker> self = new AtomicReference<>();
    List<Integer> unwound = Collections.synchronizedList(new ArrayList<>());
    PyWorker worker =
        trial.start(
            trial
                .worker()
                .exposeAll("host_dive", List.of(int.class), given -> call(self, "dive", given[0]))
                .exposeAll(
                    "host_dive_and_raise",
                    List.of(int.class),
                    given -> call(self, "dive_and_raise", given[0]))
                .exposeAll(
                    "host_unwound",
                    List.of(int.class),
                    given -> {
                      unwound.add((Integer) Objects.requireNonNull(given[0]));
                      return null;
                    }));
    self.set(worker);
    trial.fact("left out", "bytes of Java's stack: the JDK does not tell a thread's");
    long stackKibibytes = stackKibibytes(worker);
    // A call of depth n: one of ours, then main and worker in turn.
    for (int depth = 0; depth < (LIMIT + 1) / 2; depth++) {
      int down = depth;
      trial.attempt("depth " + depth, () -> dive(trial, worker, down));
    }
    trial.fact("depth reached", LIMIT);
    trial.fact(
        "worker's stack grew by, bytes per level of its own, in whole pages",
        (stackKibibytes(worker) - stackKibibytes) * 1024 / (LIMIT / 2));
    for (int depth = (LIMIT + 1) / 2; depth <= (LIMIT + BEYOND) / 2; depth++) {
      int down = depth;
      trial.attempt(
          "beyond: " + depth,
          () -> {
            Outcome outcome =
                Outcome.of(worker.sync().callAsync("dive", Integer.class, down), Trial.PATIENCE);
            Trial.require(
                outcome.isFailure()
                    && (outcome.toString().contains("maxDepth=" + LIMIT)
                        || outcome.toString().contains("nested too deep")),
                outcome.toString());
          });
    }
    for (int depth = 1; depth < (LIMIT - 2) / 2; depth++) {
      int down = depth;
      trial.attempt(
          "unwinds " + depth,
          () -> {
            unwound.clear();
            Outcome outcome =
                Outcome.of(
                    worker.sync().callAsync("dive_and_raise", Integer.class, down), Trial.PATIENCE);
            Trial.require(outcome.toString().contains("the bottom"), outcome.toString());
            List<Integer> expected = new ArrayList<>();
            for (int i = 1; i <= down; i++) {
              expected.add(i);
            }
            Trial.require(unwound.equals(expected), "unwound " + unwound);
          });
    }
    trial.finish(worker);
  }

  private static long stackKibibytes(PyWorker worker) {
    Long size = worker.sync().within(Trial.PATIENCE).call("stack_kibibytes", Long.class);
    return Objects.requireNonNull(size);
  }

  private static void dive(Trial trial, PyWorker worker, int down) {
    for (int i = 0; i < trial.runs(); i++) {
      long startNanos = System.nanoTime();
      Integer came = worker.sync().within(Trial.PATIENCE).call("dive", Integer.class, down);
      trial
          .figure("per level, two of which are one more of each side", "ns")
          .record((System.nanoTime() - startNanos) / (2L * down + 1));
      Trial.require(came == down, "dived " + down + ", came back with " + came);
    }
  }

  private static @Nullable Object call(
      AtomicReference<PyWorker> self, String name, @Nullable Object depth) {
    return self.get().sync().call(name, Integer.class, depth);
  }
}
