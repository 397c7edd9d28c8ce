package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** The key {@code threads}: plain exports run on so many threads of the worker at once. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThreadsTest {
  private static final String TEXT =
      """
      import asyncio, threading, time
      from lockstep import sync
      together = threading.Barrier(3)
      def meet():
          together.wait(50)
          return threading.get_ident()
      def where(): return threading.current_thread() is threading.main_thread()
      async def slow_where():
          await asyncio.sleep(0.01)
          return where()
      def turn_async(): return slow_where()
      def ask(n): return sync.twice(n)
      def nested(n): return sync.down(n) if n else 0
      def fail(): raise ValueError("here")
      def busy():
          sync.started()
          while True: pass
      def forever(): return sync.wait()
      def add(a, b): return a + b
      def leave():
          import sys
          sys.exit(3)
      __export__ = ["meet", "where", "slow_where", "turn_async", "ask", "nested", "fail", "busy",
                    "forever", "add", "leave"]
      """;

  private final Twin twin;

  ThreadsTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder builder(int threads) {
    return twin.set(PyWorker.source(TEXT)).config(Map.of("threads", threads));
  }

  @Test
  void soManyPlainCallsRunAtOnceOffTheMainThread() {
    try (PyWorker worker = builder(3).start()) {
      List<CompletableFuture<Long>> met = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        met.add(worker.sync().callAsync("meet", Long.class));
      }
      assertThat(met).allSatisfy(each -> assertThat(each.join()).isPositive());
      assertThat(met.stream().map(CompletableFuture::join).distinct()).hasSize(3);
      assertThat(worker.sync().call("where", boolean.class)).isFalse();
      assertThat(worker.sync().call("slow_where", boolean.class)).isTrue();
      assertThat(worker.sync().call("turn_async", boolean.class)).isTrue();
      assertThat(
              worker.run(
                  "import threading; threading.current_thread().name", Map.of(), String.class))
          .isEqualTo("MainThread");
    }
  }

  @Test
  void callsBackToJavaAndErrorsGoToTheThreadThatTheyBelongTo() {
    try (PyWorker worker = builder(4).expose("twice", Integer.class, n -> 2 * n).start()) {
      worker.expose("down", Integer.class, n -> worker.sync().call("nested", int.class, n - 1) + 1);
      List<CompletableFuture<Integer>> answers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        answers.add(worker.sync().callAsync("ask", int.class, i));
      }
      for (int i = 0; i < 200; i++) {
        assertThat(answers.get(i).join()).isEqualTo(2 * i);
      }
      assertThat(worker.sync().call("nested", int.class, 10)).isEqualTo(10);
      assertThat(Failing.with(PythonException.class, () -> worker.sync().call("fail", void.class)))
          .hasMessageContaining("here");
      assertThat(
              Failing.with(
                  NotExportedException.class, () -> worker.sync().call("nope", void.class)))
          .hasMessageContaining("nope");
    }
  }

  @Test
  void aWorkerThatOnlyAnswersHasThreadsToo() {
    try (PyWorker worker = builder(3).syncMainOnly(true).start()) {
      List<CompletableFuture<Long>> met = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        met.add(worker.sync().callAsync("meet", Long.class));
      }
      assertThat(met.stream().map(CompletableFuture::join).distinct()).hasSize(3);
      for (int i = 0; i < 200; i++) {
        assertThat(worker.sync().call("add", int.class, i, 1)).isEqualTo(i + 1);
      }
    }
  }

  @Test
  void anInterruptEndsThePythonCodeOfItsCallAndNoOther() throws InterruptedException {
    CountDownLatch started = new CountDownLatch(1);
    try (PyWorker worker = builder(2).exposeVoid("started", started::countDown).start()) {
      CompletableFuture<Void> busy = worker.sync().callAsync("busy", Void.class);
      assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
      // The thread may still be on its way out of `started`, where an interrupt does not reach it.
      Until.holds(
          "the busy call is interrupted",
          () -> {
            worker.interrupt();
            return busy.isDone();
          });
      assertThat(Failing.with(PythonException.class, busy).type()).isEqualTo("KeyboardInterrupt");
      for (int i = 0; i < 1000; i++) {
        assertThat(worker.sync().call("add", int.class, i, 1)).isEqualTo(i + 1);
      }
    }
  }

  @Test
  void aCallThatWaitsForItsTurnCanBeCancelledAndCounts() {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    try (PyWorker worker =
        builder(1)
            .config("{\"threads\": 1, \"limits\": {\"max_queued\": 3}}")
            .expose("wait", () -> answer)
            .start()) {
      CompletableFuture<Integer> first = worker.sync().callAsync("forever", Integer.class);
      assertThat(
              Failing.with(
                  CallTimeoutException.class,
                  () -> worker.sync().within(Duration.ofMillis(200)).call("add", int.class, 1, 2)))
          .hasMessageContaining("add");
      answer.complete(5);
      assertThat(first.join()).isEqualTo(5);
      assertThat(worker.sync().call("add", int.class, 1, 2)).isEqualTo(3);
    }
  }

  @Test
  void exitOnAThreadEndsTheWorker() {
    try (PyWorker worker = builder(2).start()) {
      worker.ready().join();
      CompletableFuture<Void> left = worker.sync().callAsync("leave", Void.class);
      assertThat(worker.onExit().join().exitCode()).hasValue(3);
      assertThat(left).failsWithin(Duration.ofSeconds(20));
    }
  }

  @Test
  void whereNoThreadCanBeMadeCallsAreServedByTheThreadsThatThereAre() {
    String refusing =
        TEXT
            + """
            import lockstep._threads
            start = lockstep._threads.start_new_thread
            def refuse(*ignored): raise RuntimeError("can't start new thread")
            def allow(): lockstep._threads.start_new_thread = start
            def forbid(): lockstep._threads.start_new_thread = refuse
            forbid()
            __export__ += ["allow", "forbid"]
            """;
    try (PyWorker worker =
        twin.set(PyWorker.source(refusing)).config(Map.of("threads", 3)).start()) {
      assertThat(worker.sync().call("where", boolean.class)).isTrue();
      worker.sync().call("allow", Void.class);
      assertThat(worker.sync().call("where", boolean.class)).isFalse();
      worker.sync().call("forbid", Void.class);
      List<CompletableFuture<Boolean>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(worker.sync().callAsync("where", Boolean.class));
      }
      assertThat(answers).allSatisfy(each -> assertThat(each.join()).isFalse());
    }
  }
}
