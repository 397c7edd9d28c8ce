package dev.lockstep.faults;

import dev.lockstep.CallTimeoutException;
import dev.lockstep.PyWorker;
import dev.lockstep.WorkerDiedException;
import dev.lockstep.os.Signals;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Rows 8, 23 and 24: a worker is stopped, forks, or turns into something else. */
final class Interference {
  private static final Duration DEADLINE = Duration.ofMillis(500);
  private static final int CALLS_AFTERWARDS = 50;
  private static final int CALLS_BESIDE_A_FORK = 20;
  private static final int STOPPED_AT_A_TIME = 5;

  private Interference() {}

  // --- row 8

  static void stoppedAndContinued(Trial trial) throws Exception {
    long stopMillis = trial.runs() > STOPPED_AT_A_TIME ? 5000 : 1000;
    trial.fact("stopped ms", stopMillis);
    for (int done = 0; done < trial.runs(); done += STOPPED_AT_A_TIME) {
      List<Thread> threads = new java.util.ArrayList<>();
      for (int i = 0; i < STOPPED_AT_A_TIME && done + i < trial.runs(); i++) {
        Thread thread = new Thread(() -> trial.attempt("stop", () -> stop(trial, stopMillis)));
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }

  private static void stop(Trial trial, long stopMillis) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    Outcome.of(() -> worker.sync().call("echo", Object.class, "before")).succeeded();
    Signals.send(worker.pid(), Processes.SIGSTOP);
    Trial.require(Processes.awaitStopped(worker.pid(), Trial.PATIENCE), "not stopped");
    long startNanos = System.nanoTime();
    Outcome outcome =
        Outcome.of(() -> worker.sync().within(DEADLINE).call("echo", Object.class, "late"));
    trial
        .millis("error after the deadline")
        .record(System.nanoTime() - startNanos - DEADLINE.toNanos());
    outcome.failedWith(CallTimeoutException.class);
    Thread.sleep(stopMillis); // what the row is about
    Signals.send(worker.pid(), Processes.SIGCONT);
    for (int i = 0; i < CALLS_AFTERWARDS; i++) {
      Object value = worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, i);
      if (!Objects.equals(value, i)) {
        trial.add("replies matched wrongly", 1);
      }
      Trial.require(Objects.equals(value, i), "sent " + i + ", got " + value);
    }
    trial.add("late replies dropped", worker.statistics().calls().lateRepliesDropped());
    trial.finish(worker);
  }

  // --- row 23

  static void forks(Trial trial) {
    boolean isPyPy = trial.combination().python().contains("pypy");
    for (String way :
        List.of(
            "fork_and_call_from_both",
            "multiprocessing_fork_and_call",
            "thread_forks_while_main_calls",
            "subprocess_and_call")) {
      if (isPyPy && way.startsWith("thread")) {
        continue; // PyPy forks only from a thread of its own making in other ways
      }
      trial.repeat(way, () -> fork(trial, way));
    }
  }

  private static void fork(Trial trial, String way) throws Exception {
    ConcurrentLinkedQueue<Object> ticks = new ConcurrentLinkedQueue<>();
    PyWorker worker =
        trial.start(
            trial
                .worker()
                .exposeAll(
                    "host_tick",
                    List.of(int.class),
                    arguments -> {
                      ticks.add(Objects.requireNonNull(arguments[0]));
                      return arguments[0];
                    }));
    Outcome outcome = Outcome.of(worker.sync().callAsync(way, List.class), Trial.PATIENCE);
    List<?> said = (List<?>) Objects.requireNonNull(outcome.succeeded());
    String expected = way.startsWith("subprocess") ? "hello" : "ForkedWorkerError";
    Trial.require(expected.equals(said.get(0)), "the child said: " + said.get(0));
    Trial.require(
        ((List<?>) said.get(1)).size() == CALLS_BESIDE_A_FORK, "the parent got " + said.get(1));
    long byChild = ticks.stream().filter(tick -> tick.equals(-1)).count();
    trial.add("frames by child", byChild);
    Trial.require(byChild == 0 && ticks.size() == CALLS_BESIDE_A_FORK, "ticks: " + ticks);
    Outcome.of(() -> worker.sync().within(Trial.PATIENCE).call("pid", Long.class)).succeeded();
    trial.finish(worker);
  }

  // --- row 24

  static void turnsIntoSomethingElse(Trial trial) {
    trial.repeat("exec", () -> dies(trial, "exec to failed call", "replace_self", 0));
    trial.repeat(
        "closes all descriptors",
        () -> dies(trial, "closed descriptors to failed call", "close_descriptors", 3, 4096));
    trial.repeat("closes 0 to 2", () -> unaffected(trial));
  }

  private static void dies(Trial trial, String figure, String name, Object... arguments)
      throws Exception {
    PyWorker worker = trial.start(trial.worker());
    long startNanos = System.nanoTime();
    CompletableFuture<Object> call = worker.sync().callAsync(name, Object.class, arguments);
    CompletableFuture<Object> next = worker.sync().callAsync("sleep", Object.class, 30);
    Outcome.of(next, Trial.PATIENCE).failedWith(WorkerDiedException.class);
    trial.millis(figure).record(System.nanoTime() - startNanos);
    Outcome first = Outcome.of(call, Trial.PATIENCE);
    Trial.require(
        !first.isFailure() || first.error() instanceof WorkerDiedException, "got " + first);
    trial.finish(worker);
  }

  private static void unaffected(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    AtomicInteger answered = new AtomicInteger();
    worker.sync().call("close_standard", Object.class);
    for (int i = 0; i < CALLS_AFTERWARDS; i++) {
      if (Objects.equals(worker.sync().within(Trial.PATIENCE).call("echo", int.class, i), i)) {
        answered.incrementAndGet();
      }
    }
    Trial.require(answered.get() == CALLS_AFTERWARDS, "answered " + answered);
    trial.finish(worker);
  }
}
