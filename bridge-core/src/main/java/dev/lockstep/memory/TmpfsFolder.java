package dev.lockstep.memory;

import dev.lockstep.os.ProcFs;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A private folder (0700) for segments that are files. Whoever opens one first sweeps what killed
 * hosts of the same user left behind: each folder holds a locked file, and the kernel releases the
 * lock of the dead.
 */
public final class TmpfsFolder implements AutoCloseable {
  private static final String LOCK = "lock";
  private static final Duration UNFINISHED = Duration.ofHours(1);

  private final Path folder;
  private final FileChannel lockChannel;
  private final AtomicInteger files = new AtomicInteger();

  private TmpfsFolder(Path folder, FileChannel lockChannel) {
    this.folder = folder;
    this.lockChannel = lockChannel;
  }

  /**
   * Sweeps {@code base} and makes a new folder in it.
   *
   * @param base usually {@code /dev/shm}
   * @throws SegmentException if the folder cannot be made
   */
  public static TmpfsFolder open(Path base) {
    String prefix = "lockstep-" + ProcFs.ownUid() + "-";
    // With the start time: in a container every host has the same pid, and would never sweep.
    long pid = ProcessHandle.current().pid();
    String own = prefix + pid + "-" + ProcFs.startTime(pid).orElse(0) + "-";
    sweep(base, prefix, own);
    sweepDrafts(base, prefix);
    Path draft = base.resolve("." + own + UUID.randomUUID());
    Path folder = base.resolve(own + UUID.randomUUID());
    FileChannel channel = null;
    try {
      Files.createDirectory(
          draft,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      channel =
          FileChannel.open(
              draft.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      FileLock lock = channel.lock();
      if (!lock.isValid()) {
        throw new IOException("the lock is not valid");
      }
      // Visible to sweepers only once it is locked.
      Files.move(draft, folder);
      return new TmpfsFolder(folder, channel);
    } catch (IOException e) {
      closeQuietly(channel);
      delete(draft);
      throw new SegmentException(
          "a folder for segments cannot be made: base="
              + base
              + "; choose another with segmentFolder",
          e);
    }
  }

  private static void sweep(Path base, String prefix, String own) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(base, prefix + "*")) {
      for (Path candidate : found) {
        // Opening and closing a lock file of this very process would release its lock: POSIX locks
        // are per process.
        if (!candidate.getFileName().toString().startsWith(own) && isOwnFolder(candidate)) {
          sweepOne(candidate);
        }
      }
    } catch (IOException e) {
      // Nothing to sweep, or not ours: making the folder will say more.
    }
  }

  /** Of hosts that were killed between making a folder and locking it. */
  private static void sweepDrafts(Path base, String prefix) {
    Instant longAgo = Instant.now().minus(UNFINISHED);
    try (DirectoryStream<Path> found = Files.newDirectoryStream(base, "." + prefix + "*")) {
      for (Path draft : found) {
        if (isOwnFolder(draft) && Files.getLastModifiedTime(draft).toInstant().isBefore(longAgo)) {
          delete(draft);
        }
      }
    } catch (IOException e) {
      // Gone meanwhile, or not ours.
    }
  }

  /** Anybody can put a link to a folder of ours, under a name like ours, where all can write. */
  private static boolean isOwnFolder(Path candidate) throws IOException {
    return Files.isDirectory(candidate, LinkOption.NOFOLLOW_LINKS)
        && Files.getAttribute(candidate, "unix:uid", LinkOption.NOFOLLOW_LINKS)
            .equals(ProcFs.ownUid());
  }

  private static void sweepOne(Path candidate) {
    try (FileChannel channel =
        FileChannel.open(candidate.resolve(LOCK), StandardOpenOption.WRITE)) {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        delete(candidate);
      }
    } catch (OverlappingFileLockException | IOException e) {
      // Alive in this JVM, or gone meanwhile.
    }
  }

  private static void delete(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      // The next sweep finds it again.
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // It was only a lock.
      }
    }
  }

  Path newFile() {
    return folder.resolve("segment-" + files.incrementAndGet());
  }

  /** The folder itself. */
  public Path path() {
    return folder;
  }

  /** Removes the folder and what is in it. */
  @Override
  public void close() {
    delete(folder);
    closeQuietly(lockChannel);
  }
}
