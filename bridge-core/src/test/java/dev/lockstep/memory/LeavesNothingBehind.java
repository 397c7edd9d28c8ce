package dev.lockstep.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.os.ProcFs;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test that leaves a segment's file open, a folder on tmpfs, a child process or a thread.
 * Mappings go with the garbage collector and are not looked at.
 */
public final class LeavesNothingBehind implements BeforeEachCallback, AfterEachCallback {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(LeavesNothingBehind.class);
  private static final long PATIENCE_NANOS = 5_000_000_000L;

  @Override
  public void beforeEach(ExtensionContext context) {
    context.getStore(NAMESPACE).put("before", leftovers());
  }

  @Override
  @SuppressWarnings("unchecked")
  public void afterEach(ExtensionContext context) throws InterruptedException {
    Set<String> before =
        Objects.requireNonNull((Set<String>) context.getStore(NAMESPACE).get("before"));
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    Set<String> left = leftoversSince(before);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(5); // threads and children that are about to end
      left = leftoversSince(before);
    }
    assertThat(left).as("left behind by %s", context.getDisplayName()).isEmpty();
  }

  private static Set<String> leftoversSince(Set<String> before) {
    Set<String> left = new HashSet<>(leftovers());
    left.removeAll(before);
    return left;
  }

  private static Set<String> leftovers() {
    Set<String> found = new HashSet<>();
    for (Path fd : list(Path.of("/proc/self/fd"), "*")) {
      String target = target(fd);
      if (target.contains("lockstep")
          && (target.contains("memfd:") || target.contains("/shm/") || target.contains("pipe:"))) {
        found.add("file " + fd.getFileName() + " -> " + target);
      }
    }
    long pid = ProcessHandle.current().pid();
    for (String hidden : new String[] {"", "."}) {
      String own = hidden + "lockstep-" + ProcFs.ownUid() + "-" + pid + "-*";
      list(Path.of("/dev/shm"), own).forEach(it -> found.add("folder " + it));
    }
    ProcessHandle.current().children().forEach(it -> found.add("process " + it.pid()));
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().startsWith("test-")) {
        found.add("thread " + thread.getName());
      }
    }
    return found;
  }

  private static List<Path> list(Path folder, String glob) {
    List<Path> paths = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, glob)) {
      stream.forEach(paths::add);
    } catch (IOException e) {
      throw new AssertionError("cannot list " + folder, e);
    }
    return paths;
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // the descriptor of the listing itself
    }
  }
}
