package dev.lockstep.faults;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What this process holds now: child processes, threads, descriptors, mappings, files on tmpfs.
 * Each trace names itself; equal names are the same thing. The JDK's own process reaper does not
 * count.
 */
record Traces(Map<String, String> named) {
  private static final long DEADLINE_NANOS = 10_000_000_000L;
  private static final long LOOK_MILLIS = 10;

  static Traces now() {
    Map<String, String> named = new TreeMap<>();
    ProcessHandle.current()
        .descendants()
        .forEach(p -> named.put("process " + p.pid(), p.info().commandLine().orElse("(a zombie)")));
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("lockstep")) {
        named.put("thread " + thread.getName() + " " + System.identityHashCode(thread), "");
      }
    }
    try {
      descriptors(named);
      for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
        if (line.contains("memfd:lockstep") || line.contains("/segment-")) {
          named.put("mapping " + line, "");
        }
      }
      files(Path.of("/dev/shm"), named);
    } catch (IOException e) {
      throw new AssertionError("the process cannot look at itself", e);
    }
    return new Traces(named);
  }

  private static void descriptors(Map<String, String> named) throws IOException {
    try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path fd : fds) {
        try {
          String target = Files.readSymbolicLink(fd).toString();
          if (!target.startsWith("/proc/") && !target.endsWith(".jar")) {
            named.put("descriptor " + fd.getFileName() + " -> " + target, "");
          }
        } catch (IOException e) {
          // Closed meanwhile: that of the listing itself.
        }
      }
    }
  }

  private static void files(Path folder, Map<String, String> named) throws IOException {
    String own = "-" + ProcessHandle.current().pid() + "-";
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*lockstep-*")) {
      for (Path file : found) {
        if (file.toString().contains(own)) {
          named.put("file " + file, "");
        }
      }
    }
  }

  /** What is there that was not, once everything had time to go; mappings go with a collection. */
  List<String> leftSince(Traces before) throws InterruptedException {
    long deadlineNanos = System.nanoTime() + DEADLINE_NANOS;
    List<String> left = since(before);
    while (!left.isEmpty() && System.nanoTime() - deadlineNanos < 0) {
      System.gc();
      Thread.sleep(LOOK_MILLIS);
      left = now().since(before);
    }
    return left;
  }

  private List<String> since(Traces before) {
    return named.entrySet().stream()
        .filter(entry -> !before.named.containsKey(entry.getKey()))
        .map(entry -> (entry.getKey() + " " + entry.getValue()).strip())
        .toList();
  }
}
