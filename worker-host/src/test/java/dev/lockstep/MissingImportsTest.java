package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What scripts import is installed before they run, if they say so: wheels that the test makes. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MissingImportsTest {
  @TempDir Path folder = Path.of("");
  private Path wheels = folder;
  private final ConcurrentLinkedQueue<String> progress = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void makeWheels() throws IOException {
    wheels = Files.createDirectory(folder.resolve("wheels"));
    wheel("word-for-tests", "1.0", "word_for_tests", "word = 'good morning'\n", "");
    wheel("word-for-tests", "2.0", "word_for_tests", "word = 'good evening'\n", "");
    wheel("PyMuPDF", "1.0", "fitz", "value = 'of the fitz for tests'\n", "");
    wheel("misnamed-for-tests", "1.0", "another_name_for_tests", "", "");
    wheel(
        "sentence-for-tests",
        "1.0",
        "sentence_for_tests",
        "from word_for_tests import word\ndef say(): return word + '!'\n",
        "Requires-Dist: word-for-tests\n");
  }

  private void wheel(String name, String version, String module, String code, String more)
      throws IOException {
    Wheels.make(wheels, name, version, module, code, more);
  }

  private WorkerConfig.Builder config() {
    return WorkerConfig.builder().findLinks(wheels).offline(true);
  }

  private PyWorker.Builder builder(WorkerConfig.Builder config) {
    return PyWorker.source("")
        .config(config.build())
        .environment("XDG_CACHE_HOME", folder.resolve("cache").toString())
        .onProgress(at -> progress.add(at.text()));
  }

  private static Script installing(String text) {
    return Script.of(text).installMissingImports();
  }

  private List<String> made() {
    return progress.stream().filter(each -> each.startsWith("installing ")).toList();
  }

  @Test
  void aScriptFindsWhatItImportsAndTheNextOneToo() {
    String text = "import json, sentence_for_tests\nsentence_for_tests.say()";
    try (PyWorker worker = builder(config()).start()) {
      assertThat(
              Failing.with(PythonException.class, () -> worker.run(text, Map.of(), String.class)))
          .hasMessageContaining("No module named 'sentence_for_tests'");
      assertThat(worker.run(installing(text), String.class)).isEqualTo("good evening!");
      assertThat(made()).containsExactly("installing sentence_for_tests");
      assertThat(worker.run(text, Map.of(), String.class)).isEqualTo("good evening!");
      assertThat(worker.run(installing(text), String.class)).isEqualTo("good evening!");
      assertThat(worker.installMissingImports(text)).isEmpty();
    }
    try (PyWorker another = builder(config().syncMainOnly(true)).start()) {
      assertThat(another.installMissingImports(text)).containsExactly("sentence_for_tests");
      assertThat(another.run(text, Map.of(), String.class)).isEqualTo("good evening!");
    }
    assertThat(made()).hasSize(1); // The other worker found the environment.
  }

  @Test
  void packagesOfOtherNamesAreKnownAndPythonsOwnModulesAreLeftAlone() {
    String text =
        """
        try:
            import winreg, distutils.core
        except ImportError:
            pass
        import os.path
        import fitz
        fitz.value
        """;
    try (PyWorker worker = builder(config()).start()) {
      assertThat(worker.missingImports(text)).contains("winreg", "fitz");
      assertThat(worker.installMissingImports(text)).containsExactly("PyMuPDF");
      assertThat(worker.run(text, Map.of(), String.class)).isEqualTo("of the fitz for tests");
      assertThat(worker.installMissingImports(text)).isEmpty();
    }
  }

  @Test
  void theConfiguredPackagesTakePartInTheChoiceOfVersions() {
    String text = "import sentence_for_tests\nsentence_for_tests.say()";
    try (PyWorker worker = builder(config().packages("word-for-tests<2")).start()) {
      worker.ready().join();
      assertThat(worker.run(installing(text), String.class)).isEqualTo("good morning!");
      assertThat(made()).last().isEqualTo("installing word-for-tests<2, sentence_for_tests");
    }
  }

  @Test
  void runsAtOnceInstallOnceAndEachHasItsOwnValue() {
    List<CompletableFuture<String>> values = new ArrayList<>();
    try (PyWorker worker = builder(config()).start()) {
      for (int i = 0; i < 5; i++) {
        values.add(
            worker.runAsync(
                installing("import word_for_tests\nword_for_tests.word + str(i)").with("i", i),
                String.class));
      }
      for (int i = 0; i < 5; i++) {
        assertThat(values.get(i).join()).isEqualTo("good evening" + i);
      }
      assertThat(made()).hasSize(1);
    }
  }

  @Test
  void whatCannotBeInstalledIsNamedAndTheWorkerGoesOn() {
    try (PyWorker worker = builder(config()).start()) {
      assertThat(failure(worker, "import no_such_module_for_tests"))
          .contains("what a script imports cannot be installed", "worker=source-1")
          .contains("modules=[no_such_module_for_tests]", "there is no such package");
      assertThat(failure(worker, "from google.cloud import storage"))
          .contains("it is not known which package has this module: module=google");
      assertThat(failure(worker, "import größe_for_tests"))
          .contains("it is not known which package has this module: module=größe_for_tests");
      assertThat(failure(worker, "import misnamed_for_tests"))
          .contains("packages were installed and do not have what the script imports")
          .contains("modules=[misnamed_for_tests], packages=[misnamed_for_tests]");
      assertThat(
              Failing.with(PythonException.class, () -> worker.run(installing("1 +"), Object.class))
                  .type())
          .isEqualTo("SyntaxError");
      assertThat(
              Failing.with(
                  PackagesException.class,
                  worker.runAsync(installing("import no_such_module_for_tests"), Object.class)))
          .hasMessageContaining("no_such_module_for_tests");
      assertThat(worker.run(installing("6 * 7"), int.class)).isEqualTo(42);
    }
  }

  private static String failure(PyWorker worker, String text) {
    return String.valueOf(
        Failing.with(PackagesException.class, () -> worker.run(installing(text), Object.class))
            .getMessage());
  }

  private PyWorker.Builder withSlowInstaller(Path started) throws IOException {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Path uv =
        Files.writeString(
            bin.resolve("uv"), "#!/bin/sh\ntouch '" + started + "'\nexec sleep 600\n");
    Files.setPosixFilePermissions(uv, PosixFilePermissions.fromString("rwx------"));
    return builder(config()).environment("PATH", bin + ":" + System.getenv("PATH"));
  }

  @Test
  void anInstallationEndsWithItsWorker() throws Exception {
    Path started = folder.resolve("started");
    PyWorker worker = withSlowInstaller(started).start();
    CompletableFuture<Object> run =
        worker.runAsync(installing("import word_for_tests"), Object.class);
    CompletableFuture<List<String>> blocked =
        CompletableFuture.supplyAsync(() -> worker.installMissingImports("import fitz"));
    Until.holds("the installer was started", () -> Files.exists(started));
    worker.close();
    assertThat(Failing.with(WorkerDiedException.class, run)).hasMessageContaining("it was closed");
    assertThat(Failing.with(WorkerDiedException.class, blocked))
        .hasMessageContaining("it was closed");
    assertThat(
            Failing.with(
                WorkerDiedException.class, () -> worker.installMissingImports("import fitz")))
        .hasMessageContaining("it was closed");
  }

  @Test
  void cancellingARunEndsItsInstallation() throws Exception {
    Path started = folder.resolve("started");
    try (PyWorker worker = withSlowInstaller(started).start()) {
      CompletableFuture<Object> run =
          worker.runAsync(installing("import word_for_tests"), Object.class);
      Until.holds("the installer was started", () -> Files.exists(started));
      run.cancel(true);
      Until.holds(
          "the installer has ended",
          () ->
              ProcessHandle.current()
                  .descendants()
                  .noneMatch(each -> each.info().command().orElse("").endsWith("sleep")));
      assertThat(worker.run("6 * 7", Map.of(), int.class)).isEqualTo(42);
    }
  }
}
