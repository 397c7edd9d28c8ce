package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Scripts that are run in a worker that is there already. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class RunTest {
  private static final List<Double> RANKS = List.of(0.8, 0.4, 1.2, 3.7, 2.6, 5.8);

  private final Twin twin;

  RunTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text));
  }

  @Test
  void aRunGivesTheValueOfItsLastExpressionAndItsContextIsItsOwn() {
    try (PyWorker worker = source("").start()) {
      double deviation =
          worker.run(
              "import statistics\nstatistics.stdev(A_rank)", Map.of("A_rank", RANKS), double.class);
      assertThat(deviation).isEqualTo(2.0634114147853952);
      assertThatThrownBy(() -> worker.run("A_rank", Map.of(), Object.class))
          .isInstanceOfSatisfying(
              PythonException.class, error -> assertThat(error.type()).isEqualTo("NameError"));
    }
  }

  @Test
  void valuesThatLookLikeNothingAreValuesAndNoValueIsNull() {
    try (PyWorker worker = source("").start()) {
      List<@Nullable Object> values = new ArrayList<>();
      for (String script : List.of("None", "0", "''", "False", "x = 5", "")) {
        values.add(worker.run(Script.of(script), Object.class));
      }
      assertThat(values).isEqualTo(Arrays.asList(null, 0, "", false, null, null));
      assertThat(worker.<@Nullable Void>run(Script.of("42"), void.class)).isNull();
    }
  }

  @Test
  void anyNumberOfRunsAtOnceGetTheirOwnAnswers() {
    try (PyWorker worker = source("is_open = False").start()) {
      String text =
          """
          import asyncio, __main__
          from js import me
          while not __main__.is_open:
              await asyncio.sleep(0.001)
          from js import me as still_me
          [me, still_me]
          """;
      List<CompletableFuture<Object>> runs = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        runs.add(worker.runAsync(text, Map.of("me", i), Object.class));
      }
      worker.run("import __main__\n__main__.is_open = True", Map.of(), void.class);
      for (int i = 0; i < 50; i++) {
        assertThat(runs.get(i).join()).isEqualTo(List.of(i, i));
      }
    }
  }

  @Test
  void aSyntaxErrorSaysFileLineAndCaretAndTheWorkerIsUsable() {
    try (PyWorker worker = source("").start()) {
      PythonException error =
          Failing.with(
              PythonException.class,
              () -> worker.run(Script.of("x = 1\n1 +").file("sum.py"), Object.class));
      assertThat(error.type()).isEqualTo("SyntaxError");
      assertThat(error.traceback()).contains("File \"sum.py\", line 2", "1 +", "^");
      assertThat(error.attributes()).containsEntry("lineno", 2);
      assertThat(worker.run("1", Map.of(), Integer.class)).isEqualTo(1);
    }
  }

  @Test
  void aTracebackShowsTheLinesOfTheScript() {
    try (PyWorker worker = source("").start()) {
      Script script = Script.of("def f():\n    return 1 / 0  # here\nf()").file("f.py");
      PythonException error =
          Failing.with(PythonException.class, () -> worker.run(script, Object.class));
      assertThat(error.traceback()).contains("line 3, in <module>", "1 / 0  # here");
      assertThat(error.getStackTrace()[0]).hasToString("python.f(f.py:2)");
    }
  }

  @Test
  void aRunBeforeReadyWaitsForTheWholeScriptAndRunsInItsTurn() {
    CountDownLatch goOn = new CountDownLatch(1);
    try (PyWorker worker =
        source("from lockstep import sync\nsync.wait_for_java()\nready = 1\nsync.f = lambda: ready")
            .exposeVoid("wait_for_java", goOn::await)
            .start()) {
      CompletableFuture<Integer> early =
          worker.runAsync("import __main__\n__main__.ready += 1", Map.of(), Integer.class);
      CompletableFuture<Integer> after = worker.sync().callAsync("f", Integer.class);
      assertThat(early).isNotDone();
      goOn.countDown();
      assertThat(early.join()).isNull();
      assertThat(after.join()).isEqualTo(2);
    }
  }

  @Test
  void aDeadlineEndsTheRunAndCancellingInterruptsIt() {
    try (PyWorker worker = source("").start()) {
      worker.ready().join();
      Script forEver = Script.of("while True: pass");
      assertThat(
              Failing.with(
                  CallTimeoutException.class,
                  () -> worker.run(forEver.within(Duration.ofMillis(100)), Object.class)))
          .hasMessageContaining("call=run");
      worker.interrupt();
      assertThat(worker.run("1", Map.of(), Integer.class)).isEqualTo(1);

      CountDownLatch started = new CountDownLatch(1);
      worker.exposeVoid("started", started::countDown);
      CompletableFuture<Object> run =
          worker.runAsync(
              "from lockstep import sync\nsync.started()\nwhile True: pass",
              Map.of(),
              Object.class);
      Until.holds("the run has started", () -> started.getCount() == 0);
      run.cancel(true);
      assertThat(worker.run("2", Map.of(), Integer.class)).isEqualTo(2);
    }
  }

  @Test
  void theExitOfAScriptEndsTheRunAlone() {
    try (PyWorker worker = source("").start()) {
      PythonException error =
          Failing.with(
              PythonException.class,
              () -> worker.run("import sys\nsys.exit(3)", Map.of(), Object.class));
      assertThat(error.type()).isEqualTo("SystemExit");
      assertThat(error.attributes()).containsEntry("code", 3);
      assertThat(worker.run("1", Map.of(), Integer.class)).isEqualTo(1);
    }
  }

  @Test
  void aRunInAWorkerThatOnlyAnswersIsARunLikeAnyOther() {
    try (PyWorker worker = source("").syncMainOnly(true).start()) {
      assertThat(worker.run("x + 1", Map.of("x", 1), Integer.class)).isEqualTo(2);
      assertThat(worker.runAsync("import asyncio\nawait asyncio.sleep(0, 5)", Map.of(), int.class))
          .succeedsWithin(Duration.ofSeconds(20))
          .isEqualTo(5);
      assertThat(worker.missingImports("import nowhere")).containsExactly("nowhere");
    }
  }

  @Test
  void missingImportsAreToldAndNothingIsImported() {
    try (PyWorker worker = source("").start()) {
      assertThat(worker.missingImports("import os, nowhere_a.b\ndef f():\n  import nowhere_c"))
          .containsExactly("nowhere_a", "nowhere_c");
      assertThat(worker.missingImports("import antigravity")).isEmpty();
      assertThat(worker.run("import sys\n'antigravity' in sys.modules", Map.of(), Boolean.class))
          .isFalse();
      assertThat(Failing.with(PythonException.class, () -> worker.missingImports("import")).type())
          .isEqualTo("SyntaxError");
    }
  }

  @Test
  void whatIsWrongIsSaidBeforeAnythingIsSent() {
    assertThatThrownBy(() -> Script.of("1").with("__builtins__", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name=__builtins__");
    assertThatThrownBy(() -> Script.of("1").within(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("deadline=PT0S");
    try (PyWorker worker = source("").start()) {
      UnserializableException error =
          Failing.with(
              UnserializableException.class,
              () -> worker.run("1", Map.of("thread", Thread.currentThread()), Object.class));
      assertThat(error.path()).isEqualTo("args[1][\"thread\"]");
    }
    PyWorker closed = source("").start();
    closed.close();
    assertThat(Failing.with(WorkerDiedException.class, () -> closed.run("1", Map.of(), int.class)))
        .hasMessageContaining("call=run");
  }
}
