package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.PyWorker;
import dev.lockstep.Script;
import dev.lockstep.env.InstalledPythons;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The uses that people come from run here as they stand. */
@Timeout(60)
class ExamplesIT {
  private static final Path EXAMPLES = Cli.REPOSITORY.resolve("examples");

  @TempDir Path folder;

  @Test
  void aScriptOfAPyScriptWorkerRunsUnchanged() {
    try (PyWorker worker =
        PyWorker.script(EXAMPLES.resolve("pyscript/worker.py"))
            .expose("hello", String.class, name -> "Hello, " + name)
            .start()) {
      worker.ready().join();
      assertThat(worker.run("import __main__\n__main__.greeting", Map.of(), String.class))
          .isEqualTo("Hello, PyScript");
    }
  }

  @Test
  void aScriptOfPyodidesWorkerRunsUnchangedWithItsContext() throws IOException {
    Script script =
        Script.read(EXAMPLES.resolve("statistics/stdev.py"))
            .with("A_rank", List.of(0.8, 0.4, 1.2, 3.7, 2.6, 5.8));
    try (PyWorker worker = PyWorker.source("").start()) {
      assertThat(worker.run(script, Double.class)).isEqualTo(2.0634114147853952);
    }
  }

  @Test
  void thePlaygroundShowsOutputAnswersInputAndGoesOnAfterAnError() throws IOException {
    Path wrong = Files.writeString(folder.resolve("wrong.py"), "print('x')\n1 +\n");
    Path value = Files.writeString(folder.resolve("value.py"), "print('again')\n6 * 7\n");
    Cli.Result result =
        Cli.runJava(
            Files.writeString(folder.resolve("typed"), "Ada\n"),
            "examples/playground/Playground.java",
            "examples/playground/greet.py",
            wrong.toString(),
            value.toString());

    assertThat(result.out())
        .as(result.err())
        .startsWith("Enter your name: Hello, Ada!\n= null\n")
        .contains("wrong.py\", line 2", "SyntaxError")
        .endsWith("again\n= 42\n");
  }

  /** Where no Python here has numpy, there is nothing to show it with: tests ask no network. */
  @Test
  void theNamedCalculatorAddsArraysWithNumpy() throws IOException {
    Optional<String> python =
        InstalledPythons.find().stream()
            .map(Path::toString)
            .filter(ExamplesIT::hasNumpy)
            .findFirst();
    if (python.isEmpty()) {
      System.out.println(
          "skipped: examples/calculator, no Python here has numpy; apt-get install python3-numpy");
    }
    assumeThat(python).isPresent();
    Cli.Result result =
        Cli.runJava(
            Path.of("/dev/null"),
            "-Dlockstep.python=" + python.get(),
            "examples/calculator/Calculator.java");

    assertThat(result.out()).as(result.err()).isEqualTo("[5, 7, 9]\n");
    assertThat(result.exitCode()).isZero();
  }

  private static boolean hasNumpy(String python) {
    try {
      Process process =
          new ProcessBuilder(python, "-c", "import sys, numpy; assert sys.version_info >= (3, 9)")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
