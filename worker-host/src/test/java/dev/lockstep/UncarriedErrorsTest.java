package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.WorkerError.Source;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Errors that no call carries are told: none is silent. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class UncarriedErrorsTest {
  private final Twin twin;
  private final List<WorkerError> errors = new CopyOnWriteArrayList<>();
  private final List<OutputLine> lines = new CopyOnWriteArrayList<>();

  UncarriedErrorsTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker.Builder source(String text) {
    return twin.set(PyWorker.source(text)).onError(errors::add).onOutput(lines::add);
  }

  /** Of Python code: its type and where it was raised are known. */
  private PythonException only(Source source, String name, String type) {
    Until.holds("an error is told", () -> !errors.isEmpty());
    assertThat(errors).hasSize(1);
    WorkerError error = errors.get(0);
    assertThat(error.source()).isEqualTo(source);
    assertThat(error.name()).contains(name);
    assertThat(error.error()).isInstanceOf(PythonException.class);
    PythonException python = (PythonException) error.error();
    assertThat(python.type()).isEqualTo(type);
    assertThat(python.traceback()).contains(python.pythonMessage());
    return python;
  }

  @Test
  void ofAThread() {
    try (PyWorker worker =
        source(
                """
                import sys, threading
                def fail(): raise ValueError("in a thread")
                for target in (sys.exit, fail):
                    thread = threading.Thread(target=target, name="mine")
                    thread.start()
                    thread.join()
                """)
            .start()) {
      worker.ready().join();
      PythonException error = only(Source.THREAD, "mine", "ValueError");
      assertThat(error.frames()).anyMatch(frame -> frame.function().equals("fail"));
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void ofAFinalizer() {
    try (PyWorker worker =
        source(
                """
                import gc
                class Closing:
                    def __del__(self): raise OSError("not closed")
                Closing()
                gc.collect()
                """)
            .start()) {
      worker.ready().join();
      only(Source.UNRAISABLE, "__del__", "OSError");
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void ofACallbackAndOfATaskThatNobodyAwaits() {
    try (PyWorker worker =
        source(
                """
                import asyncio, gc
                async def fail(): raise KeyError("forgotten")
                async def start():
                    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
                    await asyncio.sleep(0.01)
                async def forget():
                    asyncio.create_task(fail())
                    await asyncio.sleep(0.01)
                    gc.collect()
                __export__ = ["start", "forget"]
                """)
            .start()) {
      worker.sync().call("start", void.class);
      only(Source.EVENT_LOOP, "callback", "ZeroDivisionError");
      errors.clear();
      worker.sync().call("forget", void.class);
      only(Source.EVENT_LOOP, "never retrieved", "KeyError");
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void ofANotificationPlainAndAsyncAndOfOneThatIsNotExported() {
    try (PyWorker worker =
        source(
                """
                def plain(x): return 1 // x
                async def awaited(x): return 1 // x
                __export__ = ["plain", "awaited"]
                """)
            .start()) {
      worker.ready().join();
      worker.sync().notify("plain", 0);
      only(Source.NOTIFICATION, "plain", "ZeroDivisionError");
      errors.clear();
      worker.sync().notify("awaited", 0);
      only(Source.NOTIFICATION, "", "ZeroDivisionError");
      errors.clear();
      worker.sync().notify("plane", 1);
      PythonException error =
          only(Source.NOTIFICATION, "plane", "lockstep.errors.NotExportedError");
      assertThat(error.pythonMessage()).contains("exports: awaited, plain");
    }
    assertThat(lines).isEmpty();
  }

  @Test
  void ofAJavaFunctionThatTheWorkerNotifies() {
    try (PyWorker worker =
        source("from lockstep import sync\nsync.save.notify(1)\nsync.sav.notify(1)\nsync.flush()")
            .exposeVoid(
                "save",
                Integer.class,
                x -> {
                  throw new IllegalStateException("disk full");
                })
            .start()) {
      worker.ready().join();
      Until.holds("both are told", () -> errors.size() == 2);
      assertThat(errors).extracting(WorkerError::source).containsOnly(Source.JAVA);
      assertThat(errors).extracting(WorkerError::name).containsExactly("save", "sav");
      assertThat(errors.get(0).error()).hasMessage("disk full");
      assertThat(errors.get(1).error()).hasMessageContaining("name=sav, exposed=[save]");
    }
  }

  @Test
  void theHandlerMayCallTheWorkerAndThrow() {
    Semaphore told = new Semaphore(0);
    PyWorker[] self = new PyWorker[1];
    try (Logged logged = new Logged("thrown-at");
        PyWorker worker =
            twin.set(PyWorker.source("def f(x): return 1 // x\n__export__ = ['f']"))
                .name("thrown-at")
                .onError(
                    error -> {
                      int one = self[0].sync().call("f", int.class, 1);
                      told.release(one);
                      throw new IllegalArgumentException("the handler's own");
                    })
                .start()) {
      self[0] = worker;
      worker.ready().join();
      worker.sync().notify("f", 0);
      worker.sync().notify("f", 0);
      Until.holds("both are told", () -> told.tryAcquire(2));
      Until.holds("both failures are logged", () -> logged.records.size() == 2);
      assertThat(logged.records.get(0).getMessage()).startsWith("onError failed: nobody waits");
      assertThat(logged.records.get(0).getThrown()).hasMessage("the handler's own");
    }
  }

  @Test
  void withoutAHandlerTheLogSaysIt() {
    try (Logged logged = new Logged("lonely");
        PyWorker worker =
            twin.set(PyWorker.source("def f(x): return 1 // x\n__export__ = ['f']"))
                .name("lonely")
                .start()) {
      worker.ready().join();
      worker.sync().notify("f", 0);
      Until.holds("it is logged", () -> !logged.records.isEmpty());
      assertThat(logged.records).hasSize(1);
      LogRecord record = logged.records.get(0);
      assertThat(record.getLevel()).isEqualTo(Level.WARNING);
      assertThat(record.getMessage())
          .isEqualTo("nobody waits for this failure: worker=lonely, source=notification, name=f");
      assertThat(record.getThrown()).isInstanceOf(PythonException.class);
    }
  }

  @Test
  void aWorkerThatCannotTellMainPrintsIt() {
    try (PyWorker worker =
        source("def f(x): return 1 // x\n__export__ = ['f']").syncMainOnly(true).start()) {
      worker.ready().join();
      worker.sync().notify("f", 0);
      int one = worker.sync().call("f", int.class, 1);
      assertThat(one).isEqualTo(1);
      Until.holds(
          "it is printed", () -> lines.stream().anyMatch(l -> l.text().contains("ZeroDivision")));
    }
    assertThat(errors).isEmpty();
  }

  @Test
  void hooksOfTheUsersOwnWin() {
    try (PyWorker worker =
        source(
                """
                import sys, threading
                mine = []
                threading.excepthook = lambda args: mine.append(args.exc_type.__name__)
                thread = threading.Thread(target=lambda: 1 / 0)
                thread.start()
                thread.join()
                """)
            .start()) {
      worker.ready().join();
      Object mine = worker.run("import __main__\n__main__.mine", Map.of(), Object.class);
      assertThat(mine).isEqualTo(List.of("ZeroDivisionError"));
    }
    assertThat(errors).isEmpty();
  }
}
