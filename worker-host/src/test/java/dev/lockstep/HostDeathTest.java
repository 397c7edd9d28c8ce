package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A host that is killed takes its workers along and leaves nothing that the next does not sweep.
 */
@ExtendWith(NothingLeftBehind.class)
@Timeout(120)
class HostDeathTest {
  @ParameterizedTest
  @MethodSource("dev.lockstep.Twin#all")
  void aKilledHostLeavesNoWorkerAndNoFile(Twin twin) throws IOException, InterruptedException {
    Process host =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                KilledHost.class.getName(),
                twin.kind().name(),
                twin.accelerator().name())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(host.getInputStream(), StandardCharsets.UTF_8))) {
      ProcessHandle worker = ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
      host.destroyForcibly().waitFor();
      long startNanos = System.nanoTime();
      while (worker.isAlive()) {
        assertThat(Duration.ofNanos(System.nanoTime() - startNanos))
            .as("a busy worker of a killed host")
            .isLessThan(Duration.ofSeconds(20));
        Thread.sleep(5); // between two looks at a condition
      }
    } finally {
      host.destroyForcibly();
    }
    if (twin.kind() == SegmentKind.TMPFS) {
      try (PyWorker next = twin.set(PyWorker.source("")).start()) {
        next.ready().join();
      }
    }
    assertThat(filesOf(host.pid())).isEmpty();
  }

  private static List<Path> filesOf(long pid) throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(Path.of("/dev/shm"), "*lockstep-*-" + pid + "-*")) {
      files.forEach(found::add);
    }
    return found;
  }
}
