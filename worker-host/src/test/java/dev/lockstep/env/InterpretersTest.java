package dev.lockstep.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which Python is run. */
class InterpretersTest {
  @TempDir Path folder = Path.of("");
  private final Map<String, String> properties = new HashMap<>();
  private final Map<String, String> environment = new HashMap<>();
  private final Interpreters interpreters = new Interpreters(properties::get, environment::get);

  @BeforeEach
  void anExecutableOnThePath() throws IOException {
    for (String name : new String[] {"python3", "other"}) {
      Path file = Files.createFile(folder.resolve(name));
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }
    environment.put("PATH", "/nowhere:" + folder);
  }

  @Test
  void theBuilderComesBeforeThePropertyBeforeTheVariableBeforeThePath() {
    assertThat(interpreters.find(null)).isEqualTo(folder.resolve("python3"));
    environment.put("LOCKSTEP_PYTHON", "other");
    assertThat(interpreters.find(null)).isEqualTo(folder.resolve("other"));
    properties.put("lockstep.python", folder.resolve("python3").toString());
    assertThat(interpreters.find(null)).isEqualTo(folder.resolve("python3"));
    assertThat(interpreters.find("other")).isEqualTo(folder.resolve("other"));
  }

  @Test
  void whoNamedWhatIsNotThereIsTold() {
    environment.put("LOCKSTEP_PYTHON", "/no/python");
    assertThatThrownBy(() -> interpreters.find(null))
        .isInstanceOf(EnvironmentException.class)
        .hasMessageContaining("interpreter=/no/python")
        .hasMessageContaining("LOCKSTEP_PYTHON");
    environment.clear();
    assertThatThrownBy(() -> interpreters.find(null))
        .hasMessageContaining("interpreter=python3")
        .hasMessageContaining("install Python 3.9 or newer");
  }
}
