package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Starts that cannot work end with a sentence, and leave nothing; starts that can, do. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(60)
class StartTest {
  @TempDir Path folder = Path.of("");

  private static WorkerStartException failure(PyWorker.Builder builder) {
    try (PyWorker worker = builder.start()) {
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      assertThat(
              Failing.with(WorkerStartException.class, () -> worker.sync().call("f", void.class)))
          .hasMessage(failure.getMessage());
      worker.onExit().join();
      assertThat(worker.state()).isEqualTo(WorkerState.ENDED);
      return failure;
    }
  }

  private Path executable(String text) throws IOException {
    Path file = folder.resolve("python");
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void aMissingScriptIsNamed() {
    assertThat(failure(PyWorker.script(folder.resolve("nowhere.py"))))
        .hasMessageContaining("there is no such script")
        .hasMessageContaining("nowhere.py");
    assertThat(failure(PyWorker.script(folder))).hasMessageContaining("is a folder");
  }

  @Test
  void aMissingInterpreterAndOneThatIsNotExecutableAreNamed() throws IOException {
    assertThat(failure(PyWorker.source("").interpreter(folder.resolve("nope"))))
        .hasMessageContaining("there is no such Python interpreter")
        .hasMessageContaining("nope");
    assertThat(failure(PyWorker.source("").interpreter("no-such-python")))
        .hasMessageContaining("on PATH");
    Path plain = Files.writeString(folder.resolve("plain"), "");
    assertThat(failure(PyWorker.source("").interpreter(plain))).hasMessageContaining("chmod +x");
    Path junk = executable("#!/no/such/shell\n");
    assertThat(failure(PyWorker.source("").interpreter(junk)))
        .hasMessageContaining("cannot be started");
  }

  @Test
  void anInterpreterThatRefusesSaysWhyInItsOwnWords() throws IOException {
    Path old = executable("#!/bin/sh\necho 'lockstep: this Python is too old: 3.5' >&2\nexit 3\n");
    WorkerStartException failure = failure(PyWorker.source("").interpreter(old));
    assertThat(failure)
        .hasMessageContaining("exit code 3")
        .hasMessageContaining("this Python is too old");
    ExitStatus status = failure.status();
    assertThat(status).isNotNull();
    assertThat(status.exitCode()).hasValue(3);
  }

  @Test
  void argumentsEnvironmentAndFolderReachTheScript() throws IOException {
    Path script =
        Files.writeString(
            folder.resolve("job.py"),
            """
            import sys, os, json, helper
            def seen():
                return [sys.argv, os.environ["MY_VAR"], os.getcwd(), helper.x,
                    os.environ.get("PYTHONFAULTHANDLER", "unset")]
            __export__ = ["seen"]
            """);
    Files.writeString(folder.resolve("helper.py"), "x = 5");
    Files.writeString(folder.resolve("uuid.py"), "raise ImportError('shadowed')");
    try (PyWorker worker =
        PyWorker.script(script)
            .arguments("a", "b c")
            .environment("MY_VAR", "ä")
            .workingDirectory(folder)
            .start()) {
      List<?> seen = worker.sync().call("seen", List.class);
      assertThat(seen)
          .isEqualTo(
              List.of(
                  List.of(script.toString(), "a", "b c"),
                  "ä",
                  folder.toRealPath().toString(),
                  5,
                  "unset"));
      assertThat(worker.name()).startsWith("job-");
    }
  }

  @Test
  void aLongSourceAndAModuleRun() {
    String text = "def f(): return 1\n" + "# comment\n".repeat(50_000) + "__export__ = ['f']\n";
    try (PyWorker worker = PyWorker.source(text).start()) {
      assertThat(worker.sync().call("f", Integer.class)).isEqualTo(1);
      assertThat(worker.dumpStacks()).isNotBlank();
      assertThat(worker.describe().python()).startsWith("3.");
      assertThat(worker.describe().exports()).containsExactly("f");
    }
    try (PyWorker worker = PyWorker.module("this").onOutput(line -> {}).start()) {
      worker.ready().join();
    }
  }

  @Test
  void syncOutsideOfAWorkerSaysThatThereIsNone() {
    try (PyWorker worker =
        PyWorker.source(
                """
                import lockstep, os, subprocess, sys
                def outside():
                    folder = os.path.dirname(os.path.dirname(lockstep.__file__))
                    code = "import sys; sys.path.insert(0, sys.argv[1]); " \\
                        "from lockstep import sync, RUNNING_IN_WORKER; " \\
                        "print(RUNNING_IN_WORKER); sync.hello()"
                    done = subprocess.run([sys.executable, "-c", code, folder],
                                          capture_output=True, text=True)
                    return [done.stdout.strip(), done.stderr]
                __export__ = ["outside"]
                """)
            .start()) {
      List<?> said = worker.sync().call("outside", List.class);
      assertThat(said.get(0)).isEqualTo("False");
      assertThat(said.get(1).toString()).contains("NotInWorkerError").contains("sync.hello");
    }
  }

  @Test
  void configurationsThatCannotBeUsedNameTheKey() {
    assertThat(
            Failing.with(ConfigurationException.class, () -> WorkerConfig.parse("{\"thread\": 2}")))
        .hasMessageContaining("key=thread");
    assertThat(
            Failing.with(
                ConfigurationException.class,
                () -> WorkerConfig.parse("{\"sync_main_only\": \"yes\"}")))
        .hasMessageContaining("sync_main_only");
    assertThat(
            Failing.with(
                ConfigurationException.class, () -> WorkerConfig.parse("{\"type\": \"mpy\"}")))
        .hasMessageContaining("MicroPython");
    assertThat(Failing.with(ConfigurationException.class, () -> WorkerConfig.parse("[1]")))
        .hasMessageContaining("JSON");
    assertThat(
            Failing.with(
                IllegalArgumentException.class,
                () -> PyWorker.source("").type(WorkerType.parse("micropython"))))
        .hasMessageContaining("MicroPython");
    assertThat(WorkerConfig.parse("{\"sync_main_only\": true}").isSyncMainOnly()).isTrue();
  }
}
