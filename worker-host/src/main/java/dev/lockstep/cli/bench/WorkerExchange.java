package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import org.HdrHistogram.Histogram;

/**
 * A call between this JVM and a Python worker that only spins and sleeps for its answer: {@code
 * f(int) -> int} in one of the two directions. The caller's side takes the time.
 */
public final class WorkerExchange implements Exchange {
  /** What the worker runs: a function to call, and a loop that calls and notes each call's time. */
  private static final String SCRIPT =
      """
      from array import array
      from time import perf_counter_ns

      from lockstep import sync

      def echo(number):
          return number

      def measure(count, max_nanos):
          echo = sync.echo
          nanos = array("q")
          deadline = perf_counter_ns() + max_nanos
          for i in range(count):
              start = perf_counter_ns()
              answer = echo(i)
              end = perf_counter_ns()
              assert answer == i, (answer, i)
              nanos.append(end - start)
              if end > deadline:
                  break
          return nanos

      __export__ = ["echo", "measure"]
      """;

  /** Who calls whom. */
  public enum Direction {
    HOST_TO_WORKER,
    WORKER_TO_HOST
  }

  private final String name;
  private final String description;
  private final Direction direction;
  private final PyWorker worker;

  private WorkerExchange(String name, String description, Direction direction, PyWorker worker) {
    this.name = name;
    this.description = description;
    this.direction = direction;
    this.worker = worker;
  }

  /** A builder for a worker that both directions can use; the caller adds what it wants. */
  public static PyWorker.Builder script() {
    return PyWorker.source(SCRIPT);
  }

  /** Java calls the worker's function. The worker is closed with the exchange. */
  public static WorkerExchange hostToWorker(String name, PyWorker worker) {
    return new WorkerExchange(
        name, "Java calls a Python function", Direction.HOST_TO_WORKER, worker);
  }

  /** The worker calls Java's {@code echo}, which must be exposed to it. */
  public static WorkerExchange workerToHost(String name, PyWorker worker) {
    return new WorkerExchange(
        name, "Python calls a Java function", Direction.WORKER_TO_HOST, worker);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  public void measure(int count, long maxNanos, Histogram nanos) {
    if (direction == Direction.WORKER_TO_HOST) {
      for (long value : worker.sync().call("measure", long[].class, count, maxNanos)) {
        nanos.recordValue(value);
      }
      return;
    }
    long deadlineNanos = System.nanoTime() + maxNanos;
    for (int i = 0; i < count; i++) {
      long startNanos = System.nanoTime();
      int answer = worker.sync().call("echo", int.class, i);
      long endNanos = System.nanoTime();
      if (answer != i) {
        throw new IllegalStateException("a wrong answer: value=" + i + ", answer=" + answer);
      }
      nanos.recordValue(endNanos - startNanos);
      if (endNanos - deadlineNanos > 0) {
        return;
      }
    }
  }

  @Override
  public void close() {
    worker.close();
  }
}
