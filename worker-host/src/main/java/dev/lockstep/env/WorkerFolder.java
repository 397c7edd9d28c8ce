package dev.lockstep.env;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder of one worker's own, below the system's temporary folder, with the files that its
 * configuration asks for. Closed to others (0700), gone after the worker; that of a killed host is
 * swept by the next one that makes such a folder.
 *
 * <p>Nothing is written outside of it: targets are relative and of plain names, no link is made,
 * and nothing is written twice.
 */
public final class WorkerFolder implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final long MOST_BYTES = 4L * 1024 * 1024 * 1024;
  private static final int MOST_FILES = 100_000;

  private final TemporaryFolder temporary;
  private final Path path;
  private final Map<Path, String> origins = new HashMap<>();
  private long bytes;

  private WorkerFolder(TemporaryFolder temporary) throws IOException {
    this.temporary = temporary;
    this.path = temporary.path().resolve("files").toRealPath();
  }

  /**
   * An empty one.
   *
   * @throws EnvironmentException if it cannot be made
   */
  public static WorkerFolder open() {
    TemporaryFolder temporary =
        TemporaryFolder.open(Path.of(System.getProperty("java.io.tmpdir")), TemporaryFolder.FILES);
    try {
      Files.createDirectory(temporary.path().resolve("files"));
      return new WorkerFolder(temporary);
    } catch (IOException e) {
      temporary.close();
      throw new EnvironmentException(
          "a folder for files cannot be made: folder=" + temporary.path() + ", " + e, e);
    }
  }

  public Path path() {
    return path;
  }

  /**
   * Copies a file or a folder, or unpacks an archive.
   *
   * @param target relative, divided by slashes; empty for this folder itself
   * @param unpacks whether the content of the archive goes below the target
   * @throws EnvironmentException naming the source and what is wrong
   * @throws InterruptedException if the thread was interrupted meanwhile
   */
  public void add(Path source, String target, boolean unpacks) throws InterruptedException {
    String problem =
        !Files.exists(source)
            ? "there is no such file"
            : !Files.isReadable(source)
                ? "the file is not readable"
                : unpacks && !Files.isRegularFile(source) ? "this is no archive" : "";
    if (!problem.isEmpty()) {
      throw new EnvironmentException(
          problem + ": files, source=" + source + ", target=" + target + "; correct the path");
    }
    try {
      if (unpacks) {
        new Unpacking(this, source, target).run();
      } else if (Files.isDirectory(source)) {
        copyFolder(source, target);
      } else {
        copy(source, target);
      }
    } catch (IOException | InvalidPathException e) {
      throw new EnvironmentException(
          "a file cannot be put into the worker's folder: source="
              + source
              + ", target="
              + target
              + ", "
              + e,
          e);
    }
  }

  private void copyFolder(Path source, String target) throws IOException, InterruptedException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(source)) {
      all = found.limit(MOST_FILES + 1L).toList();
    }
    for (Path each : all) {
      String inside = source.relativize(each).toString();
      String to = target.isEmpty() || inside.isEmpty() ? target + inside : target + "/" + inside;
      if (Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
        addFolder(to);
      } else if (Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)) {
        copy(each, to);
      } else {
        throw new EnvironmentException(
            "a folder to copy holds what is neither file nor folder: source="
                + each
                + "; name what the link leads to as a file of its own");
      }
    }
  }

  private void copy(Path source, String target) throws IOException, InterruptedException {
    try (InputStream in = Files.newInputStream(source)) {
      addFile(in, target, Files.isExecutable(source), source.toString());
    }
  }

  void addFolder(String target) throws IOException {
    try {
      Files.createDirectories(path.resolve(target));
    } catch (FileAlreadyExistsException e) {
      throw taken(target, "a folder", origins.getOrDefault(path.resolve(target), "a file"));
    }
  }

  /** Writes a file that is not there yet. */
  void addFile(InputStream content, String target, boolean isExecutable, String origin)
      throws IOException, InterruptedException {
    Path file = path.resolve(target);
    if (origins.size() >= MOST_FILES) {
      throw new EnvironmentException("too many files: source=" + origin + ", limit=" + MOST_FILES);
    }
    try {
      Files.createDirectories(file.getParent());
      try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
        write(content, out, origin);
      }
    } catch (FileAlreadyExistsException e) {
      Path other = Path.of(e.getFile());
      throw taken(target, origin, origins.getOrDefault(other, "a folder of the same name"));
    }
    Files.setPosixFilePermissions(
        file, PosixFilePermissions.fromString(isExecutable ? "rwx------" : "rw-------"));
    origins.put(file, origin);
  }

  private void write(InputStream content, OutputStream out, String origin)
      throws IOException, InterruptedException {
    byte[] buffer = new byte[BUFFER_BYTES];
    for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
      bytes += read;
      if (bytes > MOST_BYTES) {
        throw new EnvironmentException(
            "files are too long: source=" + origin + ", limit=" + MOST_BYTES + " bytes in all");
      }
      out.write(buffer, 0, read);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  private static EnvironmentException taken(String target, String origin, String other) {
    return new EnvironmentException(
        "two files go to one target: target="
            + target
            + ", sources=["
            + other
            + ", "
            + origin
            + "]; give each a target of its own");
  }

  /** Removes it and all that is in it. */
  @Override
  public void close() {
    temporary.close();
  }
}
