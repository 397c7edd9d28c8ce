package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** How workers end, by themselves and by force, and what their calls get. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#all")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
@SuppressWarnings({"FutureReturnValueIgnored", "try"})
class LifeAndDeathTest {
  private static final String SLOW =
      """
      import time, os, sys, signal
      def slow(s):
          time.sleep(s)
          return "done"
      def pid(): return os.getpid()
      def run(code): exec(code, globals())
      __export__ = ["slow", "pid", "run"]
      """;

  private final Twin twin;

  LifeAndDeathTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text));
  }

  private PyWorker slow() {
    PyWorker worker = source(SLOW).name("mortal").start();
    worker.ready().join();
    return worker;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  private static void awaitCallInFlight(PyWorker worker) {
    Until.holds("a call in flight", () -> worker.statistics().calls().inFlight() > 0);
  }

  private WorkerDiedException dieBy(String code) {
    try (PyWorker worker = slow()) {
      return Failing.with(
          WorkerDiedException.class, worker.sync().callAsync("run", Object.class, code));
    }
  }

  @Test
  void aWorkerThatExitsDuringACallIsNoSuccess() {
    WorkerDiedException failure = dieBy("os._exit(0)");
    assertThat(failure).hasMessageContaining("exit code 0").hasMessageContaining("call=run");
    ExitStatus status = failure.status();
    assertThat(status).isNotNull();
    assertThat(status.exitCode()).hasValue(0);
  }

  @Test
  void aSignalIsNamedAndTheLastLinesOfStderrAreTold() {
    WorkerDiedException failure =
        dieBy("print('famous last words', file=sys.stderr); os.kill(os.getpid(), signal.SIGSEGV)");
    assertThat(failure)
        .hasMessageContaining("SIGSEGV")
        .hasMessageContaining("famous last words")
        .hasMessageContaining("worker=mortal");
    ExitStatus status = failure.status();
    assertThat(status).isNotNull();
    assertThat(status.signal()).hasValue(11);
    assertThat(status.lastErrorLines()).contains("famous last words");
  }

  @Test
  void aWorkerThatReplacesItselfByAnotherProgramIsKilled() {
    assertThat(dieBy("os.execv('/bin/sleep', ['sleep', '1000'])"))
        .hasMessageContaining("replaced itself");
  }

  @Test
  void aDetachedGrandchildThatHoldsStdoutDelaysNothing() {
    long startNanos = System.nanoTime();
    try (PyWorker worker = slow()) {
      Object pid =
          worker
              .sync()
              .call(
                  "run",
                  Object.class,
                  """
                  import subprocess
                  child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
                  def child_pid(): return child.pid
                  from lockstep import sync
                  sync.child_pid = child_pid
                  """);
      assertThat(pid).isNull();
      long child = worker.sync().call("child_pid", Long.class);
      startNanos = System.nanoTime();
      Failing.with(
          WorkerDiedException.class, worker.sync().callAsync("run", Object.class, "os._exit(3)"));
      assertThat(worker.onExit().join().exitCode()).hasValue(3);
      assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
          .isLessThan(Duration.ofSeconds(5));
      ProcessHandle.of(child).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void terminateFailsWhatIsPendingAndWhatComesLaterAtOnce() {
    try (PyWorker worker = slow()) {
      long pid = worker.sync().call("pid", Long.class);
      assertThat(worker.pid()).isEqualTo(pid);
      CompletableFuture<Object> pending = worker.sync().callAsync("slow", Object.class, 30);
      awaitCallInFlight(worker);
      long startNanos = System.nanoTime();
      worker.terminate();
      assertThat(Failing.with(WorkerDiedException.class, pending))
          .hasMessageContaining("terminated");
      assertThat(
              Failing.with(WorkerDiedException.class, () -> worker.sync().call("pid", int.class)))
          .hasMessageContaining("terminated");
      assertThat(worker.onExit().join().signal()).hasValue(9);
      assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
          .isLessThan(Duration.ofSeconds(5));
      assertThat(worker.state()).isEqualTo(WorkerState.ENDED);
      assertThat(ProcessHandle.of(pid)).isEmpty();
      worker.terminate();
    }
  }

  @Test
  void closeLetsCallsInFlightFinishAndExitHandlersRun() {
    ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    List<CompletableFuture<String>> calls = new ArrayList<>();
    try (PyWorker worker =
        source(SLOW + "import atexit\natexit.register(lambda: print('good bye'))\n")
            .onOutput(line -> lines.add(line.text()))
            .grace(Duration.ofSeconds(10))
            .start()) {
      worker.ready().join();
      for (int i = 0; i < 3; i++) {
        calls.add(worker.sync().callAsync("slow", String.class, 0.1));
      }
      worker.close();
      calls.forEach(call -> assertThat(call.join()).isEqualTo("done"));
      ExitStatus status = worker.onExit().join();
      assertThat(status.exitCode()).hasValue(0);
      assertThat(status.reason()).contains("closed");
      assertThat(lines).contains("good bye");
      assertThat(
              Failing.with(WorkerDiedException.class, () -> worker.sync().call("pid", int.class)))
          .hasMessageContaining("closed");
    }
  }

  @Test
  void theMemoryOfAClosedWorkerIsHeldByNothingThatWaitsForItsTime() {
    // Its mapping must be gone, which is looked at after this, long before these have passed.
    try (PyWorker worker =
        source(SLOW).grace(Duration.ofMinutes(2)).startTimeout(Duration.ofMinutes(2)).start()) {
      worker.ready().join();
    }
  }

  @Test
  void nobodyFindsAFileOfASegmentToCut() throws Exception {
    try (PyWorker worker = slow()) {
      if (twin.kind() == SegmentKind.TMPFS) {
        for (long pid : new long[] {worker.pid(), ProcessHandle.current().pid()}) {
          try (var descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            assertThat(descriptors)
                .extracting(LifeAndDeathTest::target)
                .noneMatch(target -> target.contains("/segment-"));
          }
        }
        try (var segments = Files.newDirectoryStream(Path.of("/dev/shm"), "*lockstep-*")) {
          for (Path folder : segments) {
            if (folder.toString().contains("-" + ProcessHandle.current().pid() + "-")) {
              assertThat(folder).isDirectoryNotContaining("glob:**segment-*");
            }
          }
        }
      }
    }
  }

  @Test
  void closeKillsWhatDoesNotEndWithinTheGrace() {
    try (PyWorker worker = source(SLOW).grace(Duration.ofMillis(200)).start()) {
      worker.ready().join();
      CompletableFuture<String> pending = worker.sync().callAsync("slow", String.class, 60);
      worker.close();
      Failing.with(WorkerDiedException.class, pending);
      assertThat(worker.onExit().join().signal()).hasValue(9);
    }
  }

  @Test
  void aScriptThatTakesTooLongToStartIsKilled() {
    try (PyWorker worker =
        source("import time\ntime.sleep(60)").startTimeout(Duration.ofMillis(500)).start()) {
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      assertThat(failure).hasMessageContaining("startTimeout=500 ms");
      assertThat(worker.onExit().join().signal()).hasValue(9);
    }
  }

  @Test
  void aScriptThatRaisesWhileItBootsSaysWhat() {
    try (PyWorker worker = source("x = 1\nraise ValueError('bad start')").start()) {
      CompletableFuture<Object> early = worker.sync().callAsync("f", Object.class);
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      assertThat(failure).hasMessageContaining("ValueError: bad start");
      assertThat(failure.getCause()).isInstanceOf(PythonException.class);
      assertThat(((PythonException) failure.getCause()).traceback()).contains("line 2");
      assertThat(Failing.with(WorkerStartException.class, early)).hasMessageContaining("bad start");
      worker.onExit().join();
    }
  }

  @Test
  void aSyntaxErrorAndAnUnknownExportAreToldAtTheStart() {
    try (PyWorker worker = source("def f(:\n").start()) {
      assertThat(Failing.with(WorkerStartException.class, worker.ready()))
          .hasMessageContaining("SyntaxError");
    }
    try (PyWorker worker = source("__export__ = ['nowhere']").start()) {
      assertThat(Failing.with(WorkerStartException.class, worker.ready()))
          .hasMessageContaining("nowhere");
    }
  }

  @Test
  void eventsOfFourWorkersComeOnceAndInOrder() {
    try (Workers workers = Workers.open()) {
      List<List<String>> events = new ArrayList<>();
      List<PyWorker> all = new ArrayList<>();
      List<CompletableFuture<@Nullable Void>> readySeen = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        List<String> own = new CopyOnWriteArrayList<>();
        events.add(own);
        PyWorker worker =
            workers.start(
                source("").name("w" + i).onExit(status -> own.add("exit " + status.describe())));
        readySeen.add(worker.ready().thenAccept(ready -> own.add("ready " + ready.name())));
        all.add(worker);
      }
      assertThat(workers.names()).containsExactly("w0", "w1", "w2", "w3");
      assertThatThrownBy(() -> workers.start(source("").name("w1")))
          .isInstanceOf(WorkerNameTakenException.class)
          .hasMessageContaining("w1");
      readySeen.forEach(CompletableFuture::join);
      assertThat(workers.get("w2").join()).isSameAs(all.get(2));
      assertThat(workers.list()).extracting(WorkerSummary::state).containsOnly(WorkerState.READY);
      all.forEach(PyWorker::close);
      for (int i = 0; i < 4; i++) {
        assertThat(events.get(i)).containsExactly("ready w" + i, "exit exit code 0");
      }
      assertThat(Failing.with(UnknownWorkerException.class, workers.get("w2")))
          .hasMessageContaining("w2");
    }
  }

  @Test
  @Timeout(240)
  void hundredWorkersComeAndGo() {
    // On the first combination; the others show that they, too, leave nothing.
    int rounds = twin == Twin.C_MEMFD ? 20 : 2;
    try (Workers workers = Workers.open()) {
      for (int i = 0; i < rounds; i++) {
        List<PyWorker> five = new ArrayList<>();
        for (int j = 0; j < 5; j++) {
          five.add(workers.start(source("def f(x): return x\n__export__ = ['f']")));
        }
        for (PyWorker worker : five) {
          assertThat(worker.sync().call("f", Integer.class, i)).isEqualTo(i);
          worker.terminate();
        }
        five.forEach(worker -> worker.onExit().join());
      }
      assertThat(workers.names()).isEmpty();
    }
  }

  @Test
  void aWorkerThatForksAndOneThatClosesItsStdoutGoOn() {
    try (PyWorker worker = slow()) {
      worker
          .sync()
          .call(
              "run",
              void.class,
              """
              from lockstep import sync
              child = os.fork()
              if child == 0:
                  code = 1
                  try:
                      sync.nothing()
                  except BaseException as e:
                      code = 42
                  os._exit(code)
              status = os.waitpid(child, 0)[1]
              sync.status = lambda: status >> 8
              os.close(1)
              """);
      assertThat(worker.sync().call("status", Integer.class)).isEqualTo(42);
    }
  }

  @Test
  void interruptReachesANotificationAndLeavesTheNextCallAlone() {
    try (PyWorker worker =
        source(
                """
                import time
                from lockstep import sync
                def spin():
                    try:
                        sync.begun()
                        while True: time.sleep(.01)
                    except KeyboardInterrupt:
                        sync.ended()
                def f(): return 1
                __export__ = ["spin", "f"]
                """)
            .exposeVoid("begun", () -> {})
            .exposeVoid("ended", () -> {})
            .start()) {
      worker.ready().join();
      worker.sync().notify("spin");
      Until.holds("Java was called", () -> worker.statistics().calls().served() > 0);
      worker.interrupt();
      Until.holds("Java was called", () -> worker.statistics().calls().served() >= 2);
      for (int i = 0; i < 100; i++) {
        worker.interrupt();
        assertThat(worker.sync().call("f", Integer.class)).isEqualTo(1);
      }
    }
  }

  @Test
  void interruptRaisesInWhatRunsAndNothingWhenNothingDoes() {
    try (PyWorker worker = slow()) {
      worker.interrupt();
      assertThat(worker.sync().call("slow", String.class, 0)).isEqualTo("done");
      CompletableFuture<String> pending = worker.sync().callAsync("slow", String.class, 60);
      awaitCallInFlight(worker);
      RuntimeException failure = null;
      while (failure == null) {
        worker.interrupt(); // the call may not have begun at the first
        try {
          pending.orTimeout(60, TimeUnit.SECONDS).get(100, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          assertThat(pending).isNotDone();
        } catch (Exception e) {
          failure = (RuntimeException) e.getCause();
        }
      }
      assertThat(failure).isInstanceOf(PythonException.class);
      assertThat(((PythonException) failure).type()).isEqualTo("KeyboardInterrupt");
      assertThat(worker.sync().call("slow", String.class, 0)).isEqualTo("done");
    }
  }

  @Test
  void interruptReachesACallThatWasGivenUp() {
    try (PyWorker worker =
        source(
                """
                import time
                from lockstep import sync
                def spin():
                    sync.begun()
                    while True: time.sleep(.01)
                def f(): return 1
                __export__ = ["spin", "f"]
                """)
            .exposeVoid("begun", () -> {})
            .start()) {
      worker.ready().join();
      Failing.with(
          CallTimeoutException.class,
          () -> worker.sync().within(Duration.ofMillis(300)).call("spin", void.class));
      Until.holds("spin runs", () -> worker.statistics().calls().served() > 0);
      CompletableFuture<Integer> next = worker.sync().callAsync("f", Integer.class);
      worker.interrupt();
      assertThat(next.orTimeout(20, TimeUnit.SECONDS).join()).isEqualTo(1);
    }
  }
}
