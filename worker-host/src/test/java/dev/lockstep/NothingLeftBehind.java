package dev.lockstep;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * After each test: no process, thread, descriptor, mapping, anonymous file or file of ours is left.
 * Mappings go with the garbage collector; everything else must be gone soon by itself.
 */
final class NothingLeftBehind implements BeforeEachCallback, AfterEachCallback {
  private static final long DEADLINE_NANOS = 10_000_000_000L;
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(NothingLeftBehind.class);

  @Override
  public void beforeEach(ExtensionContext context) {
    context.getStore(NAMESPACE).put("before", Traces.now());
  }

  @Override
  public void afterEach(ExtensionContext context) throws InterruptedException {
    Traces before = context.getStore(NAMESPACE).get("before", Traces.class);
    long deadlineNanos = System.nanoTime() + DEADLINE_NANOS;
    List<String> left = Traces.now().without(before);
    while (!left.isEmpty() && System.nanoTime() - deadlineNanos < 0) {
      System.gc();
      Thread.sleep(20); // between two looks at a condition, not to hide a race
      left = Traces.now().without(before);
    }
    if (!left.isEmpty()) {
      throw new AssertionError("left behind:\n  " + String.join("\n  ", left));
    }
  }

  /** What this process holds. Each trace names itself; equal names are the same thing. */
  private record Traces(Set<String> names) {
    static Traces now() {
      Set<String> names = new TreeSet<>();
      ProcessHandle.current().descendants().forEach(p -> names.add("process " + p.pid()));
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().startsWith("lockstep")) {
          names.add("thread " + thread.getName() + " " + System.identityHashCode(thread));
        }
      }
      try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
        for (Path fd : fds) {
          String target = target(fd);
          if (target.startsWith("pipe:") || target.contains("lockstep")) {
            names.add("descriptor " + fd.getFileName() + " -> " + target);
          }
        }
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(line -> line.contains("memfd:lockstep") || line.contains("/lockstep-"))
            .forEach(line -> names.add("mapping " + line));
        for (String base : List.of("/dev/shm", System.getProperty("java.io.tmpdir"))) {
          try (DirectoryStream<Path> files =
              Files.newDirectoryStream(
                  Path.of(base), "*lockstep-*-" + ProcessHandle.current().pid() + "-*")) {
            files.forEach(file -> names.add("file " + file));
          }
        }
      } catch (IOException e) {
        throw new AssertionError("the process cannot look at itself", e);
      }
      return new Traces(names);
    }

    private static String target(Path fd) {
      try {
        return Files.readSymbolicLink(fd).toString();
      } catch (IOException e) {
        return ""; // closed meanwhile
      }
    }

    List<String> without(Traces before) {
      return new ArrayList<>(
          names.stream().filter(n -> !before.names.contains(n)).collect(Collectors.toList()));
    }
  }
}
