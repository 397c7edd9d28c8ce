package dev.lockstep.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the Python side is laid out. */
class ShimFolderTest {
  @TempDir Path folder = Path.of("");
  private final Map<String, byte[]> resources = new HashMap<>();
  private final Map<String, String> environment = new HashMap<>();

  private ShimFiles files() {
    StringBuilder index = new StringBuilder();
    Map<String, byte[]> content = new HashMap<>();
    content.put("__main__.py", "print(1)".getBytes(StandardCharsets.UTF_8));
    content.put("lockstep/deep/x.py", new byte[] {1, 2, 3});
    content.forEach(
        (path, bytes) -> index.append("%s %d %s%n".formatted(sha256(bytes), bytes.length, path)));
    resources.putAll(content);
    resources.put("index", index.toString().getBytes(StandardCharsets.UTF_8));
    return new ShimFiles(
        path -> {
          byte[] bytes = resources.get(path);
          return bytes == null ? null : new ByteArrayInputStream(bytes);
        });
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static List<String> names(Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
      found.forEach(path -> names.add(path.getFileName().toString()));
    }
    return names;
  }

  @Test
  void itIsLaidOutOnceInTheCachePrivateAndWhole() throws IOException {
    environment.put("HOME", folder.toString());
    Path first = ShimFolder.open(files(), environment::get, folder).path();
    assertThat(first.getParent()).isEqualTo(folder.resolve(".cache/lockstep"));
    assertThat(first.resolve("lockstep/deep/x.py")).hasBinaryContent(new byte[] {1, 2, 3});
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
        .isEqualTo("rwx------");
    Object modified = Files.getLastModifiedTime(first.resolve("__main__.py"));
    assertThat(ShimFolder.open(files(), environment::get, folder).path()).isEqualTo(first);
    assertThat(Files.getLastModifiedTime(first.resolve("__main__.py"))).isEqualTo(modified);
    assertThat(names(first.getParent())).containsExactly(first.getFileName().toString());
  }

  @Test
  void whatWasSpoiltIsLaidOutAgain() throws IOException {
    environment.put("XDG_CACHE_HOME", folder.toString());
    Path first = ShimFolder.open(files(), environment::get, folder).path();
    Files.writeString(first.resolve("__main__.py"), "evil()");
    assertThat(ShimFolder.open(files(), environment::get, folder).path()).isEqualTo(first);
    assertThat(first.resolve("__main__.py")).hasContent("print(1)");
    assertThat(names(first.getParent())).containsExactly(first.getFileName().toString());
  }

  @Test
  void whatKeptItsSizeAndWasChangedIsLaidOutAgain() throws IOException {
    environment.put("XDG_CACHE_HOME", folder.toString());
    Path first = ShimFolder.open(files(), environment::get, folder).path();
    Files.writeString(first.resolve("__main__.py"), "print(2)");
    ShimFolder.open(files(), environment::get, folder);
    assertThat(first.resolve("__main__.py")).hasContent("print(1)");
  }

  @Test
  void aCacheThatWasClearedIsLaidOutAgainForTheNextWorker() throws IOException {
    environment.put("XDG_CACHE_HOME", folder.toString());
    ShimFolder shim = ShimFolder.open(files(), environment::get, folder);
    TemporaryFolder.delete(folder.resolve("lockstep"));
    assertThat(shim.path().resolve("__main__.py")).hasContent("print(1)");
  }

  private Path unused(String name, Duration age) throws IOException {
    Path unused = Files.createDirectories(folder.resolve("lockstep").resolve(name));
    Files.writeString(unused.resolve("__main__.py"), "");
    Files.setLastModifiedTime(unused, FileTime.from(Instant.now().minus(age)));
    return unused;
  }

  @Test
  void aNewBuildSweepsWhatNobodyHasUsedForAMonth() throws IOException {
    environment.put("XDG_CACHE_HOME", folder.toString());
    Path old = unused("0123456789abcdef0123456789abcdef", Duration.ofDays(31));
    Path recent = unused("1123456789abcdef0123456789abcdef", Duration.ofDays(29));
    Path draft = unused(".2123456789abcdef0123456789abcdef-x", Duration.ofHours(2));
    Path inTheMaking = unused(".3123456789abcdef0123456789abcdef-x", Duration.ofMinutes(2));
    Path own = ShimFolder.open(files(), environment::get, folder).path();
    assertThat(old).doesNotExist();
    assertThat(draft).doesNotExist();
    assertThat(own.getParent().toFile().listFiles())
        .extracting(File::toPath)
        .containsExactlyInAnyOrder(own, recent, inTheMaking);
  }

  @Test
  void aStartFromAnOldFolderMakesItOneInUse() throws IOException {
    environment.put("XDG_CACHE_HOME", folder.toString());
    Path own = ShimFolder.open(files(), environment::get, folder).path();
    Files.setLastModifiedTime(own, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
    ShimFolder.open(files(), environment::get, folder);
    CacheSweep.run(own.getParent(), folder);
    assertThat(own).exists();
  }

  @Test
  void whatALivingWorkerRunsFromIsNotSweptHoweverOldItIs() throws Exception {
    environment.put("XDG_CACHE_HOME", folder.toString());
    Path old = unused("0123456789abcdef0123456789abcdef", Duration.ofDays(31));
    Path main = old.resolve("__main__.py");
    Files.writeString(main, "import sys; sys.stdout.write('.'); sys.stdout.flush(); input()");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
    Process worker = new ProcessBuilder("python3", main.toString()).start();
    try {
      assertThat(worker.getInputStream().read()).isEqualTo('.');
      Path own = ShimFolder.open(files(), environment::get, folder).path();
      assertThat(main).exists();
      assertThat(own).exists();
    } finally {
      worker.destroyForcibly().waitFor();
    }
  }

  @Test
  void startsAndSweepsAtTheSameTimeNeverLoseAFolder() throws Exception {
    environment.put("XDG_CACHE_HOME", folder.toString());
    ShimFiles files = files();
    Path own = ShimFolder.open(files, environment::get, folder).path();
    AtomicBoolean stop = new AtomicBoolean();
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofDays(31)));
    CompletableFuture<Void> sweeper =
        CompletableFuture.runAsync(
            () -> {
              while (!stop.get()) {
                CacheSweep.run(own.getParent(), folder);
              }
            });
    try {
      for (int i = 0; i < 3000; i++) {
        try {
          Files.setLastModifiedTime(own, longAgo);
        } catch (IOException e) {
          // Swept just now.
        }
        Path opened = ShimFolder.open(files, environment::get, folder).path();
        assertThat(opened).isEqualTo(own);
      }
    } finally {
      stop.set(true);
      sweeper.join();
    }
    assertThat(ShimFolder.open(files, environment::get, folder).path().resolve("__main__.py"))
        .hasContent("print(1)");
  }

  @Test
  void processesThatStartAtOnceShareOne() {
    environment.put("XDG_CACHE_HOME", folder.toString());
    ShimFiles files = files();
    List<CompletableFuture<Path>> all = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      all.add(
          CompletableFuture.supplyAsync(
              () -> ShimFolder.open(files, environment::get, folder).path()));
    }
    assertThat(all.stream().map(CompletableFuture::join).distinct()).hasSize(1);
  }

  @Test
  void withoutAHomeATemporaryFolderServesAndGoes() throws IOException {
    try (ShimFolder shim = ShimFolder.open(files(), environment::get, folder)) {
      assertThat(shim.path().resolve("__main__.py")).hasContent("print(1)");
      assertThat(shim.path().startsWith(folder)).isTrue();
    }
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void whatAKilledProcessLeftIsSweptAndWhatALivingOneHasIsNot() throws IOException {
    Path dead = Files.createDirectories(folder.resolve("lockstep-shim-999999999-x/deep"));
    Files.writeString(dead.getParent().resolve("lock"), "");
    Files.writeString(dead.resolve("file"), "");
    try (ShimFolder living = ShimFolder.open(files(), environment::get, folder)) {
      assertThat(dead).doesNotExist();
      ShimFolder.open(files(), environment::get, folder).close();
      assertThat(living.path().resolve("__main__.py")).exists();
    }
  }

  @Test
  void anIncompleteJarIsNamed() {
    ShimFiles files = files();
    resources.remove("lockstep/deep/x.py");
    assertThatThrownBy(() -> ShimFolder.open(files, environment::get, folder))
        .isInstanceOf(EnvironmentException.class);
    assertThatThrownBy(() -> new ShimFiles(path -> null))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("lockstep-python-shim");
  }
}
