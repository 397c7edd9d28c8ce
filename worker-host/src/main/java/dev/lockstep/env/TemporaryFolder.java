package dev.lockstep.env;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A private folder (0700) of this process, removed when closed. Whoever opens one first sweeps
 * those of killed processes: each holds a locked file, and the kernel releases the lock of the
 * dead.
 */
final class TemporaryFolder implements AutoCloseable {
  static final String SHIM = "lockstep-shim-";
  static final String FILES = "lockstep-files-";
  private static final String LOCK = "lock";

  private final Path path;
  private final FileChannel lock;

  private TemporaryFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes one.
   *
   * @param prefix of its name, {@link #SHIM} or {@link #FILES}; those of the same prefix are swept
   */
  static TemporaryFolder open(Path base, String prefix) {
    long pid = ProcessHandle.current().pid();
    sweep(base, prefix, prefix + pid + "-");
    String name = pid + "-" + UUID.randomUUID();
    Path draft = base.resolve("." + prefix + name);
    Path folder = base.resolve(prefix + name);
    try {
      Files.createDirectory(
          draft,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      FileChannel channel =
          FileChannel.open(
              draft.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      if (!channel.lock().isValid()) {
        throw new IOException("the lock is not valid");
      }
      // Seen by sweepers only once it is locked.
      Files.move(draft, folder);
      return new TemporaryFolder(folder, channel);
    } catch (IOException e) {
      delete(draft);
      throw new EnvironmentException(
          "a temporary folder cannot be made: folder="
              + base
              + "; make java.io.tmpdir writable, or set HOME or XDG_CACHE_HOME",
          e);
    }
  }

  private static void sweep(Path base, String prefix, String ownPrefix) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(base, prefix + "*")) {
      Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      for (Path candidate : found) {
        // To open and close a lock file of this very process would release its lock.
        if (!candidate.getFileName().toString().startsWith(ownPrefix)
            && own.equals(Files.getAttribute(candidate, "unix:uid", LinkOption.NOFOLLOW_LINKS))) {
          sweepOne(candidate);
        }
      }
    } catch (IOException e) {
      // Nothing to sweep, or not ours.
    }
    sweepDrafts(base, prefix);
  }

  /** Of processes that were killed before they had locked what they were making. */
  private static void sweepDrafts(Path base, String prefix) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(base, "." + prefix + "*")) {
      Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      for (Path draft : found) {
        if (own.equals(Files.getAttribute(draft, "unix:uid", LinkOption.NOFOLLOW_LINKS))
            && CacheSweep.isOlder(draft, CacheSweep.UNFINISHED)) {
          delete(draft);
        }
      }
    } catch (IOException e) {
      // As above.
    }
  }

  private static void sweepOne(Path candidate) {
    try (FileChannel channel =
        FileChannel.open(candidate.resolve(LOCK), StandardOpenOption.WRITE)) {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        delete(candidate);
      }
    } catch (OverlappingFileLockException | IOException e) {
      // Its process is alive, or somebody else swept it.
    }
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    delete(path);
    try {
      lock.close();
    } catch (IOException e) {
      // It was only a lock.
    }
  }

  /** Deletes a folder and what is in it, as far as that goes; never follows a link. */
  static void delete(Path folder) {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
                throws IOException {
              Files.deleteIfExists(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      // The next sweep finds it again.
    }
  }
}
