package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What is told of a worker that died or hangs: enough to find the line without a debugger. */
@ParameterizedClass
@MethodSource("dev.lockstep.Twin#twins")
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DiagnosisTest {
  private static final String SCRIPT =
      """
      import ctypes, os, resource, signal, sys, time
      from lockstep import sync
      resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
      def die(how):
          print("last words of", how, file=sys.stderr)
          deaths[how]()
      def out_of_memory():
          resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
          ctypes.CDLL(None).abort()  # what a library does that cannot go on
      def read_null():
          ctypes.string_at(0)
      deaths = {
          "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
          "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
          "null": read_null,
          "_exit": lambda: os._exit(3),
          "exit": lambda: sys.exit(4),
          "memory": out_of_memory,
      }
      reader, writer = os.pipe()
      def wait_in_python():
          sync.begun(writer)
          while not readable(): pass
          return "went on"
      def readable():
          import select
          return select.select([reader], [], [], 0)[0]
      def wait_in_c_with_the_lock():
          sync.begun(writer)
          ctypes.PyDLL(None).read(reader, ctypes.create_string_buffer(1), 1)
          return "went on"
      def pid(): return os.getpid()
      __export__ = ["die", "pid", "wait_in_python", "wait_in_c_with_the_lock"]
      """;

  private final Twin twin;
  private final CompletableFuture<Integer> begun = new CompletableFuture<>();

  DiagnosisTest(Twin twin) {
    this.twin = twin;
  }

  private PyWorker start() {
    PyWorker worker =
        twin.set(PyWorker.source(SCRIPT))
            .name("patient")
            .exposeVoid("begun", Integer.class, begun::complete)
            .start();
    worker.ready().join();
    return worker;
  }

  private WorkerDiedException death(String how, OptionalInt exitCode, OptionalInt signal) {
    try (PyWorker worker = start()) {
      WorkerDiedException failure =
          Failing.with(
              WorkerDiedException.class, worker.sync().callAsync("die", Object.class, how));
      ExitStatus status = failure.status();
      assertThat(status).isNotNull();
      assertThat(status.exitCode()).as("exit code of %s", how).isEqualTo(exitCode);
      assertThat(status.signal()).as("signal of %s", how).isEqualTo(signal);
      assertThat(status.lastErrorLines()).contains("last words of " + how);
      assertThat(failure)
          .hasMessageContaining("last words of " + how)
          .hasMessageContaining("call=die")
          .hasMessageContaining("worker=patient");
      return failure;
    }
  }

  @Test
  void aDeathTellsItsSignalOrExitCodeTheCallAndTheLastWords() {
    assertThat(death("kill", OptionalInt.empty(), OptionalInt.of(9)))
        .hasMessageContaining("signal SIGKILL (9)");
    assertThat(death("segv", OptionalInt.empty(), OptionalInt.of(11)))
        .hasMessageContaining("signal SIGSEGV (11)");
    assertThat(death("_exit", OptionalInt.of(3), OptionalInt.empty()))
        .hasMessageContaining("exit code 3");
    assertThat(death("exit", OptionalInt.of(4), OptionalInt.empty()))
        .hasMessageContaining("exit code 4");
    assertThat(death("memory", OptionalInt.empty(), OptionalInt.of(6)))
        .hasMessageContaining("signal SIGABRT (6)")
        .hasMessageContaining("Aborted")
        .hasMessageContaining("in out_of_memory");
  }

  @Test
  void aCrashInCTellsTheLineOfPython() {
    assertThat(death("null", OptionalInt.empty(), OptionalInt.of(11)))
        .hasMessageContaining("Segmentation fault")
        .hasMessageContaining("in read_null")
        .hasMessageContaining("in die");
  }

  @Test
  void aCrashBeforeTheShimsFirstLineTellsTheLineOfPython(@TempDir Path folder) throws Exception {
    Files.writeString(
        folder.resolve("sitecustomize.py"),
        """
        import ctypes, resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.string_at(0)
        """);
    try (PyWorker worker =
        twin.set(PyWorker.source("")).environment("PYTHONPATH", folder.toString()).start()) {
      assertThat(Failing.with(WorkerStartException.class, worker.ready()))
          .hasMessageContaining("SIGSEGV")
          .hasMessageContaining("Segmentation fault")
          .hasMessageContaining("sitecustomize.py\", line 3");
    }
  }

  @Test
  void aKernelThatRefusesFutexCallsIsNamedAtTheStart() {
    Path faults = Path.of("..", "faults", "src", "main", "python").toAbsolutePath();
    assertThat(faults.resolve("sitecustomize.py")).exists();
    try (PyWorker worker =
        twin.set(PyWorker.source(""))
            .environment("PYTHONPATH", faults.toString())
            .environment("LOCKSTEP_FAULT_FUTEX", "38")
            .start()) {
      assertThat(Failing.with(WorkerStartException.class, worker.ready()))
          .hasMessageContaining("refuses the futex call")
          .hasMessageContaining("errno=38");
    }
  }

  @Test
  void theStacksOfAWorkerThatIsBusyInPythonAreTold() throws Exception {
    stacksDuring("wait_in_python");
  }

  @Test
  void theStacksOfAWorkerThatHoldsTheLockInCAreTold() throws Exception {
    stacksDuring("wait_in_c_with_the_lock");
  }

  @Test
  void theStacksOfAScriptThatHangsWhileItBootsAreTold() {
    try (PyWorker worker =
        twin.set(PyWorker.source("import ctypes\ndef hang(): ctypes.PyDLL(None).sleep(60)\nhang()"))
            .startTimeout(Duration.ofSeconds(60))
            .grace(Duration.ofMillis(1))
            .start()) {
      Until.holds("the script hangs", () -> worker.dumpStacks().contains("in hang"));
    }
  }

  private void stacksDuring(String function) throws Exception {
    try (PyWorker worker = start()) {
      CompletableFuture<String> call = worker.sync().callAsync(function, String.class);
      int writer = begun.join();
      for (int i = 0; i < 2; i++) { // the second must not begin with the first
        assertThat(worker.dumpStacks()).containsOnlyOnce("in " + function);
      }
      Files.writeString(Path.of("/proc/" + worker.pid() + "/fd/" + writer), "x");
      assertThat(call.join()).isEqualTo("went on");
      assertThat(worker.sync().call("pid", Long.class)).isEqualTo(worker.pid());
      assertThat(worker.dumpStacks()).isNotBlank().doesNotContain(function);
    }
  }
}
