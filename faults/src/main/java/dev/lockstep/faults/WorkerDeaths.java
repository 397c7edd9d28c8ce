package dev.lockstep.faults;

import dev.lockstep.ExitStatus;
import dev.lockstep.PyWorker;
import dev.lockstep.WorkerDiedException;
import dev.lockstep.WorkerStartException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Rows 1, 4 to 7 and 36: a worker dies, wherever it is just now. */
@SuppressWarnings({"FutureReturnValueIgnored", "try"}) // What is measured hangs on the same future.
final class WorkerDeaths {
  private static final int KILLED = 9;
  private static final int SEGMENTATION_FAULT = 11;
  private static final int ABORTED = 6;
  private static final int AT_ONCE = 10;
  private static final int MESSAGE_OF_MANY_FRAGMENTS = 1024 * 1024;

  private WorkerDeaths() {}

  // --- row 1

  static void killedAtEachStep(Trial trial) throws InterruptedException {
    List<WorkerStep> steps = trial.isAccelerated() ? WorkerStep.accelerated() : WorkerStep.lines();
    trial.fact("steps", steps.size());
    try (Bystander unharmed = new Bystander(trial)) {
      // What the starts alone cost it on this machine: as many, of workers that nobody harms.
      unharmed.during("while as many start and end unharmed");
      for (int i = 0; i < trial.runs() * steps.size(); i++) {
        trial.attempt("unharmed", () -> startAndEnd(trial));
      }
      unharmed.during("meanwhile");
      for (WorkerStep step : steps) {
        for (int i = 0; i < trial.runs(); i++) {
          trial.attempt(step.name(), () -> killAt(trial, step));
        }
      }
    }
  }

  private static void startAndEnd(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.steppedWorker());
    Trial.require(
        Objects.equals(worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, 1), 1),
        "a worker that nobody harmed did not answer");
    worker.terminate();
    worker.onExit().join();
    trial.finish(worker);
  }

  private static void killAt(Trial trial, WorkerStep step) throws Exception {
    PyWorker worker = trial.startOnly(step.prepare(trial.steppedWorker()));
    try {
      if (step.isBeforeReady()) {
        Processes.await("a process", () -> worker.pid() != 0);
      } else {
        Outcome.of(worker.ready(), Trial.PATIENCE).succeeded();
      }
      step.arm(worker);
      long pid = worker.pid();
      Trial.require(
          Processes.awaitStopped(pid, Trial.PATIENCE), "the worker does not come to " + step);
      Trial.require(Processes.state(worker.pid()) == 'T', "the worker went on");
      CompletableFuture<?> call =
          step.isBeforeReady()
              ? worker.ready()
              : worker.sync().callAsync("echo", Object.class, "unanswered");
      AtomicLong failedAt = new AtomicLong();
      CompletableFuture<?> seen =
          call.whenComplete((value, error) -> failedAt.set(System.nanoTime()));
      long killedAt = Processes.kill(pid);
      Outcome outcome = Outcome.of(seen, Trial.PATIENCE);
      trial.millis("kill to failed call").record(failedAt.get() - killedAt);
      if (step.isBeforeReady()) {
        Trial.require(
            outcome.failedWith(WorkerStartException.class).getMessage().contains("SIGKILL"),
            "the signal is not named: " + outcome);
      } else {
        requireSignal(outcome.failedWith(WorkerDiedException.class).status(), KILLED);
      }
      Trial.require(
          worker.onExit().join().signal().orElse(0) == KILLED, "the exit has another signal");
    } finally {
      trial.finish(worker);
    }
  }

  private static void requireSignal(@Nullable ExitStatus status, int number) {
    Trial.require(
        status != null && status.signal().orElse(0) == number,
        "expected signal " + number + ", but: " + status);
  }

  // --- row 4

  static void diesHoldingAnUncommittedClaim(Trial trial) {
    if (!trial.isAccelerated()) {
      trial.notRun("the pure twin's steps are row 1's");
      return;
    }
    List<String> steps = List.of("payload", "length", "call id", "tail");
    trial.repeat(
        "claim",
        () -> {
          int committed = trial.random().nextInt(200);
          String step = steps.get(trial.random().nextInt(steps.size()));
          AtomicInteger seen = new AtomicInteger();
          AtomicInteger wrong = new AtomicInteger();
          PyWorker worker =
              trial.start(
                  trial
                      .steppedWorker()
                      .exposeAll(
                          "host_tick",
                          List.of(int.class, byte[].class),
                          arguments -> {
                            int number = (Integer) Objects.requireNonNull(arguments[0]);
                            byte[] filler = (byte[]) Objects.requireNonNull(arguments[1]);
                            if (number != seen.getAndIncrement() || filler.length != 5000) {
                              wrong.incrementAndGet();
                            }
                            return null;
                          }));
          CompletableFuture<Object> call =
              worker
                  .sync()
                  .callAsync("notify_and_stop_before", Object.class, step, committed, 5000);
          Trial.require(Processes.awaitStopped(worker.pid(), Trial.PATIENCE), "not stopped");
          Processes.kill(worker.pid());
          Outcome.of(call, Trial.PATIENCE).failedWith(WorkerDiedException.class);
          worker.onExit().join();
          // They were read before the news of its death; their handler's turn may come after it.
          Processes.await("as many seen as committed", () -> seen.get() >= committed);
          trial.add("frames committed", committed);
          trial.add("frames seen", seen.get());
          Trial.require(
              seen.get() == committed && wrong.get() == 0,
              "step=" + step + ", committed=" + committed + ", seen=" + seen + ", wrong=" + wrong);
          trial.finish(worker);
        });
  }

  // --- row 5

  static void diesBetweenFragments(Trial trial) {
    if (!trial.isAccelerated()) {
      trial.notRun("the pure twin's steps are row 1's");
      return;
    }
    long before = usedAfterCollection();
    trial.repeat(
        "fragments",
        () -> {
          int fragment = 2 + trial.random().nextInt(15);
          PyWorker worker = trial.start(trial.steppedWorker());
          CompletableFuture<byte[]> call =
              worker
                  .sync()
                  .callAsync(
                      "stop_before_and_give",
                      byte[].class,
                      "payload",
                      fragment,
                      MESSAGE_OF_MANY_FRAGMENTS);
          Trial.require(Processes.awaitStopped(worker.pid(), Trial.PATIENCE), "not stopped");
          Processes.kill(worker.pid());
          WorkerDiedException died =
              Outcome.of(call, Trial.PATIENCE).failedWith(WorkerDiedException.class);
          Trial.require(
              died.getMessage().contains("call=stop_before_and_give"),
              "the call is not named: " + died.getMessage());
          trial.finish(worker);
        });
    trial.fact("heap grown by, KiB", (usedAfterCollection() - before) / 1024);
  }

  private static long usedAfterCollection() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  // --- row 6

  static void exitsWithZero(Trial trial) {
    trial.fact("wrong successes", 0L);
    List<String> ways = List.of("exit_now", "sys_exit");
    trial.repeat(
        "exit 0",
        () -> {
          PyWorker worker = trial.start(trial.worker());
          String way = ways.get(trial.random().nextInt(2));
          Outcome outcome =
              Outcome.of(worker.sync().callAsync(way, Object.class, 0), Trial.PATIENCE);
          if (!outcome.isFailure()) {
            trial.add("wrong successes", 1);
          }
          WorkerDiedException died = outcome.failedWith(WorkerDiedException.class);
          Trial.require(died.getMessage().contains("exit code 0"), died.getMessage());
          trial.finish(worker);
        });
  }

  // --- row 7

  static void crashes(Trial trial) {
    trial.fact(
        "left out",
        "telling exit code 137 from SIGKILL: the JDK, which reaps the process, reports 137 for both");
    trial.repeat(
        "SIGSEGV",
        () -> {
          ExitStatus status = crash(trial, "segmentation_fault", 0);
          requireSignal(status, SEGMENTATION_FAULT);
          Trial.require(
              trial.combination().python().contains("pypy")
                  || status.lastErrorLines().stream()
                      .anyMatch(line -> line.contains("Fatal Python error")),
              "no stack of the fault handler: " + status);
        });
    trial.repeat("abort", () -> requireSignal(crash(trial, "abort", 0), ABORTED));
    trial.repeat(
        "exit 137",
        () -> {
          ExitStatus status = crash(trial, "exit_now", 137);
          String text = status.describe();
          Trial.require(text.contains("137") || text.contains("SIGKILL"), text);
        });
    trial.repeat("SIGKILL", () -> requireSignal(crash(trial, "kill_self", KILLED), KILLED));
  }

  private static ExitStatus crash(Trial trial, String how, int argument) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    try {
      CompletableFuture<Object> call =
          worker
              .sync()
              .callAsync("write_error_and", Object.class, "famous last words", how, argument);
      WorkerDiedException died =
          Outcome.of(call, Duration.ofSeconds(30)).failedWith(WorkerDiedException.class);
      Trial.require(
          died.getMessage().contains("famous last words"),
          "the end of stderr is missing: " + died.getMessage());
      ExitStatus status = Objects.requireNonNull(died.status());
      trial.fact(how + (argument == 0 ? "" : " " + argument) + " is told as", status.describe());
      return status;
    } finally {
      trial.finish(worker);
    }
  }

  // --- row 36

  /** What is left after many lives is looked for by the harness. */
  static void manyLives(Trial trial) throws Exception {
    List<String> ends = List.of("close", "terminate", "kill", "exit");
    long mostDescriptors = 0;
    for (int begun = 0; begun < trial.runs(); begun += AT_ONCE) {
      List<PyWorker> alive = new ArrayList<>();
      for (int i = begun; i < Math.min(begun + AT_ONCE, trial.runs()); i++) {
        alive.add(trial.startOnly(trial.worker()));
      }
      mostDescriptors = Math.max(mostDescriptors, Processes.descriptors());
      for (PyWorker worker : alive) {
        String end = ends.get(trial.random().nextInt(ends.size()));
        trial.attempt(end, () -> liveAndEnd(trial, worker, end));
      }
    }
    trial.fact("descriptors at most, with " + AT_ONCE + " workers", mostDescriptors);
  }

  private static void liveAndEnd(Trial trial, PyWorker worker, String end) throws Exception {
    long startNanos = System.nanoTime();
    Trial.require(
        Objects.equals(worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, 7), 7),
        "no answer");
    long pid = worker.pid();
    switch (end) {
      case "close" -> worker.close();
      case "terminate" -> worker.terminate();
      case "kill" -> Processes.kill(pid);
      default ->
          Outcome.of(worker.sync().callAsync("sys_exit", Object.class, 0), Trial.PATIENCE)
              .failedWith(WorkerDiedException.class);
    }
    worker.onExit().join();
    trial.millis("call, end and all given back").record(System.nanoTime() - startNanos);
    trial.finish(worker);
  }
}
