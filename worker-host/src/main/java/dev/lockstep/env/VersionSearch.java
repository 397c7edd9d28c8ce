package dev.lockstep.env;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Finds a CPython by its version among those installed. Each is asked by a run of its own, those
 * first whose path names the version.
 */
final class VersionSearch {
  private static final long ANSWER_SECONDS = 20;
  private static final int OLDEST_MINOR = 9;
  private static final String QUESTION =
      "import sys; print('%s %d.%d.%d' % ((sys.implementation.name,) + tuple(sys.version_info[:3])))";

  /**
   * The path of one of that version.
   *
   * @param version one to three numbers: {@code 3}, {@code 3.12}, {@code 3.12.1}
   * @throws EnvironmentException listing what there is instead
   */
  Path find(String version) throws InterruptedException {
    if (isTooOld(version)) {
      throw new EnvironmentException(
          "this Python is too old: interpreter=" + version + ", needed is 3.9 or newer");
    }
    List<Path> candidates = new ArrayList<>(InstalledPythons.find());
    candidates.sort(Comparator.comparing(path -> !path.toString().contains(version)));
    Map<String, Path> found = new LinkedHashMap<>();
    for (Path candidate : candidates) {
      String answer = ask(candidate);
      if ((answer + ".").startsWith("cpython " + version + ".")) {
        return candidate;
      }
      if (!answer.isEmpty()) {
        found.putIfAbsent(answer, candidate);
      }
    }
    throw new EnvironmentException(
        "no Python of this version is installed: interpreter="
            + version
            + ", found="
            + found
            + "; install it (pyenv install "
            + version
            + ", uv python install "
            + version
            + ", apt install python"
            + version
            + "), or name another version or a path");
  }

  private static boolean isTooOld(String version) {
    String[] numbers = version.split("\\.", -1);
    int major = numbers[0].length() > 3 ? 0 : Integer.parseInt(numbers[0]);
    boolean hasMinor = numbers.length > 1 && numbers[1].length() < 4;
    return major < 3 || (major == 3 && hasMinor && Integer.parseInt(numbers[1]) < OLDEST_MINOR);
  }

  /** Kind and version; empty for one that does not answer. */
  private static String ask(Path python) throws InterruptedException {
    Process process;
    try {
      process =
          new ProcessBuilder(python.toString(), "-I", "-S", "-c", QUESTION)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return "";
    }
    try {
      process.getOutputStream().close();
      if (!process.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        return "";
      }
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return "";
    } finally {
      process.destroyForcibly();
    }
  }
}
