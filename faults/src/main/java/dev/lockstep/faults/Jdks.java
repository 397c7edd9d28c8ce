package dev.lockstep.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The JDKs of this machine, by the {@code release} file in their homes. */
final class Jdks {
  private static final Path FOLDER = Path.of("/usr/lib/jvm");
  private static final String KEY = "JAVA_VERSION=\"";

  private Jdks() {}

  /** The version of a home, or an empty text. */
  static String version(String home) {
    try (Stream<String> lines = Files.lines(Path.of(home, "release"))) {
      return lines
          .filter(line -> line.startsWith(KEY))
          .map(line -> line.substring(KEY.length(), line.length() - 1))
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** The major version of a home; 0 for what is none. */
  static int major(String home) {
    String version = version(home);
    return version.isEmpty() ? 0 : Integer.parseInt(version.replaceFirst("[.+-].*", ""));
  }

  /** Homes of 17 and newer, oldest first, one for each version. */
  static List<String> homes() {
    String own = System.getProperty("java.home");
    try (Stream<Path> found = Files.list(FOLDER)) {
      return Stream.concat(Stream.of(Path.of(own)), found)
          .map(Jdks::real)
          .filter(home -> major(home) >= 17)
          .filter(home -> Files.isExecutable(Path.of(home, "bin", "java")))
          .distinct()
          .sorted(Comparator.comparing(Jdks::major))
          .toList();
    } catch (IOException e) {
      return List.of(own);
    }
  }

  private static String real(Path home) {
    try {
      return home.toRealPath().toString();
    } catch (IOException e) {
      return home.toString();
    }
  }
}
