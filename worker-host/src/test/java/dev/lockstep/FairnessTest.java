package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads that call at once: each gets its share, and none waits for another's long call. */
@SuppressWarnings("FutureReturnValueIgnored")
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith({NothingLeftBehind.class, NoLateWakeups.class})
@Timeout(60)
class FairnessTest {
  private static final int THREADS = 8;
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(600);

  /** The benchmark asks for half of the mean; a test on a busy machine for much less. */
  private static final int SHARE = 20;

  private static final String SCRIPT =
      """
      from lockstep import sync
      def echo(number):
          return number

      def count(threads, nanos):
          from threading import Thread
          from time import perf_counter_ns
          counts = [0] * threads
          def run(index):
              deadline = perf_counter_ns() + nanos
              while perf_counter_ns() < deadline:
                  assert sync.echo(index) == index
                  counts[index] += 1
          all = [Thread(target=run, args=(index,)) for index in range(threads)]
          for thread in all: thread.start()
          for thread in all: thread.join()
          return counts

      def meanwhile(calls):
          from threading import Thread
          waiting = Thread(target=sync.slow)
          waiting.start()
          sync.begun()
          for number in range(calls):
              assert sync.echo(number) == number
          sync.release()
          waiting.join()
          return calls

      __export__ = ["echo", "count", "meanwhile"]
      """;

  private final Twin twin;

  FairnessTest(Twin twin) {
    this.twin = twin;
  }

  private static void assertShared(long[] calls) {
    double mean = Arrays.stream(calls).average().orElseThrow();
    assertThat(Arrays.stream(calls).min().orElseThrow())
        .as("calls of each thread: %s", Arrays.toString(calls))
        .isGreaterThan((long) (mean / SHARE));
  }

  @Test
  void pythonThreadsThatCallMainAtOnceShareIt() {
    try (PyWorker worker =
        twin.set(PyWorker.source(SCRIPT)).expose("echo", int.class, value -> value).start()) {
      worker.sync().call("count", long[].class, THREADS, NANOS);
      assertShared(worker.sync().call("count", long[].class, THREADS, NANOS));
    }
  }

  @Test
  void javaThreadsThatCallAWorkerAtOnceShareIt() throws InterruptedException {
    try (PyWorker worker = twin.set(PyWorker.source(SCRIPT)).start()) {
      Sync sync = worker.sync();
      long[] calls = new long[THREADS];
      long[] wrong = new long[THREADS];
      CountDownLatch begin = new CountDownLatch(1);
      Thread[] threads = new Thread[THREADS];
      for (int i = 0; i < THREADS; i++) {
        int index = i;
        threads[i] =
            new Thread(
                () -> {
                  if (begin.getCount() > 0) {
                    awaitQuietly(begin);
                  }
                  long deadline = System.nanoTime() + NANOS;
                  while (System.nanoTime() - deadline < 0) {
                    if (sync.call("echo", int.class, index) != index) {
                      wrong[index]++;
                    }
                    calls[index]++;
                  }
                });
        threads[i].start();
      }
      worker.ready().join();
      begin.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(wrong).containsOnly(0);
      assertShared(calls);
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void threadsGoOnCallingWhileOneWaitsForALongCall() {
    CompletableFuture<Integer> slow = new CompletableFuture<>();
    CountDownLatch begun = new CountDownLatch(1);
    try (PyWorker worker =
        twin.set(PyWorker.source(SCRIPT))
            .expose("echo", int.class, value -> value)
            .expose(
                "slow",
                () -> {
                  begun.countDown();
                  return slow;
                })
            .exposeVoid("begun", () -> {})
            .exposeVoid("release", () -> slow.complete(1))
            .start()) {
      int calls = worker.sync().call("meanwhile", int.class, 500);
      assertThat(calls).isEqualTo(500);
      assertThat(begun.getCount()).isZero();
    }
  }
}
