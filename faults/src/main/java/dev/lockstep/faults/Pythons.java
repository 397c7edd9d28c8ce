package dev.lockstep.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The interpreters of this machine. */
final class Pythons {
  private static final Path SYSTEM = Path.of("/usr/bin/python3");
  private static final int OLDEST_MINOR = 9;
  private static final Path PYPY = Path.of("/usr/bin/pypy3");

  private Pythons() {}

  /** The one that the system brings, or whatever {@code python3} is. */
  static String system() {
    return Files.isExecutable(SYSTEM) ? SYSTEM.toString() : "python3";
  }

  /** The system's, the oldest and the newest of pyenv, PyPy: as many as there are. */
  static List<String> all() {
    List<String> found = new ArrayList<>(List.of(system()));
    Path versions = Path.of(System.getProperty("user.home"), ".pyenv", "versions");
    if (Files.isDirectory(versions)) {
      try (Stream<Path> folders = Files.list(versions)) {
        List<Path> sorted =
            folders
                .filter(folder -> folder.getFileName().toString().matches("3\\.\\d+\\.\\d+"))
                .filter(folder -> minor(folder) >= OLDEST_MINOR)
                .sorted((a, b) -> Integer.compare(minor(a), minor(b)))
                .map(folder -> folder.resolve("bin/python3"))
                .filter(Files::isExecutable)
                .toList();
        if (!sorted.isEmpty()) {
          found.add(sorted.get(0).toString());
          found.add(sorted.get(sorted.size() - 1).toString());
        }
      } catch (IOException e) {
        // The system's is enough.
      }
    }
    if (Files.isExecutable(PYPY)) {
      found.add(PYPY.toString());
    }
    return found.stream().distinct().toList();
  }

  private static int minor(Path folder) {
    return Integer.parseInt(folder.getFileName().toString().split("\\.", -1)[1]);
  }

  /** The twins that it can have. */
  static List<String> twins(String python) {
    return isAccelerated(python) ? List.of("c", "py") : List.of("py");
  }

  /** Whether a C twin can be there for it. */
  static boolean isAccelerated(String python) {
    return !python.contains("pypy");
  }
}
