package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunCommandIT {
  private static final String STDEV = "examples/statistics/stdev.py";
  private static final String RANKS = "examples/statistics/context.json";

  @TempDir Path folder;

  private String script(String... lines) throws IOException {
    Path file = folder.resolve("script.py");
    Files.write(file, List.of(lines));
    return file.toString();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("input"), text);
  }

  @Test
  void theDocumentsExampleRunsWithAContextFromAFileOrFromStdin() throws IOException {
    Cli.Result fromFile = Cli.run("run", STDEV, "--context", RANKS);
    assertThat(fromFile.err()).isEmpty();
    assertThat(fromFile.out()).isEqualTo("2.0634114147853952\n");
    assertThat(fromFile.exitCode()).isZero();

    Cli.Result fromStdin =
        Cli.runTyping(file("{\"A_rank\": [1, 2, 4]}"), "run", STDEV, "--context", "-");
    assertThat(fromStdin.out()).as(fromStdin.err()).isEqualTo("1.5275252316519468\n");
  }

  @Test
  void theTerminalIsTheScripts() throws IOException {
    Cli.Result result =
        Cli.runTyping(
            file("456\n"),
            "run",
            script(
                "import sys, os",
                "print('words', sys.argv[1:])",
                "print(os.path.dirname(__file__) == sys.path[0])",
                "print(int(input('hi ')) + 1)",
                "print('no end', end='')",
                "print('error', file=sys.stderr)",
                "try: input()",
                "except EOFError: pass"),
            "a",
            "-b");

    assertThat(result.out()).as(result.err()).isEqualTo("words ['a', '-b']\nTrue\nhi 457\nno end");
    assertThat(result.err()).isEqualTo("error\n");
    assertThat(result.exitCode()).isZero();
  }

  @Test
  void exitStatusesAreThoseOfTheScript() throws IOException {
    Cli.Result exits = Cli.run("run", script("import sys", "print('x')", "sys.exit(7)"));
    assertThat(exits.exitCode()).isEqualTo(7);
    assertThat(exits.out()).isEqualTo("x\n");

    Cli.Result raises = Cli.run("run", script("def f():", "    1 / 0", "f()"));
    assertThat(raises.exitCode()).isEqualTo(1);
    assertThat(raises.err())
        .contains("script.py\", line 3, in <module>", "1 / 0", "ZeroDivisionError")
        .doesNotContain("\tat ");

    Cli.Result says = Cli.run("run", script("import sys", "sys.exit('no such thing')"));
    assertThat(says.exitCode()).isEqualTo(1);
    assertThat(says.err()).isEqualTo("no such thing\n");
  }

  @Test
  void wrongUseIsOneSentence() throws IOException {
    assertIsWrongUse(Cli.run("run", "nope.py"), "script=nope.py");
    assertIsWrongUse(Cli.run("run", STDEV, "--context", "nope.json"), "context=nope.json");
    assertIsWrongUse(
        Cli.run("run", STDEV, "--context", file("[1]").toString()), "must be a JSON object");
  }

  private static void assertIsWrongUse(Cli.Result result, String text) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
    assertThat(result.err()).startsWith("lockstep: ").contains(text).doesNotContain("\tat ");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void ctrlCReachesTheScript() throws Exception {
    try (Cli cli =
        Cli.start(
            "run",
            script(
                "import sys, time",
                "try:",
                "    print('running', file=sys.stderr)",
                "    time.sleep(60)",
                "finally:",
                "    print('cleaned up')"))) {
      cli.awaitErr("running");
      cli.interrupt();
      Cli.Result result = cli.await();

      assertThat(result.exitCode()).as(result.err()).isEqualTo(130);
      assertThat(result.out()).isEqualTo("cleaned up\n");
      assertThat(result.err()).contains("KeyboardInterrupt").doesNotContain("\tat ");
    }
  }

  @Test
  void importsAreInstalledIfItIsAskedFor() throws IOException {
    String script = script("import json, no_such_module_for_tests", "6 * 7");
    Cli.Result asked =
        Cli.run("run", "--install-imports", "--config", "{\"offline\": true}", script);
    assertThat(asked.err())
        .contains("what a script imports cannot be installed", "modules=[no_such_module_for_tests]")
        .contains("cannot be installed without an index");
    assertThat(asked.exitCode()).isEqualTo(ExitCode.WRONG_USE);

    assertThat(Cli.run("run", script).err())
        .contains("ModuleNotFoundError: No module named 'no_such_module_for_tests'");
    assertThat(Cli.run("run", "--install-imports", script("import json", "6 * 7")).out())
        .isEqualTo("42\n");
  }
}
