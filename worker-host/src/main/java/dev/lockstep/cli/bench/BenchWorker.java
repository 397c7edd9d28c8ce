package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.util.function.Function;

/** The worker that calls go to and come from. */
final class BenchWorker {
  /** Longer than either side spins before it sleeps: 50 us. */
  static final long PAUSE_NANOS = 300_000;

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

  private final PyWorker worker;

  private BenchWorker(PyWorker worker) {
    this.worker = worker;
  }

  /**
   * A worker that can only be called.
   *
   * @param start starts a worker and lets it become ready
   */
  static BenchWorker mainOnly(Function<PyWorker.Builder, PyWorker> start) {
    return new BenchWorker(start.apply(PyWorker.source(SCRIPT).syncMainOnly(true)));
  }

  /** A worker that calls Java, too. */
  static BenchWorker both(Function<PyWorker.Builder, PyWorker> start) {
    PyWorker worker = start.apply(PyWorker.source(SCRIPT).syncMainOnly(false));
    worker.expose("echo", int.class, value -> value);
    worker.expose("relay", int.class, value -> worker.sync().call("echo", int.class, value));
    return new BenchWorker(worker);
  }

  /** The path of the interpreter that runs it. */
  String interpreter() {
    return worker.describe().executable();
  }

  PyWorker worker() {
    return worker;
  }

  /** What Java calls. */
  Calls calls() {
    return new Calls(worker);
  }

  /** What Python calls. */
  Callbacks callbacks() {
    return new Callbacks(worker);
  }
}
