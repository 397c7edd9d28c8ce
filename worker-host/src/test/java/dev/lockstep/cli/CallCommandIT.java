package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallCommandIT {
  @TempDir Path folder;

  private String script(String... lines) throws IOException {
    Path file = folder.resolve("script.py");
    Files.write(file, List.of(lines));
    return file.toString();
  }

  private static void assertIsOneSentence(Cli.Result result) {
    assertThat(result.err()).startsWith("lockstep: ").doesNotContain("\tat ");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void resultIsTheOnlyThingOnStdoutAndIsJson() throws IOException {
    Cli.Result result =
        Cli.run("call", "examples/primes.py", "find_primes", "100", "use_numpy=false");

    assertThat(result.err()).isEmpty();
    assertThat(result.exitCode()).isZero();
    assertThat(new ObjectMapper().readTree(result.out()).get("count").asInt()).isEqualTo(25);
    assertThat(result.out().lines()).hasSize(1);
  }

  @Test
  void valuesOfEveryKindArriveAndComeBack() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script("def f(*args, **kwargs):", "    return [args, kwargs]", "__export__ = ['f']"),
            "f",
            "-5",
            "a text",
            "[1, 2.5, null]",
            "None",
            "123456789012345678901234567890",
            "k={\"a\": true}",
            "flag=False");

    assertThat(result.err()).isEmpty();
    assertThat(result.out().strip())
        .isEqualTo(
            "[[-5,\"a text\",[1,2.5,null],null,123456789012345678901234567890],"
                + "{\"k\":{\"a\":true},\"flag\":false}]");
  }

  @Test
  void resultIsUtf8AlsoInTheCLocale() throws IOException {
    String script = script("def f():", "    return 'n\\u00e4'", "__export__ = ['f']");
    List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C"));
    command.addAll(Cli.java());
    command.addAll(List.of("-jar", Cli.JAR.toString(), "call", script, "f"));
    try (Cli cli = Cli.startCommand(folder, command.toArray(String[]::new))) {
      assertThat(cli.await().out().strip()).isEqualTo("\"n\u00e4\"");
    }
  }

  @Test
  void resultThatCannotBeWrittenIsAnError() throws IOException {
    String script = script("def f():", "    return 1", "__export__ = ['f']");
    List<String> command = new ArrayList<>(List.of("sh", "-c", "exec \"$@\" >/dev/full", "sh"));
    command.addAll(Cli.java());
    command.addAll(List.of("-jar", Cli.JAR.toString(), "call", script, "f"));
    try (Cli cli = Cli.startCommand(folder, command.toArray(String[]::new))) {
      Cli.Result result = cli.await();
      assertIsOneSentence(result);
      assertThat(result.err()).contains("stdout");
      assertThat(result.exitCode()).isEqualTo(2);
    }
  }

  @Test
  void valuesThatJsonHasNoFormForArePrintedAsText() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script(
                "import datetime, decimal, uuid",
                "def f():",
                "    return {None: b'\\x00\\xff', 'd': datetime.date(2024, 2, 29),",
                "            'n': decimal.Decimal('1.10'), 'u': uuid.UUID(int=1),",
                "            's': {3}}",
                "__export__ = ['f']"),
            "f");

    assertThat(result.err()).isEmpty();
    assertThat(result.out().strip())
        .isEqualTo(
            "{\"null\":\"AP8=\",\"d\":\"2024-02-29\",\"n\":1.10,"
                + "\"u\":\"00000000-0000-0000-0000-000000000001\",\"s\":[3]}");
  }

  @Test
  void whatTheScriptPrintsGoesToStderrBeforeTheResult() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script(
                "import sys",
                "def f():",
                "    print('to stdout')",
                "    print('to stderr', file=sys.stderr)",
                "    print('no newline', end='')",
                "    return 1",
                "__export__ = ['f']"),
            "f");

    assertThat(result.out().strip()).isEqualTo("1");
    assertThat(result.err().lines())
        .containsExactlyInAnyOrder("to stdout", "to stderr", "no newline");
  }

  @Test
  void exceptionPrintsItsTracebackAndEndsWithOne() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script(
                "def inner():",
                "    raise ValueError('no good')",
                "def f():",
                "    inner()",
                "__export__ = ['f']"),
            "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .startsWith("Traceback (most recent call last):")
        .contains("in f", "in inner", "script.py", "line 2")
        .endsWith("ValueError: no good" + System.lineSeparator())
        .doesNotContain("\tat ");
  }

  @Test
  void debugAddsTheJavaStackTrace() throws IOException {
    Cli.Result result =
        Cli.run("call", "--debug", script("def f(): 1 / 0", "__export__ = ['f']"), "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("ZeroDivisionError", "\tat dev.lockstep.");
  }

  @Test
  void missingScriptIsOneSentence() throws IOException {
    Cli.Result result = Cli.run("call", folder.resolve("nope.py").toString(), "f");

    assertThat(result.exitCode()).isEqualTo(2);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("nope.py");
  }

  @Test
  void syntaxErrorNamesFileAndLine() throws IOException {
    Cli.Result result = Cli.run("call", script("x = 1", "def f(:", "    pass"), "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("SyntaxError", "script.py", "line 2").doesNotContain("\tat ");
  }

  @Test
  void exceptionWhileBootingPrintsItsTraceback() throws IOException {
    Cli.Result result = Cli.run("call", script("import not_there_at_all"), "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err())
        .contains("script.py", "ModuleNotFoundError: No module named 'not_there_at_all'")
        .doesNotContain("\tat ");
  }

  @Test
  void unknownExportNamesThoseThatThereAre() throws IOException {
    Cli.Result result =
        Cli.run("call", script("def a(): pass", "def b(): pass", "__export__ = ['a']"), "b");

    assertThat(result.exitCode()).isEqualTo(2);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("b is not exported", "exports: a");
  }

  @Test
  void unknownNameInExportIsSaidWithTheName() throws IOException {
    Cli.Result result = Cli.run("call", script("__export__ = ['nowhere']"), "nowhere");

    assertThat(result.exitCode()).isNotZero();
    assertThat(result.err()).contains("nowhere").doesNotContain("\tat ");
  }

  @Test
  void wrongArgumentsGetPythonsOwnWords() throws IOException {
    Cli.Result result =
        Cli.run("call", script("def f(a): return a", "__export__ = ['f']"), "f", "1", "2");

    assertThat(result.exitCode()).isEqualTo(2);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("takes 1 positional argument but 2 were given");
  }

  @Test
  void resultThatCannotCrossIsNamedWithItsPath() throws IOException {
    Cli.Result result =
        Cli.run("call", script("def f(): return {'x': [object()]}", "__export__ = ['f']"), "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("result[\"x\"][0]", "object");
  }

  @Test
  void timeoutEndsTheCall() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            "--timeout",
            "0.2",
            script("import time", "def f(): time.sleep(60)", "__export__ = ['f']"),
            "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertIsOneSentence(result);
  }

  @Test
  void exitOfTheProcessDuringTheCallIsNoSuccess() throws IOException {
    Cli.Result result =
        Cli.run("call", script("import os", "def f(): os._exit(0)", "__export__ = ['f']"), "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("exit code 0");
  }

  @Test
  void closedStandardDescriptorsDisturbNoCall() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script(
                "import os",
                "def f():",
                "    os.closerange(0, 3)",
                "    return 7",
                "__export__ = ['f']"),
            "f");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out().strip()).isEqualTo("7");
  }

  @Test
  void crashOfTheInterpreterNamesTheSignal() throws IOException {
    Cli.Result result =
        Cli.run(
            "call",
            script(
                "import os, signal",
                "def f(): os.kill(os.getpid(), signal.SIGSEGV)",
                "__export__ = ['f']"),
            "f");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("SIGSEGV").doesNotContain("\tat ");
  }

  @Test
  void interpreterThatIsNotThereIsOneSentence() throws IOException {
    Cli.Result result =
        Cli.run("call", "--python", "/no/such/python", "examples/primes.py", "find_primes", "10");

    assertThat(result.exitCode()).isEqualTo(2);
    assertIsOneSentence(result);
    assertThat(result.err()).contains("/no/such/python");
  }

  @Test
  void interpreterThatIsNotExecutableIsOneSentence() throws IOException {
    String plain = script("print('not an interpreter')");
    Cli.Result result =
        Cli.run("call", "--python", plain, "examples/primes.py", "find_primes", "10");

    assertThat(result.exitCode()).isEqualTo(2);
    assertIsOneSentence(result);
    assertThat(result.err()).contains(plain);
  }

  @Test
  void pythonThatIsTooOldSaysSo() throws IOException {
    Path versions = Path.of(System.getProperty("user.home"), ".pyenv", "versions");
    boolean tried = false;
    for (String version : List.of("2.7.18", "3.6.15", "3.8.18")) {
      Path python = versions.resolve(version).resolve("bin").resolve("python");
      if (Files.isExecutable(python)) {
        tried = true;
        Cli.Result result =
            Cli.run(
                "call", "--python", python.toString(), "examples/primes.py", "find_primes", "10");

        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.err()).contains("3.9").doesNotContain("Traceback", "\tat ");
      }
    }
    Assumptions.assumeTrue(tried, "no old Python is on this machine");
  }

  @Test
  void syncMainOnlyWorkerAnswersAndItsProgressIsSilent() throws IOException {
    Cli.Result result =
        Cli.run(
            "call", "--sync-main-only", "examples/primes.py", "find_primes", "30", "use_numpy=0");

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).contains("\"count\":10");
  }

  @Test
  void bothTwinsAnswerAlike() throws IOException {
    Cli.Result pure =
        Cli.run("call", "--accelerator", "py", "examples/primes.py", "find_primes", "1000");
    Cli.Result either = Cli.run("call", "examples/primes.py", "find_primes", "1000");

    assertThat(pure.err()).isEmpty();
    assertThat(pure.out()).isEqualTo(either.out()).contains("\"count\":168");
  }

  @Test
  void pypyAnswersToo() throws IOException {
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/pypy3")));
    Cli.Result result =
        Cli.run("call", "--python", "/usr/bin/pypy3", "examples/primes.py", "find_primes", "1000");

    assertThat(result.err()).isEmpty();
    assertThat(result.out()).contains("\"count\":168");
  }
}
