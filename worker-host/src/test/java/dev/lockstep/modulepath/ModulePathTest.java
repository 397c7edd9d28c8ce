package dev.lockstep.modulepath;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The library works as modules, too, with nothing of it on the class path, and says nothing. */
class ModulePathTest {
  @Test
  @Timeout(60)
  void aWorkerAnswersAProgramThatHasTheLibraryOnItsModulePath()
      throws IOException, InterruptedException {
    List<String> modules = new ArrayList<>();
    List<String> rest = new ArrayList<>();
    Pattern ours = Pattern.compile(".*/(bridge-core|worker-host|python-shim)/target/.*");
    for (String entry :
        System.getProperty("java.class.path").split(Pattern.quote(File.pathSeparator), -1)) {
      boolean isModule =
          (ours.matcher(entry).matches() && !entry.contains("test-classes"))
              || entry.contains("/jna-")
              || entry.contains("/jackson-");
      (isModule ? modules : rest).add(entry);
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--module-path",
                String.join(File.pathSeparator, modules),
                "--add-modules",
                "dev.lockstep.host",
                "-cp",
                String.join(File.pathSeparator, rest)));
    if (Runtime.version().feature() >= 24) {
      command.add("--enable-native-access=com.sun.jna");
    }
    command.add(ModulePathProgram.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said.strip()).isEqualTo("dev.lockstep.host 42");
  }
}
