package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineIT {
  /** Gives the command a terminal as its stderr, and prints what came there after a line. */
  private static final String ON_A_TERMINAL =
      """
      import os, pty, subprocess, sys, threading
      controller, terminal = pty.openpty()
      seen = []
      def read():
          try:
              while True:
                  data = os.read(controller, 4096)
                  if not data:
                      return
                  seen.append(data)
          except OSError:
              pass
      reader = threading.Thread(target=read)
      reader.start()
      done = subprocess.run(sys.argv[1:], stderr=terminal, stdout=subprocess.PIPE)
      os.close(terminal)
      reader.join()
      sys.stdout.write(done.stdout.decode() + "--terminal--" + b"".join(seen).decode())
      sys.exit(done.returncode)
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"", "call", "bench", "doctor", "dump"})
  void helpIsPrintedOnStdoutAndFitsTheTerminal(String command) throws IOException {
    Cli.Result result = command.isEmpty() ? Cli.run("--help") : Cli.run(command, "--help");

    assertThat(result.exitCode()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).startsWith("Usage: lockstep");
    assertThat(result.out().lines()).allMatch(line -> line.length() <= 80);
  }

  @Test
  void versionNamesWhatMattersInReport() throws IOException {
    Cli.Result result = Cli.run("--version");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).startsWith("lockstep ").contains("wire format 1.0", "Java ");
  }

  @Test
  void noCommandAndUnknownOnesAreWrongUse() throws IOException {
    assertThat(Cli.run().exitCode()).isEqualTo(2);
    assertThat(Cli.run("nonsense").exitCode()).isEqualTo(2);
    assertThat(Cli.run("call").exitCode()).isEqualTo(2);
    assertThat(Cli.run("dump", "x").exitCode()).isEqualTo(2);
  }

  @Test
  void misspeltOptionIsNamed() throws IOException {
    Cli.Result result = Cli.run("call", "--pyhton", "pypy3", "examples/primes.py", "find_primes");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("--pyhton").doesNotContain("\tat ");
  }

  @Test
  void progressMovesBarOnTerminalAndStdoutStaysJson() throws IOException {
    List<String> command = new ArrayList<>(List.of("python3", "-c", ON_A_TERMINAL));
    command.addAll(Cli.java());
    command.addAll(
        List.of("-jar", Cli.JAR.toString(), "call", "examples/primes.py", "find_primes"));
    command.addAll(List.of("30000000", "use_numpy=false"));
    try (Cli cli = Cli.startCommand(Cli.REPOSITORY, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      assertThat(result.exitCode()).as(result.err()).isZero();
      String[] parts = result.out().split("--terminal--", 2);
      assertThat(parts[0]).contains("\"count\":1857859").doesNotContain("%");
      assertThat(parts[1]).contains("[#", "100% 30000000/30000000").endsWith("\r\u001b[K");
    }
  }

  @Test
  void dumpShowsLiveWorkerAndLeavesItAlone() throws Exception {
    Path script = folder.resolve("script.py");
    Files.write(
        script,
        List.of(
            "import time",
            "def f():",
            "    print('running', flush=True)",
            "    time.sleep(60)",
            "__export__ = ['f']"));
    try (Cli cli = Cli.start("call", script.toString(), "f")) {
      cli.awaitErr("running");
      List<Long> workers = cli.descendants();
      assertThat(workers).hasSize(1);
      Cli.Result byWorker = Cli.run("dump", workers.get(0).toString());
      Cli.Result byHost = Cli.run("dump", Long.toString(cli.pid()));

      assertThat(byWorker.err()).isEmpty();
      assertThat(byWorker.out())
          .contains(
              "host      pid=" + cli.pid() + ", state=ready",
              "worker    pid=" + workers.get(0) + ", state=ready, lateWakeups=0",
              "to worker capacity=262144",
              "to host   capacity=262144");
      assertThat(byHost.out()).contains("worker    pid=" + workers.get(0));
      cli.interrupt();
      assertThat(cli.await().exitCode()).isEqualTo(130);
    }
  }

  @Test
  void dumpShowsAWorkerThatHangsInCAndDoesNotStopIt() throws Exception {
    Path script = folder.resolve("hangs.py");
    Files.write(
        script,
        List.of(
            "import ctypes",
            "def f():",
            "    print('hanging', flush=True)",
            "    ctypes.PyDLL(None).sleep(5)",
            "    return 'went on'",
            "__export__ = ['f']"));
    try (Cli cli = Cli.start("call", script.toString(), "f")) {
      cli.awaitErr("hanging");
      long worker = cli.descendants().get(0);
      Cli.Result dump = Cli.run("dump", Long.toString(worker));

      assertThat(dump.exitCode()).as(dump.err()).isZero();
      assertThat(dump.err()).isEmpty();
      assertThat(dump.out().lines())
          .anyMatch(line -> line.matches("host +pid=" + cli.pid() + ", state=ready, late.*=0"))
          .anyMatch(line -> line.matches("worker +pid=" + worker + ", state=ready, late.*=0"))
          .anyMatch(line -> line.matches("to worker .* unread=0 bytes, reader awake .*"))
          .anyMatch(line -> line.matches("to host .* unread=0 bytes, reader asleep .*"))
          .hasSize(5);
      Cli.Result call = cli.await();
      assertThat(call.exitCode()).as(call.err()).isZero();
      assertThat(call.out().strip()).isEqualTo("\"went on\"");
    }
  }

  @Test
  void dumpOfAnotherProcessIsOneSentence() throws IOException {
    Cli.Result result = Cli.run("dump", Long.toString(ProcessHandle.current().pid()));

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).startsWith("lockstep: the process has no Lockstep segment: pid=");
  }

  @Test
  void benchPrintsOneObjectPerRow() throws IOException {
    Cli.Result result = Cli.run("bench", "--quick", "--json", "--accelerator", "py", "--peers");

    assertThat(result.exitCode()).as(result.err()).isZero();
    List<String> names = new ArrayList<>();
    for (String line : result.out().lines().toList()) {
      JsonNode row = new ObjectMapper().readTree(line);
      names.add(row.get("name").asText());
      assertThat(row.get("p50_us").asDouble()).isPositive();
      assertThat(row.get("p99_us").asDouble()).isGreaterThanOrEqualTo(row.get("p50_us").asDouble());
      for (String field : List.of("floor_us", "ratio", "target_ratio", "met", "against")) {
        assertThat(row.has(field)).as(field).isTrue();
      }
    }
    assertThat(names)
        .startsWith(
            "host_to_worker.py", "worker_to_host.py", "worker_to_pump.py", "sync_main_only.py")
        .endsWith("peer.json_lines", "peer.raw_pipe");
  }

  @Test
  void benchMeasuresOnlyTheRowsThatAreWanted() throws IOException {
    Cli.Result result =
        Cli.run("bench", "--quick", "--accelerator", "py", "--rows", "to_*.py,nothing", "--json");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out().lines().map(line -> line.substring(0, line.indexOf(','))))
        .containsExactly(
            "{\"name\":\"host_to_worker.py\"",
            "{\"name\":\"worker_to_host.py\"",
            "{\"name\":\"worker_to_pump.py\"");
  }

  @Test
  void benchNamesItsRowsWhenNoneHasTheNameAskedFor() throws IOException {
    Cli.Result result = Cli.run("bench", "--quick", "--accelerator", "py", "--rows", "spawn");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err())
        .startsWith("lockstep: no row has such a name in a quick run: rows=[spawn], known=[")
        .contains("host_to_worker.py");
  }

  @Test
  void doctorFindsPythonAndSaysWhichTwinServes() throws IOException {
    Cli.Result result = Cli.run("doctor");

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("Java ", "/dev/shm", "max open files", "cpython 3.", "accelerator ");
  }

  @Test
  void doctorBuildsAcceleratorIntoTheUsersCacheOrSaysWhatIsMissing() throws IOException {
    List<String> command = new ArrayList<>(List.of("env", "XDG_CACHE_HOME=" + folder));
    command.addAll(Cli.java());
    command.addAll(List.of("-jar", Cli.JAR.toString(), "doctor", "--build", "python3"));
    try (Cli cli = Cli.startCommand(Cli.REPOSITORY, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      if (result.exitCode() == 0) {
        assertThat(result.out()).contains("_accelerator.cpython-", "started with it");
      } else {
        // No compiler or no headers on this machine.
        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out()).contains("accelerator: none");
      }
    }
  }

  @Test
  void launcherWorksThroughLinkFromElsewhereAndInPathWithSpaces() throws IOException {
    Path link = Files.createDirectory(folder.resolve("a b")).resolve("my lockstep");
    Files.createSymbolicLink(link, Cli.REPOSITORY.resolve("lockstep"));
    Path script = folder.resolve("a b").resolve("a script.py");
    Files.write(script, List.of("def f(x): return x * 2", "__export__ = ['f']"));
    try (Cli cli =
        Cli.startCommand(
            folder.resolve("a b"), link.toString(), "call", "a script.py", "f", "21")) {
      Cli.Result result = cli.await();

      assertThat(result.out().strip()).as(result.err()).isEqualTo("42");
      assertThat(result.exitCode()).isZero();
    }
  }

  @Test
  void launcherKeepsArgumentsThatAreNotAsciiInTheCLocale() throws IOException {
    Files.write(folder.resolve("s.py"), List.of("def f(x): return x", "__export__ = ['f']"));
    // The bytes are made by the shell: this JVM may itself run in the C locale.
    String call = "LC_ALL=C exec \"$0\" call s.py f \"$(printf '\\303\\251')\"";
    try (Cli cli =
        Cli.startCommand(folder, "sh", "-c", call, Cli.REPOSITORY.resolve("lockstep").toString())) {
      Cli.Result result = cli.await();

      assertThat(result.out().strip()).as(result.err()).isEqualTo("\"\u00e9\"");
    }
  }

  @Test
  void launcherPassesExitCodesThrough() throws IOException {
    try (Cli cli =
        Cli.startCommand(
            folder, Cli.REPOSITORY.resolve("lockstep").toString(), "call", "nope.py", "f")) {
      assertThat(cli.await().exitCode()).isEqualTo(2);
    }
  }

  @Test
  void launcherWithoutJavaSaysWhatToInstall() throws IOException {
    // Where /usr/lib/jvm has one it is found whatever the PATH says, and the launcher just works.
    try (Cli cli =
        Cli.startCommand(
            folder,
            "env",
            "-u",
            "JAVA_HOME",
            "PATH=/usr/bin:/bin",
            Cli.REPOSITORY.resolve("lockstep").toString(),
            "--version")) {
      Cli.Result result = cli.await();
      assertThat(result.exitCode() == 0 || result.err().contains("apt-get install"))
          .as(result.toString())
          .isTrue();
    }
  }

  @Test
  void helloPrintsItsFourLinesInOrder() throws IOException {
    List<String> command = new ArrayList<>(Cli.java());
    command.addAll(List.of("-cp", Cli.JAR.toString(), "examples/hello/Hello.java"));
    try (Cli cli = Cli.startCommand(Cli.REPOSITORY, command.toArray(new String[0]))) {
      Cli.Result result = cli.await();

      assertThat(result.out().lines())
          .as(result.err())
          .containsExactly("before ready", "bootstrapped", "after ready", "42");
      assertThat(result.exitCode()).isZero();
    }
  }
}
