package dev.lockstep.env;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * Removes from the cache what nobody uses any more: folders of other builds, and drafts of
 * processes that were killed while they wrote.
 *
 * <p>A folder's time of change is when a worker was last started from it. No lock is needed against
 * those who start: they say so first and look at the folder after, the sweep moves a folder out of
 * the way first and looks at its time again after. One of the two sees the other.
 */
final class CacheSweep {
  static final Duration UNUSED = Duration.ofDays(30);
  static final Duration UNFINISHED = Duration.ofHours(1);

  private CacheSweep() {}

  /** Says that workers are started from a folder; false if it is not there. */
  static boolean markUsed(Path folder) {
    try {
      Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Sweeps the folders of a cache, all but the one that was just laid out. */
  static void run(Path cache, Path own) {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(cache)) {
      for (Path folder : found) {
        boolean draft = isDraft(folder);
        if (!folder.equals(own)
            && isOlder(folder, draft ? UNFINISHED : UNUSED)
            && (draft || !isRunFrom(folder))) {
          remove(folder, draft);
        }
      }
    } catch (IOException e) {
      // The next build that is laid out sweeps again.
    }
  }

  static Path draftOf(Path folder) {
    return folder.resolveSibling("." + folder.getFileName() + "-" + UUID.randomUUID());
  }

  private static boolean isDraft(Path folder) {
    return folder.getFileName().toString().startsWith(".");
  }

  /** Whether it is a folder that was last changed so long ago. */
  static boolean isOlder(Path folder, Duration age) throws IOException {
    return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
        && Files.getLastModifiedTime(folder, LinkOption.NOFOLLOW_LINKS)
            .toInstant()
            .isBefore(Instant.now().minus(age));
  }

  /** Whether a process runs a file in it: a worker imports from there as long as it lives. */
  private static boolean isRunFrom(Path folder) {
    String prefix = folder + "/";
    return ProcessHandle.allProcesses()
        .anyMatch(process -> process.info().commandLine().orElse("").contains(prefix));
  }

  private static void remove(Path folder, boolean draft) throws IOException {
    Path aside = draft ? folder : draftOf(folder);
    if (!draft) {
      Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
      if (!isOlder(aside, UNUSED)) {
        // Somebody starts a worker from it this very moment. If they laid it out again already, the
        // name is taken, and what was moved is of no use.
        try {
          Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
          return;
        } catch (IOException e) {
          // As just said.
        }
      }
    }
    TemporaryFolder.delete(aside);
  }
}
