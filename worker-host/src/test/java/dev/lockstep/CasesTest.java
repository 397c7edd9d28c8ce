package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.env.InstalledPythons;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What people do with several workers, with waiting and with time. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@SuppressWarnings("FutureReturnValueIgnored") // A stage that a handler returns is its answer.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CasesTest {
  private final Twin twin;

  CasesTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text));
  }

  @Test
  void twoInterpretersAreNamedAndBothAnswer() {
    List<String> pythons = twoVersions();
    try (Workers workers = Workers.open()) {
      Set<String> versions = new LinkedHashSet<>();
      for (String python : pythons) {
        PyWorker worker =
            workers.start(
                PyWorker.source(
                        """
                        import sys
                        def version(): return sys.version.split()[0]
                        __export__ = ['version']
                        """)
                    .interpreter(python));
        worker.ready().join();
        String told = worker.sync().call("version", String.class);
        assertThat(worker.describe().python()).isEqualTo(told);
        assertThat(worker.describe().executable()).isNotEmpty();
        versions.add(worker.describe().implementation() + " " + told);
      }
      assertThat(versions).hasSameSizeAs(pythons);
      assertThat(workers.list()).hasSameSizeAs(pythons);
    }
  }

  /** Two of different versions where there are two; else the only one. */
  private static List<String> twoVersions() {
    Map<String, String> found = new LinkedHashMap<>();
    for (Path python : InstalledPythons.find()) {
      if (found.size() < 2) {
        try (PyWorker worker = PyWorker.source("").interpreter(python.toString()).start()) {
          worker.ready().join();
          WorkerDescription told = worker.describe();
          found.putIfAbsent(told.implementation() + " " + told.python(), python.toString());
        } catch (CompletionException tooOld) {
          assertThat(tooOld).hasCauseInstanceOf(WorkerStartException.class);
        }
      }
    }
    return List.copyOf(found.values());
  }

  @Test
  void answersThatComeBeforeAndBehindTheWaitAreAllDelivered() {
    ConcurrentLinkedQueue<CompletableFuture<Integer>> unanswered = new ConcurrentLinkedQueue<>();
    try (PyWorker worker =
        source(
                """
                from lockstep import sync
                def ask(n): return sum(sync.at_once(i) for i in range(n))
                def wait(n): return sum(sync.later(i) for i in range(n))
                __export__ = ["ask", "wait"]
                """)
            .expose("at_once", Integer.class, n -> n)
            .expose(
                "later",
                Integer.class,
                n -> {
                  CompletableFuture<Integer> answer = new CompletableFuture<>();
                  unanswered.add(answer.orTimeout(50, TimeUnit.SECONDS));
                  return answer.thenApply(given -> given + n);
                })
            .start()) {
      assertThat(worker.sync().call("ask", int.class, 100)).isEqualTo(4950);
      CompletableFuture<Integer> sum = worker.sync().callAsync("wait", Integer.class, 100);
      int answered = 0;
      while (answered < 100) {
        CompletableFuture<Integer> next = unanswered.poll();
        if (next != null) {
          next.complete(1);
          answered++;
        }
        Thread.onSpinWait();
        assertThat(sum.isCompletedExceptionally()).isFalse();
      }
      assertThat(sum.join()).isEqualTo(4950 + 100);
      assertThat(unanswered).isEmpty();
    }
  }

  @Test
  void aWorkerThatWaitsForJavaCostsNoProcessorTime() throws Exception {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    CountDownLatch asked = new CountDownLatch(1);
    try (PyWorker worker =
        source(
                """
                        from lockstep import sync
                        def wait(): return sync.answer()
                        __export__ = ['wait']
                        """)
            .expose(
                "answer",
                () -> {
                  asked.countDown();
                  return answer;
                })
            .start()) {
      CompletableFuture<Integer> waits = worker.sync().callAsync("wait", Integer.class);
      assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
      long ticksBefore = ticks(worker.pid());
      // What is measured is this time itself: 2 s without anything to do.
      TimeUnit.SECONDS.sleep(2);
      // A tick is 10 ms: half a percent is one of them, and ten times that is what a test may fail.
      assertThat(ticks(worker.pid()) - ticksBefore).isLessThanOrEqualTo(10);
      assertThat(waits).isNotDone();
      answer.complete(7);
      assertThat(waits.join()).isEqualTo(7);
    }
  }

  /** Processor time of a process so far, in the kernel's hundredths of a second. */
  private static long ticks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  @Test
  void javaGoesOnWhileAWorkerIsBusy() {
    try (PyWorker worker =
        source(
                """
                import time
                def busy(seconds):
                    end = time.monotonic() + seconds
                    while time.monotonic() < end: pass
                    return "done"
                __export__ = ["busy"]
                """)
            .start()) {
      worker.ready().join();
      CompletableFuture<String> busy = worker.sync().callAsync("busy", String.class, 1.0);
      long longestNanos = 0;
      int looks = 0;
      long before = System.nanoTime();
      while (!busy.isDone()) {
        LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        long now = System.nanoTime();
        longestNanos = Math.max(longestNanos, now - before);
        before = now;
        looks++;
      }
      assertThat(busy.join()).isEqualTo("done");
      assertThat(looks).isGreaterThan(1);
      assertThat(Duration.ofNanos(longestNanos)).isLessThan(Duration.ofSeconds(1));
    }
  }

  @Test
  void workersReachAnotherWorkersFunctionsThroughJava() {
    try (Workers workers = Workers.open()) {
      PyWorker provider =
          workers.start(source("def get(): return 'test'\n__export__ = ['get']").name("provider"));
      List<CompletableFuture<String>> got = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        PyWorker consumer =
            workers.start(
                source(
                        """
                        from lockstep import sync
                        def ask(): return sync.provider.get()
                        __export__ = ['ask']
                        """)
                    .expose("provider.get", () -> provider.sync().callAsync("get", String.class)));
        got.add(consumer.sync().callAsync("ask", String.class));
      }
      assertThat(got).allSatisfy(each -> assertThat(each.join()).isEqualTo("test"));
    }
  }

  @Test
  void aLineArrivesWhileItsWriterWaits() {
    ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    try (PyWorker worker =
        source(
                """
                        from lockstep import sync
                        def tell():
                            print('before')
                            return sync.answer()
                        __export__ = ['tell']
                        """)
            .onOutput(line -> lines.add(line.text()))
            .expose("answer", () -> answer)
            .start()) {
      CompletableFuture<Integer> tells = worker.sync().callAsync("tell", Integer.class);
      Until.holds("the line is there", () -> lines.contains("before"));
      assertThat(tells).isNotDone();
      answer.complete(1);
      assertThat(tells.join()).isEqualTo(1);
    }
  }

  @Test
  void sleepingTakesItsTime() {
    try (PyWorker worker =
        source(
                """
                import time
                from lockstep import sync
                def nap(seconds):
                    begun = time.monotonic()
                    sync.sleep(seconds)
                    return time.monotonic() - begun
                __export__ = ["nap"]
                """)
            .start()) {
      assertThat(worker.sync().call("nap", double.class, 0.3)).isGreaterThanOrEqualTo(0.3);
      assertThat(worker.sync().call("nap", double.class, 0)).isNotNegative();
    }
  }
}
