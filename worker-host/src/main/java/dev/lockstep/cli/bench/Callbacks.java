package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.util.concurrent.CompletableFuture;

/**
 * Exchanges in which the worker calls Java and takes the time. Who serves its calls is decided by
 * what a Java thread does meanwhile: one that waits in the call that they are nested in, or else
 * the worker's pump.
 */
final class Callbacks {
  private final PyWorker worker;

  Callbacks(PyWorker worker) {
    this.worker = worker;
  }

  Exchange toWaitingThread(String name) {
    return Exchange.of(
        name,
        "Python calls f(int) -> int in Java, served by the thread whose call is running",
        turn -> record(turn, name, measure(turn, 0)));
  }

  Exchange toParkedThread(String name) {
    return Exchange.of(
        name,
        "the same after that thread has slept for a while",
        turn -> record(turn, name, measure(turn, BenchWorker.PAUSE_NANOS)));
  }

  Exchange toPump(String name) {
    return Exchange.of(
        name,
        "Python calls f(int) -> int in Java, where no thread waits: from a script by itself",
        turn -> record(turn, name, measureUnattended(turn, 0).join()));
  }

  Exchange toParkedPump(String name) {
    return Exchange.of(
        name,
        "the same after the Java side has slept for a while",
        turn -> record(turn, name, measureUnattended(turn, BenchWorker.PAUSE_NANOS).join()));
  }

  private long[] measure(Turn turn, long pauseNanos) {
    return worker
        .sync()
        .call("measure", long[].class, turn.maxCalls(), turn.maxNanos(), pauseNanos);
  }

  private CompletableFuture<long[]> measureUnattended(Turn turn, long pauseNanos) {
    return worker
        .sync()
        .callAsync("measure", long[].class, turn.maxCalls(), turn.maxNanos(), pauseNanos);
  }

  private static void record(Turn turn, String figure, long[] nanos) {
    for (long value : nanos) {
      turn.record(figure, value);
    }
  }

  Exchange allocation(String name) {
    return Exchange.of(
        name,
        "bytes that this JVM allocates for one call by Python",
        Exchange.Pace.SLOW,
        turn ->
            Allocation.perCall(
                turn, name, count -> worker.sync().call("repeat", void.class, count)));
  }

  Exchange threads(String name, int threads) {
    return new Threads(
        name,
        "Python",
        threads,
        nanos -> worker.sync().call("count_in_threads", long[].class, threads, nanos));
  }
}
