package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The key {@code packages}: environments made of wheels that the tests make, in a cache of each
 * test's own. Nothing asks a network.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PackagesTest {
  private static final String USES =
      """
      import os, sys
      def greet():
          import greeting_for_tests
          return greeting_for_tests.hello()
      def prefix(): return sys.prefix
      def tool():
          import subprocess
          return subprocess.run(["greet-for-tests"], capture_output=True, text=True).stdout.strip()
      __export__ = ["greet", "prefix", "tool"]
      """;

  @TempDir Path folder = Path.of("");
  private Path wheels = folder;
  private Path cache = folder;
  private final ConcurrentLinkedQueue<String> progress = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void makeWheels() throws IOException {
    wheels = Files.createDirectory(folder.resolve("wheels (für tests)"));
    cache = folder.resolve("cache");
    wheel("greeting-for-tests", "1.0", "def hello(): return 'hello 1.0'\n", "");
    wheel(
        "greeting-for-tests",
        "2.0",
        """
        import word_for_tests
        def hello(): return word_for_tests.word + ' 2.0'
        def main(): print('tool of 2.0')
        """,
        "Requires-Dist: word-for-tests\n");
    wheel("word-for-tests", "1", "word = 'good morning'\n", "");
  }

  private void wheel(String name, String version, String code, String more) throws IOException {
    Wheels.make(wheels, name, version, name.replace('-', '_'), code, more);
  }

  private PyWorker.Builder uses(WorkerConfig.Builder config) {
    return PyWorker.source(USES)
        .config(config.build())
        .environment("XDG_CACHE_HOME", cache.toString())
        .onProgress(at -> progress.add(at.text()));
  }

  private PyWorker.Builder uses(String... packages) {
    return uses(WorkerConfig.builder().packages(packages).findLinks(wheels).offline(true));
  }

  private static String startFailure(PyWorker.Builder builder) {
    try (PyWorker worker = builder.start()) {
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      worker.onExit().join();
      return String.valueOf(failure.getMessage());
    }
  }

  private List<Path> environments() throws IOException {
    try (Stream<Path> found = Files.list(cache.resolve("lockstep/envs"))) {
      return found.sorted().toList();
    }
  }

  @Test
  void packagesAreInstalledOnceForARequirementAndAnInterpreter() throws IOException {
    String prefix;
    try (PyWorker worker = uses("greeting-for-tests").start()) {
      assertThat(worker.sync().call("greet", String.class)).isEqualTo("good morning 2.0");
      prefix = worker.sync().call("prefix", String.class);
      assertThat(Path.of(prefix).getParent()).isEqualTo(cache.resolve("lockstep/envs"));
      // A script of the environment, which was made under another name.
      assertThat(worker.sync().call("tool", String.class)).isEqualTo("tool of 2.0");
    }
    assertThat(progress).contains("making an environment", "installed");
    assertThat(environments()).containsExactly(Path.of(prefix));
    progress.clear();
    try (PyWorker worker = uses("greeting-for-tests").start()) {
      assertThat(worker.sync().call("prefix", String.class)).isEqualTo(prefix);
    }
    assertThat(progress).isEmpty();
    try (PyWorker worker = uses("greeting-for-tests<2").start()) {
      assertThat(worker.sync().call("greet", String.class)).isEqualTo("hello 1.0");
      assertThat(worker.sync().call("prefix", String.class)).isNotEqualTo(prefix);
    }
    assertThat(environments()).hasSize(2);
  }

  @Test
  void aWheelIsNamedByItsPath() {
    Path wheel = wheels.resolve("greeting_for_tests-1.0-py3-none-any.whl");
    try (PyWorker worker =
        uses(WorkerConfig.builder().packages(wheel.toString()).offline(true)).start()) {
      assertThat(worker.sync().call("greet", String.class)).isEqualTo("hello 1.0");
    }
  }

  @Test
  void twoWorkersAtOnceMakeOneEnvironment() throws IOException {
    try (Workers workers = Workers.open();
        Workers others = Workers.open()) {
      PyWorker first = workers.start(uses("greeting-for-tests"));
      PyWorker second = workers.start(uses("greeting-for-tests"));
      PyWorker third = others.start(uses("greeting-for-tests"));
      for (PyWorker worker : List.of(first, second, third)) {
        assertThat(worker.sync().call("greet", String.class)).isEqualTo("good morning 2.0");
      }
    }
    assertThat(progress.stream().filter("making an environment"::equals)).hasSize(1);
    assertThat(environments()).hasSize(1);
  }

  @Test
  void whatTheInterpreterHasAlreadyNeedsNoEnvironment() {
    try (PyWorker worker = uses("no-such-package-here; python_version < '3'").start()) {
      worker.ready().join();
    }
    assertThat(progress).isEmpty();
    assertThat(cache).doesNotExist();
  }

  @Test
  void whatAMakerLeftThatWasKilledIsNotUsed() throws Exception {
    String prefix;
    try (PyWorker worker = uses("greeting-for-tests").start()) {
      prefix = worker.sync().call("prefix", String.class);
    }
    // As it is in the midst of the work: a draft, a lock file that nobody holds, no environment.
    Path made = Path.of(prefix);
    Path draft = made.resolveSibling("." + made.getFileName() + "-draft");
    Files.move(made, draft);
    Files.delete(draft.resolve("pyvenv.cfg"));
    Files.createFile(made.resolveSibling(made.getFileName() + ".lock"));
    try (PyWorker worker = uses("greeting-for-tests").start()) {
      assertThat(worker.sync().call("greet", String.class)).isEqualTo("good morning 2.0");
      assertThat(worker.sync().call("prefix", String.class)).isEqualTo(prefix);
    }
    assertThat(environments()).containsExactlyInAnyOrder(draft, made);
  }

  @Test
  void aWorkerThatIsTerminatedWhileItsPackagesAreInstalledLeavesNothingUsable() throws Exception {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Path started = folder.resolve("started");
    script(bin.resolve("uv"), "touch '" + started + "'; mkdir -p \"$5/bin\"; exec sleep 600");
    PyWorker worker =
        uses("greeting-for-tests").environment("PATH", bin + ":" + System.getenv("PATH")).start();
    Until.holds("the installer was started", () -> Files.exists(started));
    worker.terminate();
    assertThat(Failing.with(WorkerStartException.class, worker.ready()))
        .hasMessageContaining("it was terminated");
    assertThat(environments()).filteredOn(each -> Files.isDirectory(each)).isEmpty();
    worker.close();
  }

  @Test
  void uvIsUsedWhereItIsOnThePath() throws IOException {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Path log = folder.resolve("log");
    // Takes what uv takes and does it with what is here: uv itself is not everywhere.
    script(
        bin.resolve("uv"),
        """
        echo "$*" >> 'LOG'
        case "$1 $2" in
          "venv --python") exec "$3" -m venv --without-pip "$4" ;;
          "pip install") python=$4; shift 4; exec python3 -m pip --python "$python" install "$@" ;;
        esac
        exit 2
        """
            .replace("LOG", log.toString()));
    try (PyWorker worker =
        uses("greeting-for-tests==1.0")
            .environment("PATH", bin + ":" + System.getenv("PATH"))
            .start()) {
      assertThat(worker.sync().call("greet", String.class)).isEqualTo("hello 1.0");
    }
    assertThat(Files.readAllLines(log)).hasSize(2).first().asString().startsWith("venv --python /");
    assertThat(Files.readString(log))
        .contains(" --no-index --find-links " + wheels + " greeting-for-tests==1.0");
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + text + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void packagesThatCannotBeHadAreNamed() throws IOException {
    assertThat(startFailure(uses("no-such-package-here")))
        .contains("there is no such package, or none that fits", "package=no-such-package-here")
        .contains("offline=true");
    assertThat(startFailure(uses("greeting-for-tests>=99")))
        .contains("package=greeting-for-tests>=99");
    assertThat(startFailure(uses("what is this")))
        .contains("this is no requirement", "what is this");
    assertThat(
            startFailure(
                uses(WorkerConfig.builder().packages("no-such-package-here").offline(true))))
        .contains("cannot be installed without an index: packages=[no-such-package-here]")
        .contains("offline=true, find_links=[]");
    assertThat(
            startFailure(
                uses(
                    WorkerConfig.builder()
                        .packages("greeting-for-tests")
                        .findLinks(folder.resolve("none")))))
        .contains("there is no such folder of wheels: find_links=" + folder.resolve("none"));
    assertThat(
            startFailure(
                uses(WorkerConfig.builder()
                        .packages("no-such-package-here")
                        .packagesIndex("http://127.0.0.1:9/simple"))
                    .environment("PIP_RETRIES", "1")))
        .contains("no package index can be reached: packages=[no-such-package-here]")
        .contains("packages_index=http://127.0.0.1:9/simple");
    assertThat(environments()).isEmpty();
  }
}
