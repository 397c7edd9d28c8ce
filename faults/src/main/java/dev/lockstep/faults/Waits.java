package dev.lockstep.faults;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.Accelerator;
import dev.lockstep.CallTimeoutException;
import dev.lockstep.PyWorker;
import dev.lockstep.WorkerDiedException;
import dev.lockstep.WorkerStartException;
import dev.lockstep.os.Signals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Rows 19 to 22: sleeping and waking under delays, mistakes, signals, and peers that do nothing.
 */
final class Waits {
  private static final int MUTANTS_IN_SHORT = 2;
  private static final int SIGUSR1 = 10;
  private static final long STORM_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int EAGAIN = 11;
  private static final int EFAULT = 14;
  private static final int ENOSYS = 38;
  private static final int MUTANT_SECONDS = 60;
  private static final int PURE_MUTANT_SECONDS = 300; // 52 were seen
  private static final double TICKS_PER_SECOND = 100;
  private static final Duration IDLE = Duration.ofSeconds(3);
  private static final double IDLE_PERCENT = 0.5;

  /** A JVM compiles in its first seconds, whoever waits in it; one that spins is never idle. */
  private static final int MOST_WINDOWS = 5;

  private Waits() {}

  // --- rows 19 and 20

  static void soak(Trial trial) throws Exception {
    String modules = trial.isAccelerated() ? "lockstep._accelerator=" + Home.steps() : "";
    List<String> pins =
        Runtime.getRuntime().availableProcessors() > 1 ? List.of("0", "0,1") : List.of("0");
    for (String processors : pins) {
      trial.attempt(
          "pinned to " + processors,
          () -> {
            JsonNode result =
                soak(
                    trial,
                    trial.combination(),
                    processors,
                    trial.runs(),
                    Integer.MAX_VALUE / 1000,
                    modules);
            trial.fact("pinned to " + processors, result.toString());
            Trial.require(
                result.path("lateWakeups").asLong() == 0
                    && result.path("error").asText().isEmpty()
                    && result.path("sleeps").asLong() >= trial.runs(),
                result.toString());
          });
    }
  }

  static void mutants(Trial trial) throws Exception {
    List<Mutant> mutants = new ArrayList<>();
    if (!trial.isAccelerated() || trial.runs() > 1) {
      mutants.addAll(Mutant.ofThePureTwin());
    } else {
      trial.fact(
          "left out", "struct.pack_into: it takes a minute to be caught; --twin py plays it");
    }
    if (trial.isAccelerated()) {
      mutants.addAll(Mutant.ofTheAccelerator());
    }
    if (trial.runs() == 1 && mutants.size() > MUTANTS_IN_SHORT) {
      // Each takes up to a minute to be caught: in turns, by the seed.
      Collections.shuffle(mutants, trial.random());
      List<Mutant> later = mutants.subList(MUTANTS_IN_SHORT, mutants.size());
      trial.fact("left out by this seed", later.stream().map(Mutant::name).toList().toString());
      later.clear();
    }
    Path shim = Home.folder().resolveSibling("python-shim/src");
    Path folder = Files.createDirectories(Home.folder().resolve("target/mutants"));
    for (Mutant mutant : mutants) {
      for (int i = 0; i < trial.runs(); i++) {
        trial.attempt(
            mutant.name(),
            () -> {
              String modules = mutant.build(shim, folder, trial.combination().python());
              Combination on = trial.combination();
              int mostSeconds = MUTANT_SECONDS;
              if (!mutant.isOfTheAccelerator()) {
                on = new Combination(on.jdk(), on.python(), Accelerator.PY, on.kind());
                mostSeconds = PURE_MUTANT_SECONDS;
              }
              JsonNode result = soak(trial, on, "0,1", Long.MAX_VALUE, mostSeconds, modules);
              double seconds = result.path("seconds").asDouble();
              trial.millis("until caught").record((long) (seconds * 1e9));
              trial.fact(mutant.name(), result.toString());
              Trial.require(
                  result.path("lateWakeups").asLong() > 0
                      || !result.path("error").asText().isEmpty(),
                  "not caught: " + result);
            });
      }
    }
  }

  private static JsonNode soak(
      Trial trial,
      Combination combination,
      String processors,
      long sleeps,
      int seconds,
      String modules)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "taskset",
                "-c",
                processors,
                Path.of(combination.jdk(), "bin", "java").toString(),
                "-Dlockstep.faults.home=" + Home.folder()));
    if (Jdks.major(combination.jdk()) >= 22) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            SoakProgram.class.getName(),
            combination.encoded(),
            Long.toString(sleeps),
            Integer.toString(seconds),
            Long.toString(trial.random().nextLong()),
            modules));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try {
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      Trial.require(process.waitFor() == 0, "the soak ended with " + process.exitValue());
      return new ObjectMapper().readTree(text);
    } finally {
      process.destroyForcibly();
    }
  }

  // --- row 21

  static void futexErrors(Trial trial) {
    trial.attempt("EINTR storm", () -> storm(trial));
    trial.attempt("EAGAIN", () -> neverSleeps(trial));
    trial.attempt("EFAULT", () -> refusedLater(trial));
    trial.attempt("ENOSYS", () -> refusedAtStart(trial));
  }

  private static void storm(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    worker.sync().call("count_signals", Object.class);
    AtomicBoolean over = new AtomicBoolean();
    long pid = worker.pid();
    Thread storm =
        new Thread(
            () -> {
              while (!over.get()) {
                Signals.send(pid, SIGUSR1);
                LockSupport.parkNanos(STORM_NANOS);
              }
            });
    long ticks = Processes.processorTicks(pid);
    long startNanos = System.nanoTime();
    storm.start();
    Figure figure = trial.micros("call under the storm");
    try {
      for (int i = 0; i < trial.runs(); i++) {
        long nanos = System.nanoTime();
        Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, i);
        figure.record(System.nanoTime() - nanos);
        Trial.require(Objects.equals(value, i), "sent " + i + ", got " + value);
        if (i % 10 == 0) {
          LockSupport.parkNanos(STORM_NANOS * 3); // so that the worker sleeps, too
          Integer total = worker.sync().within(Trial.PATIENCE).call("call_many", Integer.class, 3);
          Trial.require(total == 3, "call_many(3) is " + total);
        }
      }
    } finally {
      over.set(true);
      storm.join();
    }
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    trial.fact(
        "worker's CPU under the storm, %",
        Math.round((Processes.processorTicks(pid) - ticks) / seconds / TICKS_PER_SECOND * 100));
    trial.finish(worker);
  }

  /** Each of the worker's waits says at once that the word has changed. */
  private static void neverSleeps(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    worker.sync().within(Trial.PATIENCE).call("refuse_futex_waits", Object.class, EAGAIN);
    for (int i = 0; i < trial.runs() / 10; i++) {
      Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, i);
      Trial.require(Objects.equals(value, i), "sent " + i + ", got " + value);
      Integer total = worker.sync().within(Trial.PATIENCE).call("call_many", Integer.class, 3);
      Trial.require(total == 3, "call_many(3) is " + total);
    }
    trial.finish(worker);
  }

  private static void refusedLater(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    Outcome first =
        Outcome.of(worker.sync().callAsync("refuse_futex", Object.class, EFAULT), Trial.PATIENCE);
    Outcome next = Outcome.of(worker.sync().callAsync("sleep", Object.class, 0.01), Trial.PATIENCE);
    trial.fact("EFAULT, the call that did it", String.valueOf(first));
    next.failedWith(WorkerDiedException.class);
    PyWorker other = trial.start(trial.worker());
    Outcome.of(() -> other.sync().within(Trial.PATIENCE).call("echo", Integer.class, 1))
        .succeeded();
    trial.finish(other);
    worker.terminate();
    trial.finish(worker);
  }

  private static void refusedAtStart(Trial trial) throws Exception {
    PyWorker worker =
        trial.startOnly(
            trial.worker().environment("LOCKSTEP_FAULT_FUTEX", Integer.toString(ENOSYS)));
    Outcome started = Outcome.of(worker.ready(), Trial.PATIENCE);
    trial.fact("ENOSYS at start", String.valueOf(started));
    Trial.require(
        started.failedWith(WorkerStartException.class).getMessage().contains("futex"),
        started.toString());
    worker.terminate();
    trial.finish(worker);
  }

  // --- row 22

  static void peerThatDoesNothing(Trial trial) throws Exception {
    trial.fact(
        "left out", "a tail that moves without a frame: that is a broken word, which row 12 plays");
    trial.repeat("never consumes", () -> neverConsumes(trial));
    trial.repeat("says nothing", () -> saysNothing(trial));
  }

  private static void saysNothing(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    Trial.require(
        Objects.equals(worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, 7), 7),
        "no answer");
    double percent = 100;
    for (int window = 0; window < MOST_WINDOWS && percent >= 10 * IDLE_PERCENT; window++) {
      percent = idleWindow();
      trial.figure("host's CPU while idle", "% / 100").record(Math.round(percent * 100));
    }
    Trial.require(percent < 10 * IDLE_PERCENT, "the host used " + percent + " % of a core");
    trial.finish(worker);
  }

  private static double idleWindow() throws Exception {
    long own = ProcessHandle.current().pid();
    long ticks = Processes.processorTicks(own);
    Thread.sleep(IDLE.toMillis()); // what is measured
    return 100.0 * (Processes.processorTicks(own) - ticks) / TICKS_PER_SECOND / IDLE.toSeconds();
  }

  private static void neverConsumes(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    Signals.send(worker.pid(), Processes.SIGSTOP);
    Trial.require(Processes.awaitStopped(worker.pid(), Trial.PATIENCE), "not stopped");
    Duration deadline = Duration.ofMillis(200);
    byte[] large = new byte[200_000];
    for (int i = 0; i < 3; i++) { // the first fit into the lane, then there is no room
      long startNanos = System.nanoTime();
      Outcome.of(() -> worker.sync().within(deadline).call("echo", byte[].class, (Object) large))
          .failedWith(CallTimeoutException.class);
      trial
          .millis("error after the deadline")
          .record(System.nanoTime() - startNanos - deadline.toNanos());
    }
    long own = ProcessHandle.current().pid();
    Outcome waiting =
        Outcome.of(
            () -> {
              long ticks = Processes.processorTicks(own);
              Outcome.of(() -> worker.sync().within(IDLE).call("pid", Long.class))
                  .failedWith(CallTimeoutException.class);
              return Processes.processorTicks(own) - ticks;
            });
    double percent =
        100.0
            * (Long) Objects.requireNonNull(waiting.succeeded())
            / TICKS_PER_SECOND
            / IDLE.toSeconds();
    trial.figure("host's CPU while a call waits", "% / 100").record(Math.round(percent * 100));
    Trial.require(percent < 10 * IDLE_PERCENT, "the host used " + percent + " % of a core");
    Signals.send(worker.pid(), Processes.SIGCONT);
    Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, 7);
    Trial.require(Objects.equals(value, 7), "got " + value);
    trial.finish(worker);
  }
}
