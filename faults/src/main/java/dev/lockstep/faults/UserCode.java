package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.PythonException;
import dev.lockstep.WorkerDiedException;
import java.util.List;
import java.util.Objects;

/** Rows 33 and 34: exceptions of every kind, and output of every kind. */
final class UserCode {
  private static final int HUGE = 10_000_000;
  private static final int MEGABYTE = 1_000_000;
  private static final long TAIL_CHARACTERS = 20_000;

  private UserCode() {}

  // --- row 33

  static void exceptions(Trial trial) throws Exception {
    PyWorker worker =
        trial.start(
            trial
                .worker()
                .exposeAll("host_stack_overflow", List.of(), given -> deeper(0))
                .exposeAll(
                    "host_out_of_memory",
                    List.of(),
                    given -> {
                      throw new OutOfMemoryError("as if");
                    })
                .exposeAll(
                    "host_huge",
                    List.of(),
                    given -> {
                      throw new IllegalStateException("y".repeat(HUGE));
                    }));
    for (String name :
        List.of(
            "raise_cyclic",
            "raise_unprintable",
            "raise_endless",
            "raise_interrupt",
            "raise_recursion")) {
      trial.repeat(name, () -> raised(trial, worker, name));
    }
    trial.repeat("raise_huge", () -> raised(trial, worker, "raise_huge", HUGE));
    trial.repeat("raise_deep_chain", () -> raised(trial, worker, "raise_deep_chain", 2000));
    for (String name : List.of("host_stack_overflow", "host_out_of_memory", "host_huge")) {
      trial.repeat(
          name,
          () -> {
            String told = worker.sync().within(Trial.PATIENCE).call("run_host", String.class, name);
            Trial.require(told.contains("Error") || told.contains("Exception"), told);
            requireAlive(worker);
          });
    }
    trial.finish(worker);
    trial.repeat(
        "SystemExit",
        () -> {
          PyWorker mortal = trial.start(trial.worker());
          WorkerDiedException died =
              Outcome.of(mortal.sync().callAsync("raise_exit", Object.class), Trial.PATIENCE)
                  .failedWith(WorkerDiedException.class);
          Trial.require(died.getMessage().contains("exit code 5"), died.getMessage());
          trial.finish(mortal);
        });
  }

  @SuppressWarnings("InfiniteRecursion") // Until the stack is full.
  private static int deeper(int depth) {
    return deeper(depth + 1) + 1;
  }

  private static void raised(Trial trial, PyWorker worker, String name, Object... arguments)
      throws InterruptedException {
    long before = worker.statistics().calls().bytesIn();
    PythonException error =
        Outcome.of(worker.sync().callAsync(name, Object.class, arguments), Trial.PATIENCE)
            .failedWith(PythonException.class);
    long bytes = worker.statistics().calls().bytesIn() - before;
    trial.figure("bytes of an error", "bytes").record(bytes);
    Trial.require(bytes <= 256 * 1024 + 100, name + " came in " + bytes + " bytes");
    Trial.require(error.getMessage() != null, "no message");
    requireAlive(worker);
  }

  private static void requireAlive(PyWorker worker) {
    Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, 11);
    Trial.require(Objects.equals(value, 11), "got " + value);
  }

  // --- row 34

  static void output(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    int count = trial.runs() * MEGABYTE;
    for (int where : new int[] {1, 2}) {
      trial.attempt(
          "prints to " + where,
          () -> {
            long startNanos = System.nanoTime();
            worker
                .sync()
                .within(Trial.PATIENCE.multipliedBy(10))
                .call("print_much", Object.class, count, where);
            trial
                .figure("printed to " + (where == 1 ? "stdout" : "stderr"), "MB/s")
                .record(count * 1000L / (System.nanoTime() - startNanos));
            requireAlive(worker);
          });
    }
    for (int fd : new int[] {1, 2}) {
      trial.attempt(
          "binary to " + fd,
          () -> {
            int written =
                worker
                    .sync()
                    .within(Trial.PATIENCE.multipliedBy(10))
                    .call("write_binary", Integer.class, fd, MEGABYTE);
            Trial.require(written == MEGABYTE, "written " + written);
            requireAlive(worker);
          });
    }
    trial.attempt(
        "closes them",
        () -> {
          worker.sync().call("close_standard", Object.class);
          requireAlive(worker);
        });
    trial.attempt(
        "the tail",
        () -> {
          Outcome.of(worker.sync().callAsync("exit_now", Object.class, 3), Trial.PATIENCE)
              .failedWith(WorkerDiedException.class);
          long kept =
              worker.onExit().join().lastErrorLines().stream().mapToLong(String::length).sum();
          trial.figure("tail kept", "characters").record(kept);
          Trial.require(kept > 0 && kept <= TAIL_CHARACTERS, "kept " + kept);
        });
    trial.finish(worker);
  }
}
