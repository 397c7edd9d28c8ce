package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptIT {
  @TempDir Path folder;

  private String script(String... lines) throws IOException {
    Path file = folder.resolve("script.py");
    Files.write(file, List.of(lines));
    return file.toString();
  }

  @Test
  void ctrlCRaisesKeyboardInterruptInThePythonCode() throws Exception {
    try (Cli cli =
        Cli.start(
            "call",
            script(
                "import time",
                "def f():",
                "    print('running', flush=True)",
                "    try:",
                "        time.sleep(60)",
                "    finally:",
                "        print('cleaned up')",
                "__export__ = ['f']"),
            "f")) {
      cli.awaitErr("running");
      cli.interrupt();
      Cli.Result result = cli.await();

      assertThat(result.exitCode()).as(result.err()).isEqualTo(130);
      assertThat(result.out()).isEmpty();
      assertThat(result.err())
          .contains("cleaned up", "Traceback", "in f", "KeyboardInterrupt")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void ctrlCReachesScriptThatIsStillBooting() throws Exception {
    try (Cli cli =
        Cli.start(
            "call", script("import time", "print('booting', flush=True)", "time.sleep(60)"), "f")) {
      cli.awaitErr("booting");
      cli.interrupt();
      Cli.Result result = cli.await();

      assertThat(result.exitCode()).as(result.err()).isEqualTo(130);
      assertThat(result.err()).contains("KeyboardInterrupt").doesNotContain("\tat ");
    }
  }

  @Test
  void codeThatIgnoresCtrlCIsKilledAfterTheGrace() throws Exception {
    try (Cli cli =
        Cli.start(
            "call",
            script(
                "import time",
                "def f():",
                "    while True:",
                "        try:",
                "            print('running', flush=True)",
                "            time.sleep(60)",
                "        except KeyboardInterrupt:",
                "            pass",
                "__export__ = ['f']"),
            "f")) {
      cli.awaitErr("running");
      cli.interrupt();
      Cli.Result result = cli.await();

      assertThat(result.exitCode()).as(result.err()).isEqualTo(130);
      assertThat(result.err()).contains("went on after Ctrl-C and was killed");
    }
  }

  @Test
  void killedHostLeavesNoWorker() throws Exception {
    try (Cli cli =
        Cli.start(
            "call",
            script(
                "import time",
                "def f():",
                "    print('running', flush=True)",
                "    time.sleep(600)",
                "__export__ = ['f']"),
            "f")) {
      cli.awaitErr("running");
      cli.kill();

      // await() also waits until every process that carries the run's mark is gone.
      assertThat(cli.await().exitCode()).isEqualTo(128 + 9);
    }
  }
}
