package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Workers are found by their names, also before there are any. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NamedWorkersTest {
  private static final String CALCULATOR =
      """
      def add_arrays(a, b):
          return [x + y for x, y in zip(a, b)]
      __export__ = ["add_arrays"]
      """;

  @TempDir Path folder = Path.of("");

  private static PyWorker.Builder calculator(String name) {
    return PyWorker.source(CALCULATOR).name(name);
  }

  @Test
  void aWorkerIsFoundByItsNameOnceItIsReady() {
    try (Workers workers = Workers.open()) {
      PyWorker started = workers.start(calculator("calculator"));
      PyWorker found = workers.get("calculator").join();
      assertThat(found).isSameAs(started);
      assertThat(found.state()).isEqualTo(WorkerState.READY);
      assertThat(found.sync().call("add_arrays", Object.class, List.of(1, 2, 3), List.of(4, 5, 6)))
          .isEqualTo(List.of(5, 7, 9));
      assertThat(workers.names()).containsExactly("calculator");
      assertThat(workers.list())
          .singleElement()
          .satisfies(
              summary -> {
                assertThat(summary.exports()).containsExactly("add_arrays");
                assertThat(summary.pid()).isEqualTo(started.pid());
              });
    }
  }

  @Test
  void anUnknownNameFailsAtOnceAndListsTheKnownOnes() {
    try (Workers workers = Workers.open()) {
      workers.start(calculator("calculator"));
      CompletableFuture<PyWorker> nobody = workers.get("nope");
      assertThat(nobody).isCompletedExceptionally();
      assertThat(Failing.with(UnknownWorkerException.class, nobody))
          .hasMessageContaining("name=nope, live=[calculator]");
    }
  }

  @Test
  void whoAwaitsTheSameNameTwiceBeforeTheStartGetsTheSameWorkerTwice() {
    try (Workers workers = Workers.open()) {
      CompletableFuture<PyWorker> first = workers.await("testworker", Duration.ofSeconds(50));
      CompletableFuture<PyWorker> second = workers.await("testworker", Duration.ofSeconds(50));
      assertThat(first).isNotDone();
      PyWorker started = workers.start(calculator("testworker"));
      assertThat(first.join()).isSameAs(started);
      assertThat(second.join()).isSameAs(started);
      assertThat(workers.await("testworker", Duration.ofSeconds(50)).join()).isSameAs(started);
    }
  }

  @Test
  void anAwaitedNameThatNobodyTakesFailsAfterItsTimeAndListsTheKnownOnes() {
    try (Workers workers = Workers.open()) {
      workers.start(calculator("calculator"));
      CompletableFuture<PyWorker> nobody = workers.await("nope", Duration.ofMillis(300));
      assertThat(Failing.with(UnknownWorkerException.class, nobody))
          .hasMessageContaining("no worker of this name was started within PT0.3S: name=nope")
          .hasMessageContaining("live=[calculator]");
      // Nobody waits any more: a worker of this name is nothing special.
      workers.start(calculator("nope")).ready().join();
    }
  }

  @Test
  void anAwaitedWorkerThatNeverGetsReadySaysWhy() {
    try (Workers workers = Workers.open()) {
      CompletableFuture<PyWorker> awaited = workers.await("broken", Duration.ofSeconds(50));
      workers.start(PyWorker.source("1 / 0").name("broken"));
      assertThat(Failing.with(WorkerStartException.class, awaited))
          .hasMessageContaining("ZeroDivisionError");
    }
  }

  @Test
  void whoAwaitsWhenAllIsClosedIsToldAtOnce() {
    Workers workers = Workers.open();
    CompletableFuture<PyWorker> awaited = workers.await("late", Duration.ofHours(10));
    workers.close();
    assertThat(Failing.with(UnknownWorkerException.class, awaited)).hasMessageContaining("closed");
    assertThat(
            Failing.with(
                UnknownWorkerException.class, workers.await("later", Duration.ofSeconds(50))))
        .hasMessageContaining("closed");
  }

  @Test
  void awaitingABootingWorkerOnTheThreadThatServesItFailsInsteadOfWaitingForItself() {
    try (Workers workers = Workers.open()) {
      CompletableFuture<PyWorker> awaited = workers.await("waits", Duration.ofSeconds(50));
      PyWorker worker =
          workers.start(
              PyWorker.source(
                      """
                      from lockstep import sync
                      try:
                          sync.wait()
                      except RuntimeError as error:
                          said = str(error)
                      sync.said = lambda: said
                      """)
                  .name("waits")
                  .exposeVoid("wait", () -> awaited.join()));
      assertThat(worker.sync().call("said", String.class)).contains("waits for that call");
    }
  }

  @Test
  void aNameThatALiveWorkerHasIsRefusedAndFreeAgainWhenThatOneHasEnded() {
    try (Workers workers = Workers.open()) {
      PyWorker first = workers.start(calculator("a"));
      assertThatThrownBy(() -> workers.start(calculator("a")))
          .isInstanceOf(WorkerNameTakenException.class)
          .hasMessageContaining("name=a, live=[a]");
      assertThat(workers.get("a").join()).isSameAs(first);
      first.close();
      PyWorker second = workers.start(calculator("a"));
      assertThat(workers.get("a").join()).isSameAs(second).isNotSameAs(first);
    }
  }

  @Test
  void aHandlerOfOneWorkerCreatesAnotherThatIsFoundByItsName() throws Exception {
    try (Workers workers = Workers.open()) {
      CompletableFuture<PyWorker> awaited = workers.await("made", Duration.ofSeconds(50));
      PyWorker maker =
          workers.start(
              PyWorker.source(
                      """
                      from lockstep import sync
                      sync.make = lambda name: sync.start(name)
                      """)
                  .name("maker")
                  .exposeVoid("start", String.class, name -> workers.start(calculator(name))));
      maker.sync().call("make", void.class, "made");
      assertThat(awaited.get(20, TimeUnit.SECONDS).name()).isEqualTo("made");
      assertThat(workers.names()).containsExactly("maker", "made");
    }
  }

  @Test
  void createIsOneLine() throws IOException {
    Path script = Files.writeString(folder.resolve("background_tasks.py"), CALCULATOR);
    try (Workers workers = Workers.open()) {
      PyWorker worker =
          workers.create(script.toString(), "task-processor", "{\"sync_main_only\": true}", "py");
      assertThat(workers.get("task-processor").join()).isSameAs(worker);
      assertThat(worker.describe().isSyncMainOnly()).isTrue();
      PyWorker typed =
          workers.create(script, "typed", WorkerConfig.empty(), WorkerType.parse("pyodide"));
      assertThat(typed.sync().call("add_arrays", Object.class, List.of(1), List.of(2)))
          .isEqualTo(List.of(3));
      assertThatThrownBy(() -> workers.create(script.toString(), "m", "{}", "micropython"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("MicroPython workers are not supported by this version")
          .hasMessageContaining("type=micropython");
      assertThatThrownBy(() -> workers.create(script.toString(), "m", "{}", "ruby"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("type=ruby, known: py, pyodide, mpy, micropython");
      assertThat(workers.names()).containsExactly("task-processor", "typed");
    }
  }
}
