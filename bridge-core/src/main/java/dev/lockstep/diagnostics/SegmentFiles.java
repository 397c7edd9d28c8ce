package dev.lockstep.diagnostics;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds the segments that a process holds open, through {@code /proc}. A segment has no name in any
 * directory, so the descriptors of its two processes are the only way to it.
 */
public final class SegmentFiles {
  private SegmentFiles() {}

  /**
   * Segments of a worker or of a host: those whose header names the process as the one or the
   * other. Looks at the process's own descriptors and at those of its parent, which is the host of
   * a worker.
   *
   * @throws IOException if the process is not there or its descriptors may not be read
   */
  public static List<SegmentPicture> of(long pid) throws IOException {
    Path ownDescriptors = Path.of("/proc", Long.toString(pid), "fd");
    if (!Files.isDirectory(ownDescriptors)) {
      throw new IOException("no such process: pid=" + pid);
    }
    Map<Map<String, Object>, SegmentPicture> found = new LinkedHashMap<>();
    collect(ownDescriptors, pid, found);
    Optional<Long> parent =
        ProcessHandle.of(pid).flatMap(ProcessHandle::parent).map(ProcessHandle::pid);
    if (found.isEmpty() && parent.isPresent()) {
      Path parentDescriptors = Path.of("/proc", parent.get().toString(), "fd");
      if (Files.isReadable(parentDescriptors)) {
        collect(parentDescriptors, pid, found);
      }
    }
    return new ArrayList<>(found.values());
  }

  private static void collect(
      Path descriptors, long pid, Map<Map<String, Object>, SegmentPicture> found)
      throws IOException {
    try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
      for (Path link : links) {
        if (!Files.isRegularFile(link) || !SegmentReader.isSegment(link)) {
          continue; // Closed while we looked, or another file.
        }
        SegmentPicture picture = SegmentReader.read(link);
        if (picture.workerPid() == pid || picture.hostPid() == pid) {
          // The same segment is often open twice.
          found.putIfAbsent(Files.readAttributes(link, "unix:dev,ino"), picture);
        }
      }
    }
  }
}
