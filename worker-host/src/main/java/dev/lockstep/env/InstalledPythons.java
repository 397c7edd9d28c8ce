package dev.lockstep.env;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The Python interpreters of this machine, wherever they are usually put. */
public final class InstalledPythons {
  private static final Pattern NAME = Pattern.compile("python3(\\.\\d+)?t?|pypy3(\\.\\d+)?");

  private InstalledPythons() {}

  /**
   * Those on the PATH in its order, then those of pyenv and of uv; each once, however many names it
   * has. Whether one of them runs is not known yet.
   */
  public static List<Path> find() {
    List<Path> candidates = new ArrayList<>();
    String path = System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
    for (String folder : path.split(File.pathSeparator, -1)) {
      // pyenv's shims are scripts that choose one of its versions, which follow below.
      if (!folder.isEmpty() && !folder.endsWith("/.pyenv/shims")) {
        candidates.addAll(listed(Path.of(folder)));
      }
    }
    String home = System.getProperty("user.home");
    addVersions(candidates, Path.of(home, ".pyenv", "versions"));
    addVersions(candidates, Path.of(home, ".local", "share", "uv", "python"));
    return distinct(candidates);
  }

  /** A folder that holds a folder for each version. */
  private static void addVersions(List<Path> candidates, Path versions) {
    if (!Files.isDirectory(versions)) {
      return;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(versions)) {
      List<Path> sorted = new ArrayList<>();
      folders.forEach(folder -> sorted.add(folder.resolve("bin").resolve("python3")));
      sorted.sort(null);
      candidates.addAll(sorted);
    } catch (IOException e) {
      // Not ours to read: then they are not offered.
    }
  }

  private static List<Path> listed(Path folder) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            folder, file -> NAME.matcher(file.getFileName().toString()).matches())) {
      files.forEach(found::add);
    } catch (IOException e) {
      return List.of(); // The PATH may name what is not there.
    }
    found.sort(Comparator.reverseOrder()); // python3 before pypy3
    return found;
  }

  private static List<Path> distinct(List<Path> candidates) {
    Map<Path, Path> byRealPath = new LinkedHashMap<>();
    for (Path candidate : candidates) {
      try {
        if (Files.isExecutable(candidate)) {
          byRealPath.putIfAbsent(candidate.toRealPath(), candidate);
        }
      } catch (IOException e) {
        // A link to nothing.
      }
    }
    return List.copyOf(byRealPath.values());
  }
}
