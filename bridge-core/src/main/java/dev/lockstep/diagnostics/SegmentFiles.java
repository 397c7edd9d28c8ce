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
 * Finds the segments of a process, through {@code /proc}. A segment has no name in any directory,
 * so the descriptors of its host are the way to it; of one on tmpfs not even a descriptor stays,
 * but whoever may trace the process can read its memory.
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
    if (found.isEmpty()) {
      return mapped(pid);
    }
    return new ArrayList<>(found.values());
  }

  /** Segments on tmpfs that the process has mapped; none where its memory may not be read. */
  private static List<SegmentPicture> mapped(long pid) throws IOException {
    List<SegmentPicture> pictures = new ArrayList<>();
    Path process = Path.of("/proc", Long.toString(pid));
    for (String line : Files.readAllLines(process.resolve("maps"))) {
      if (line.contains("/lockstep-") && line.contains("/segment-")) {
        long base = Long.parseUnsignedLong(line.substring(0, line.indexOf('-')), 16);
        SegmentPicture picture = SegmentReader.read(process.resolve("mem"), base);
        if (picture.workerPid() == pid || picture.hostPid() == pid) {
          pictures.add(picture);
        }
      }
    }
    return pictures;
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
