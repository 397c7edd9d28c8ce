package dev.lockstep.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.os.ProcFs;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The private folder for segments that are files, and its sweep after a killed host. */
@ExtendWith(LeavesNothingBehind.class)
class TmpfsFolderTest {
  @TempDir private Path base;

  @Test
  void isPrivateAndGoneAfterClose() throws IOException {
    Path path;
    try (TmpfsFolder folder = TmpfsFolder.open(base)) {
      path = folder.path();
      assertThat(path.getParent()).isEqualTo(base);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
          .isEqualTo("rwx------");
    }
    assertThat(base).isEmptyDirectory();
  }

  @Test
  void twoOfOneProcessLiveSideBySide() {
    try (TmpfsFolder first = TmpfsFolder.open(base);
        TmpfsFolder second = TmpfsFolder.open(base)) {
      assertThat(first.path()).exists().isNotEqualTo(second.path());
      assertThat(second.path()).exists();
    }
    assertThat(base).isEmptyDirectory();
  }

  @Test
  void anotherProcessLeavesALivingHostsFolderAloneAndSweepsAKilledOnes() throws Exception {
    Process host = spawn(Host.class);
    Path left;
    try {
      left = Path.of(readLine(host));
      assertThat(left).isDirectoryContaining("glob:**/segment-*");
      TmpfsFolder.open(base).close();
      assertThat(left).isDirectoryContaining("glob:**/segment-*");
    } finally {
      host.destroyForcibly().waitFor();
    }
    assertThat(left).exists();
    TmpfsFolder.open(base).close();
    assertThat(left).doesNotExist();
    assertThat(base).isEmptyDirectory();
  }

  @Test
  void sweepsWhatAKilledHostOfTheSamePidLeft() throws IOException {
    Path left =
        base.resolve(
            "lockstep-" + ProcFs.ownUid() + "-" + ProcessHandle.current().pid() + "-1-left");
    Files.createDirectory(left);
    Files.createFile(left.resolve("lock"));
    Files.createFile(left.resolve("segment-1"));
    try (TmpfsFolder folder = TmpfsFolder.open(base)) {
      assertThat(left).doesNotExist();
      assertThat(folder.path()).exists();
    }
  }

  @Test
  void sweepsWhatAHostLeftThatWasKilledBeforeItHadALock() throws IOException {
    String draft = ".lockstep-" + ProcFs.ownUid() + "-999999999-1-";
    Path old = Files.createDirectory(base.resolve(draft + "old"));
    Files.createFile(old.resolve("lock"));
    Path inTheMaking = Files.createDirectory(base.resolve(draft + "new"));
    FileTime longAgo = FileTime.from(Instant.now().minus(Duration.ofHours(2)));
    Files.setLastModifiedTime(old, longAgo);
    try (TmpfsFolder folder = TmpfsFolder.open(base)) {
      assertThat(old).doesNotExist();
      assertThat(inTheMaking).exists();
      assertThat(folder.path()).exists();
    }
  }

  @Test
  void followsNoLinkWhenItSweeps() throws IOException {
    Path precious = Files.createDirectory(base.resolve("precious"));
    Files.createFile(precious.resolve("lock"));
    Files.setLastModifiedTime(precious, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    String name = "lockstep-" + ProcFs.ownUid() + "-999999999-1-link";
    Files.createSymbolicLink(base.resolve(name), precious);
    Files.createSymbolicLink(base.resolve("." + name), precious);
    TmpfsFolder.open(base).close();
    assertThat(precious.resolve("lock")).exists();
  }

  @Test
  void aBaseThatIsNotThereIsNamed() {
    Path missing = base.resolve("missing");
    assertThatThrownBy(() -> TmpfsFolder.open(missing))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("base=" + missing);
  }

  private Process spawn(Class<?> main) throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                base.toString()))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String readLine(Process process) throws IOException {
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    String line = reader.readLine();
    assertThat(line).as("what the child said").isNotNull();
    return line;
  }

  /** A host that makes a segment in a folder and waits to be killed. */
  static final class Host {
    private Host() {}

    public static void main(String[] args) throws IOException {
      TmpfsFolder folder = TmpfsFolder.open(Path.of(args[0]));
      SegmentSpec spec = SegmentPair.spec(LaneLayout.MIN_CAPACITY_BYTES, Limits.DEFAULT);
      Segment segment = Segment.createInFolder(spec, new byte[16], folder);
      System.out.println(folder.path());
      System.in.read(); // until the parent kills it
      segment.close();
    }
  }
}
