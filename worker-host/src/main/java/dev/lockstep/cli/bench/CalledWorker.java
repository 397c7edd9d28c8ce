package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The worker that the calls go to and come from, and the exchanges with it. */
final class CalledWorker {
  /**
   * What it runs: a function to call, and loops that call Java and take each call's time. A pause
   * is spun away, so that only the other side sleeps meanwhile.
   */
  private static final String SCRIPT =
      """
      from array import array
      from time import perf_counter_ns

      from lockstep import sync

      def echo(value):
          return value

      def measure(count, max_nanos, pause_nanos):
          echo = sync.echo
          nanos = array("q")
          deadline = perf_counter_ns() + max_nanos
          for i in range(count):
              if pause_nanos:
                  until = perf_counter_ns() + pause_nanos
                  while perf_counter_ns() < until:
                      pass
              start = perf_counter_ns()
              answer = echo(i)
              end = perf_counter_ns()
              assert answer == i, (answer, i)
              nanos.append(end - start)
              if end > deadline:
                  break
          return nanos

      def repeat(count):
          echo = sync.echo
          for i in range(count):
              echo(i)

      def relay(value):
          return sync.relay(value)

      def count_in_threads(count, nanos):
          from threading import Barrier, Thread
          counts = [0] * count
          begin = Barrier(count + 1)
          def run(index):
              echo = sync.echo
              calls = 0
              begin.wait()
              deadline = perf_counter_ns() + nanos
              while perf_counter_ns() < deadline:
                  for i in range(8):
                      echo(i)
                  calls += 8
              counts[index] = calls
          threads = [Thread(target=run, args=(index,)) for index in range(count)]
          for thread in threads:
              thread.start()
          begin.wait()
          start = perf_counter_ns()
          for thread in threads:
              thread.join()
          return [perf_counter_ns() - start, *counts]

      __export__ = ["echo", "measure", "repeat", "relay", "count_in_threads"]
      """;

  /** Longer than either side spins before it sleeps: 50 us. */
  private static final long PAUSE_NANOS = 300_000;

  private static final Map<String, Object> DICT =
      Map.of("name", "PyScript", "xs", List.of(1, 2, 3, 4, 5, 6));

  /** The facade whose call is measured. */
  public interface Echo {
    /** Comes back as it is. */
    int echo(int value);
  }

  /** The small dict as a record. */
  public record Named(String name, List<Integer> xs) {}

  private final PyWorker worker;

  private CalledWorker(PyWorker worker) {
    this.worker = worker;
  }

  /** A worker that can only be called. */
  static CalledWorker mainOnly(Function<PyWorker.Builder, PyWorker> start) {
    return new CalledWorker(start.apply(PyWorker.source(SCRIPT).syncMainOnly(true)));
  }

  /** A worker that calls Java, too. */
  static CalledWorker both(Function<PyWorker.Builder, PyWorker> start) {
    PyWorker worker = start.apply(PyWorker.source(SCRIPT).syncMainOnly(false));
    worker.expose("echo", int.class, value -> value);
    worker.expose("relay", int.class, value -> worker.sync().call("echo", int.class, value));
    return new CalledWorker(worker);
  }

  /** The path of the interpreter that runs it. */
  String interpreter() {
    return worker.describe().executable();
  }

  PyWorker worker() {
    return worker;
  }

  Exchange hostToWorker(String name) {
    return Exchange.of(name, "Java calls f(int) -> int in Python", turn -> call(turn, name, 0));
  }

  Exchange mainOnly(String name) {
    return Exchange.of(name, "the same into a sync_main_only worker", turn -> call(turn, name, 0));
  }

  Exchange hostToParkedWorker(String name) {
    return Exchange.of(
        name,
        "Java calls Python, which has slept for 0.25 ms",
        turn -> call(turn, name, PAUSE_NANOS));
  }

  private void call(Turn turn, String name, long pauseNanos) throws java.io.IOException {
    turn.time(name, pauseNanos, value -> expect(value, callEcho(value)));
  }

  private int callEcho(int value) {
    return worker.sync().call("echo", int.class, value);
  }

  private static void expect(int value, int answer) {
    if (answer != value) {
      throw new IllegalStateException("a wrong answer: value=" + value + ", answer=" + answer);
    }
  }

  Exchange facade(String name) {
    Echo echo = worker.sync().as(Echo.class);
    return Exchange.of(
        name,
        "Java calls f(int) -> int through an interface",
        turn -> turn.time(name, value -> expect(value, echo.echo(value))));
  }

  Exchange smallDict(String name) {
    return Exchange.of(
        name,
        "Java calls f(Map) -> Map: " + DICT.size() + " keys, 6 numbers",
        turn -> turn.time(name, value -> worker.sync().call("echo", Object.class, DICT)));
  }

  Exchange smallRecord(String name) {
    Named record = new Named("PyScript", List.of(1, 2, 3, 4, 5, 6));
    return Exchange.of(
        name,
        "the same as a record, bound by Jackson",
        turn -> turn.time(name, value -> worker.sync().call("echo", Named.class, record)));
  }

  /** The caller times it: what a Java thread does meanwhile decides who serves the calls. */
  Exchange workerToHost(String name) {
    return Exchange.of(
        name,
        "Python calls f(int) -> int in Java, where a thread waits in the call that they are in",
        turn -> {
          long[] nanos =
              worker.sync().call("measure", long[].class, turn.maxCalls(), turn.maxNanos(), 0);
          record(turn, name, nanos);
        });
  }

  Exchange workerToPump(String name) {
    return Exchange.of(
        name,
        "the same, where no thread waits: as from a script that runs by itself",
        turn -> measureUnattended(turn, name, 0));
  }

  Exchange workerToParkedPump(String name) {
    return Exchange.of(
        name,
        "the same after the Java side has slept for 0.25 ms",
        turn -> measureUnattended(turn, name, PAUSE_NANOS));
  }

  Exchange workerToParkedHost(String name) {
    return Exchange.of(
        name,
        "Python calls Java, where the thread in whose call they are has slept for 0.25 ms",
        turn ->
            record(
                turn,
                name,
                worker
                    .sync()
                    .call("measure", long[].class, turn.maxCalls(), turn.maxNanos(), PAUSE_NANOS)));
  }

  private void measureUnattended(Turn turn, String name, long pauseNanos) {
    record(
        turn,
        name,
        worker
            .sync()
            .callAsync("measure", long[].class, turn.maxCalls(), turn.maxNanos(), pauseNanos)
            .join());
  }

  private static void record(Turn turn, String figure, long[] nanos) {
    for (long value : nanos) {
      turn.record(figure, value);
    }
  }

  /** Two more calls on top of the first: half of what they add is one level. */
  Exchange nested(String name) {
    return Exchange.of(
        name,
        "half of what main -> worker -> main -> worker takes longer than main -> worker",
        turn -> {
          long deadlineNanos = System.nanoTime() + turn.maxNanos();
          for (int i = 0; i < turn.maxCalls(); i++) {
            long startNanos = System.nanoTime();
            expect(i, callEcho(i));
            long middleNanos = System.nanoTime();
            expect(i, worker.sync().call("relay", int.class, i));
            long endNanos = System.nanoTime();
            turn.record(name, ((endNanos - middleNanos) - (middleNanos - startNanos)) / 2);
            if (endNanos - deadlineNanos > 0) {
              return;
            }
          }
        });
  }

  /** Bytes that all threads of this JVM allocate for one call. */
  Exchange allocationOfCalls(String name) {
    return Exchange.of(
        name,
        "bytes that this JVM allocates for one call of Python",
        Exchange.Pace.SLOW,
        turn ->
            Allocation.perCall(
                turn,
                name,
                count -> {
                  for (int i = 0; i < count; i++) {
                    callEcho(i);
                  }
                }));
  }

  Exchange allocationOfCallbacks(String name) {
    return Exchange.of(
        name,
        "bytes that this JVM allocates for one call by Python",
        Exchange.Pace.SLOW,
        turn ->
            Allocation.perCall(
                turn, name, count -> worker.sync().call("repeat", void.class, count)));
  }

  Exchange javaThreads(String name, int threads) {
    return new Threads(
        name,
        "Java",
        threads,
        nanos -> Threads.count(threads, nanos, value -> expect(value, callEcho(value))));
  }

  Exchange pythonThreads(String name, int threads) {
    return new Threads(
        name,
        "Python",
        threads,
        nanos -> worker.sync().call("count_in_threads", long[].class, threads, nanos));
  }
}
