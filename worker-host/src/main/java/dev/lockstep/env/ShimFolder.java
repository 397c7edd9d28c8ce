package dev.lockstep.env;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The folder from which workers run their half of the bridge: laid out once per content in the
 * user's cache, {@code ${XDG_CACHE_HOME:-~/.cache}/lockstep/HASH}, or in a temporary folder of this
 * process where there is no home.
 *
 * <p>It is the user's own and closed to others (0700); it appears in one piece, by a rename; and
 * its files are looked at each time, so that what a crash or an editor spoilt is laid out again.
 * Folders of other builds go when nobody has used them for a month.
 */
public final class ShimFolder implements AutoCloseable {
  private static final Set<PosixFilePermission> PRIVATE =
      PosixFilePermissions.fromString("rwx------");
  static final FileAttribute<Set<PosixFilePermission>> AS_PRIVATE =
      PosixFilePermissions.asFileAttribute(PRIVATE);

  private final ShimFiles files;
  private final Path path;
  private final @Nullable TemporaryFolder temporary;

  private ShimFolder(ShimFiles files, Path path, @Nullable TemporaryFolder temporary) {
    this.files = files;
    this.path = path;
    this.temporary = temporary;
  }

  /**
   * Finds the folder, or lays it out.
   *
   * @throws EnvironmentException if the jar is incomplete, or if no folder can be written
   */
  public static ShimFolder open() {
    return open(
        ShimFiles.ofClassPath(), System::getenv, Path.of(System.getProperty("java.io.tmpdir")));
  }

  static ShimFolder open(
      ShimFiles files, UnaryOperator<@Nullable String> environment, Path temporaryBase) {
    Path cache = cacheFolder(environment);
    if (cache != null) {
      try {
        return new ShimFolder(files, inCache(files, cache.resolve("lockstep")), null);
      } catch (IOException | EnvironmentException e) {
        // A home that is not there, not writable or not ours: a folder of our own serves.
      }
    }
    TemporaryFolder temporary = TemporaryFolder.open(temporaryBase, TemporaryFolder.SHIM);
    try {
      Path folder = temporary.path().resolve(files.hash());
      Files.createDirectory(folder, AS_PRIVATE);
      files.writeTo(folder);
      return new ShimFolder(files, folder, temporary);
    } catch (IOException | RuntimeException e) {
      temporary.close();
      throw new EnvironmentException(
          "the Python side cannot be laid out: folder="
              + temporary.path()
              + "; make java.io.tmpdir or XDG_CACHE_HOME writable",
          e);
    }
  }

  static @Nullable Path cacheFolder(UnaryOperator<@Nullable String> environment) {
    String configured = environment.apply("XDG_CACHE_HOME");
    if (configured != null && configured.startsWith("/")) {
      return Path.of(configured);
    }
    String home = environment.apply("HOME");
    return home != null && home.startsWith("/") ? Path.of(home, ".cache") : null;
  }

  private static Path inCache(ShimFiles files, Path parent) throws IOException {
    Files.createDirectories(parent.getParent());
    try {
      Files.createDirectory(parent, AS_PRIVATE);
    } catch (FileAlreadyExistsException e) {
      requireOwn(parent);
    }
    Path folder = parent.resolve(files.hash());
    if (CacheSweep.markUsed(folder) && isUsable(files, folder)) {
      return folder;
    }
    Path draft = CacheSweep.draftOf(folder);
    try {
      Files.createDirectory(draft, AS_PRIVATE);
      files.writeTo(draft);
      publish(files, draft, folder);
    } finally {
      TemporaryFolder.delete(draft);
    }
    CacheSweep.run(parent, folder);
    return folder;
  }

  private static void publish(ShimFiles files, Path draft, Path folder) throws IOException {
    for (int attempt = 0; ; attempt++) {
      try {
        Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
        return;
      } catch (IOException e) {
        if (isUsable(files, folder)) {
          return; // Another process was faster.
        }
        if (attempt == 2) {
          throw e;
        }
      }
      // Something spoilt stands in the way: aside with it. Its users have its files open, or fail.
      Path aside = CacheSweep.draftOf(folder);
      try {
        Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        TemporaryFolder.delete(aside);
      } catch (IOException e) {
        // Another process did it; the next attempt tells.
      }
    }
  }

  private static boolean isUsable(ShimFiles files, Path folder) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try {
      requireOwn(folder);
      return files.areIn(folder);
    } catch (NoSuchFileException e) {
      return false; // A sweep took it this very moment.
    }
  }

  /**
   * A folder that another user could write to would run that user's code here. One look answers for
   * owner, kind and mode: between two a sweep may move the folder away.
   */
  static void requireOwn(Path folder) throws IOException {
    Map<String, Object> found =
        Files.readAttributes(folder, "unix:uid,isDirectory,permissions", LinkOption.NOFOLLOW_LINKS);
    Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    if (!own.equals(found.get("uid"))) {
      throw new EnvironmentException(
          "a folder belongs to another user: folder=" + folder + ", uid=" + found.get("uid"));
    }
    if (!Boolean.TRUE.equals(found.get("isDirectory"))) {
      throw new EnvironmentException("a folder is something else: path=" + folder);
    }
    if (!PRIVATE.equals(found.get("permissions"))) {
      Files.setPosixFilePermissions(folder, PRIVATE);
    }
  }

  /**
   * Where the files are, for a worker that is started now. One who clears caches may have removed
   * them since: then they are laid out again.
   *
   * @throws EnvironmentException if that fails
   */
  public Path path() {
    if (temporary != null || CacheSweep.markUsed(path)) {
      return path;
    }
    try {
      return inCache(files, Objects.requireNonNull(path.getParent()));
    } catch (IOException e) {
      throw new EnvironmentException(
          "the Python side is gone and cannot be laid out again: folder=" + path, e);
    }
  }

  /** Removes a temporary folder; one in the cache stays for the next process. */
  @Override
  public void close() {
    if (temporary != null) {
      temporary.close();
    }
  }
}
