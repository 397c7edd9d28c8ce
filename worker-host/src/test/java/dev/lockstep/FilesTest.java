package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The key {@code files}: what the worker finds in its own folder, and what is refused. */
@ExtendWith(NothingLeftBehind.class)
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FilesTest {
  private static final String READS =
      """
      import os, sys
      def read(name):
          with open(name, encoding="utf-8") as file:
              return file.read()
      def names():
          return sorted(os.path.join(folder, name)[2:] for folder, _, files in os.walk(".")
                        for name in files if not name.endswith(".pyc"))
      def folder(): return os.getcwd()
      def files(): return os.environ["LOCKSTEP_FILES"]
      def load(name): return __import__(name).value
      def mode(name): return oct(os.stat(name).st_mode & 0o777)
      __export__ = ["read", "names", "folder", "files", "load", "mode"]
      """;

  @TempDir Path folder = Path.of("");

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  private static PyWorker worker(Map<String, String> files) {
    return PyWorker.source(READS).config(Map.of("files", files)).start();
  }

  private static Object names(PyWorker worker) {
    return worker.sync().call("names", Object.class);
  }

  private static String read(PyWorker worker, String name) {
    return worker.sync().call("read", String.class, name);
  }

  private static String startFailure(Map<String, String> files) {
    try (PyWorker worker = worker(files)) {
      WorkerStartException failure = Failing.with(WorkerStartException.class, worker.ready());
      worker.onExit().join();
      return String.valueOf(failure.getMessage());
    }
  }

  private static String refusal(String json) {
    return String.valueOf(
        Failing.with(ConfigurationException.class, () -> WorkerConfig.parse(json)).getMessage());
  }

  /** An archive that Python's tarfile writes from a program's own lines. */
  private Path tar(String name, String mode, String format, String lines)
      throws IOException, InterruptedException {
    Path archive = folder.resolve(name);
    String program =
        """
        import io, sys, tarfile
        archive = tarfile.open(sys.argv[1], sys.argv[2], format=getattr(tarfile, sys.argv[3]))
        def add(name, text=b"", **more):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(text))
        """
            + lines
            + "\narchive.close()\n";
    Process python =
        new ProcessBuilder("python3", "-c", program, archive.toString(), mode, format)
            .inheritIO()
            .start();
    assertThat(python.waitFor()).isZero();
    return archive;
  }

  private Path zip(String name, Map<String, String> entries) throws IOException {
    Path archive = folder.resolve(name);
    try (OutputStream out = Files.newOutputStream(archive);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, String> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
    return archive;
  }

  @Test
  void filesAndFoldersAreCopiedIntoAFolderThatIsGoneAfterTheWorker() throws IOException {
    Path odd = write("Größe (1) ñ/größe 数.txt", "ünï");
    write("tree/a.txt", "a");
    write("tree/deep/b.txt", "b");
    write("module_of_mine.py", "value = 'imported'");
    Map<String, String> files =
        Map.of(
            odd.toString(), "",
            folder.resolve("tree").toString(), "copy of tree (2)/",
            folder.resolve("module_of_mine.py").toString(), "./",
            folder.resolve("tree/a.txt").toString(), "x/y z/ö.txt");
    Path own;
    try (PyWorker worker = worker(files)) {
      assertThat(names(worker))
          .isEqualTo(
              List.of(
                  "copy of tree (2)/tree/a.txt",
                  "copy of tree (2)/tree/deep/b.txt",
                  "größe 数.txt",
                  "module_of_mine.py",
                  "x/y z/ö.txt"));
      assertThat(read(worker, "größe 数.txt")).isEqualTo("ünï");
      assertThat(worker.sync().call("load", String.class, "module_of_mine")).isEqualTo("imported");
      own = Path.of(worker.sync().call("folder", String.class));
      assertThat(worker.sync().call("files", String.class)).isEqualTo(own.toString());
      assertThat(own).isDirectory();
    }
    assertThat(own).doesNotExist();
    assertThat(odd).exists();
  }

  @Test
  void variablesAreReplacedAndRelativeSourcesBeginAtTheConfigurationsFolder() throws IOException {
    write("data/v1/a.csv", "1;2");
    Path config =
        write(
            "worker.toml",
            """
            [files]
            "{DATA}" = "data/v1"
            "{TO}" = "in/{DATA}"
            "{DATA}/a.csv" = "{TO}/b.csv"
            """);
    try (PyWorker worker = PyWorker.source(READS).config(config).start()) {
      assertThat(names(worker)).isEqualTo(List.of("in/data/v1/b.csv"));
      assertThat(read(worker, "in/data/v1/b.csv")).isEqualTo("1;2");
    }
    assertThat(refusal("{\"files\": {\"{A}/x\": \"\", \"{A}\": \"b\"}}"))
        .contains("key=files[\"{A}/x\"], value=\"{A}/x\"", "unknown: {A}, set: []");
  }

  @Test
  void aFolderThatTheBuilderNamedStaysTheWorkingDirectory() throws IOException {
    write("a.txt", "a");
    Path mine = Files.createDirectory(folder.resolve("mine"));
    try (PyWorker worker =
        PyWorker.source(READS)
            .workingDirectory(mine)
            .config(WorkerConfig.builder().file(folder.resolve("a.txt").toString(), "").build())
            .start()) {
      assertThat(worker.sync().call("folder", String.class))
          .isEqualTo(mine.toRealPath().toString());
      String files = worker.sync().call("files", String.class);
      assertThat(read(worker, files + "/a.txt")).isEqualTo("a");
      assertThat(mine).isEmptyDirectory();
    }
  }

  @Test
  void zipsAreUnpackedWhereTheTargetHasAStarAndCopiedElsewhere() throws IOException {
    Path zip = zip("päck (1).zip", Map.of("a/ö.txt", "ö", "b.txt", "b"));
    try (PyWorker worker = worker(Map.of(zip.toString(), "./lib/*"))) {
      assertThat(names(worker)).isEqualTo(List.of("lib/a/ö.txt", "lib/b.txt"));
      assertThat(read(worker, "lib/a/ö.txt")).isEqualTo("ö");
    }
    try (PyWorker worker = worker(Map.of(zip.toString(), "lib/"))) {
      assertThat(names(worker)).isEqualTo(List.of("lib/päck (1).zip"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"USTAR_FORMAT w", "PAX_FORMAT w:gz", "GNU_FORMAT w:gz", "PAX_FORMAT w"})
  void tarsOfEachFormatAreUnpacked(String how) throws Exception {
    String[] formatAndMode = how.split(" ", -1);
    String longName = "d".repeat(60) + "/" + "e".repeat(60) + "/f.txt";
    Path tar =
        tar(
            "archive.bin",
            formatAndMode[1],
            formatAndMode[0],
            """
            add("folder", type=tarfile.DIRTYPE, mode=0o500)
            add("folder/a.txt", b"a" * 1000)
            add("run me.sh", b"#!/bin/sh", mode=0o755)
            add("./empty.txt")
            add("LONG", b"long")
            add("gr\\u00f6\\u00dfe \\u6570.txt", b"x" * 512)
            """
                .replace("LONG", longName));
    try (PyWorker worker = worker(Map.of(tar.toString(), "*"))) {
      assertThat(names(worker))
          .isEqualTo(List.of(longName, "empty.txt", "folder/a.txt", "größe 数.txt", "run me.sh"));
      assertThat(read(worker, "folder/a.txt")).isEqualTo("a".repeat(1000));
      assertThat(read(worker, longName)).isEqualTo("long");
      assertThat(worker.sync().call("mode", String.class, "run me.sh")).isEqualTo("0o700");
      assertThat(worker.sync().call("mode", String.class, "folder/a.txt")).isEqualTo("0o600");
    }
  }

  @Test
  void whoIsToldOfTheProgressMayEndTheWorker() throws IOException {
    Path file = write("a.txt", "a");
    CompletableFuture<PyWorker> started = new CompletableFuture<>();
    PyWorker worker =
        PyWorker.source(READS)
            .config(Map.of("files", Map.of(file.toString(), "")))
            .onProgress(
                at -> {
                  if (at.text().equals("copied")) {
                    started.join().terminate();
                  }
                })
            .start();
    started.complete(worker);
    assertThat(Failing.with(WorkerStartException.class, worker.ready()))
        .hasMessageContaining("it was terminated");
    worker.onExit().join();
  }

  @Test
  void nothingLeavesTheFolder() throws Exception {
    for (String name : List.of("../evil", "a/../../evil", "/evil", "a/..")) {
      assertThat(startFailure(Map.of(zip("slip.zip", Map.of(name, "x")).toString(), "*")))
          .contains("would leave the worker's folder", "slip.zip", "entry=" + name);
      Path tar = tar("slip.tar", "w", "PAX_FORMAT", "add('" + name + "', b'x')");
      assertThat(startFailure(Map.of(tar.toString(), "deep/*")))
          .contains("would leave the worker's folder", "slip.tar", "entry=" + name);
    }
    for (String link : List.of("SYMTYPE", "LNKTYPE", "FIFOTYPE", "CHRTYPE")) {
      Path tar =
          tar(
              "link.tar",
              "w",
              "GNU_FORMAT",
              "add('l', type=tarfile." + link + ", linkname='/tmp')\nadd('l/x', b'x')");
      assertThat(startFailure(Map.of(tar.toString(), "*")))
          .contains("neither file nor folder", "entry=l");
    }
    Path tree = Files.createDirectory(folder.resolve("tree"));
    Files.createSymbolicLink(tree.resolve("link"), folder);
    assertThat(startFailure(Map.of(tree.toString(), "")))
        .contains("neither file nor folder", "tree/link");
    for (String target : List.of("../x", "a/../../x", "/x", "/")) {
      assertThat(refusal("{\"files\": {\"a\": \"" + target + "\"}}"))
          .contains("key=files[\"a\"], value=\"" + target + "\"", "inside the worker's own folder");
    }
  }

  @Test
  void twoFilesForOneTargetAreAnErrorThatNamesBoth() throws IOException {
    assertThat(refusal("{\"files\": {\"a/x.txt\": \"\", \"b/x.txt\": \"./x.txt\"}}"))
        .contains("go to one target: target=x.txt, sources=[a/x.txt, b/x.txt]");
    Path zip = zip("a.zip", Map.of("x.txt", "of the zip"));
    Path file = write("x.txt", "of the file");
    List<String> both = new ArrayList<>();
    both.add(startFailure(Map.of(zip.toString(), "*", file.toString(), "")));
    Path under = write("under", "x");
    both.add(startFailure(Map.of(under.toString(), "x.txt/under", file.toString(), "")));
    assertThat(both)
        .allSatisfy(message -> assertThat(message).contains("two files go to one target", "x.txt"));
  }

  @Test
  void sourcesThatCannotBeUsedAreNamed() throws Exception {
    Path none = folder.resolve("none.csv");
    assertThat(startFailure(Map.of(none.toString(), "")))
        .contains("there is no such file: files, source=" + none);
    assertThat(startFailure(Map.of(folder.toString(), "*"))).contains("this is no archive");
    Path text = write("text.zip", "no zip");
    assertThat(startFailure(Map.of(text.toString(), "*")))
        .contains("no archive that can be unpacked", "allowed: zip, tar, tar.gz");
    Path whole = zip("whole.zip", Map.of("a", "a".repeat(5000)));
    Path cut = folder.resolve("cut.zip");
    Files.write(cut, Arrays.copyOf(Files.readAllBytes(whole), 60));
    assertThat(startFailure(Map.of(cut.toString(), "*"))).contains("cut.zip");
    Path tar = tar("t.tar", "w", "USTAR_FORMAT", "add('a', b'a' * 5000)");
    Path cutTar = folder.resolve("cut.tar");
    Files.write(cutTar, Arrays.copyOf(Files.readAllBytes(tar), 2000));
    assertThat(startFailure(Map.of(cutTar.toString(), "*")))
        .contains("cut.tar", "ends in the midst of a file");
    assertThat(refusal("{\"files\": {\"https://x.org/a.csv\": \"\"}}"))
        .contains("value=\"https://x.org/a.csv\"", "download it first");
    assertThat(refusal("{\"files\": [\"a\"]}"))
        .contains("key=files, value=[a]", "a table of texts");
    assertThat(refusal("{\"files\": {\"a\": 1}}")).contains("key=files[\"a\"], value=1");
    assertThat(refusal("{\"files\": {\"/\": \"a\"}}")).contains("the path of a file");
  }
}
