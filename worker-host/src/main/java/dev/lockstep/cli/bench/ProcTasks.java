package dev.lockstep.cli.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * What the threads of a process have used so far, those of the JVM itself included, which no Java
 * API shows: a picture of {@code /proc/PID/task}.
 */
final class ProcTasks {
  private static final String SWITCHES = "voluntary_ctxt_switches:";

  /** Field 10 of the whole line. */
  private static final int MINOR_FAULTS_AFTER_NAME = 10 - 3;

  private record Task(String name, long cpuNanos, long voluntarySwitches) {}

  private final Map<String, Task> tasks;

  private ProcTasks(Map<String, Task> tasks) {
    this.tasks = tasks;
  }

  /** All threads but the one that looks: what looking costs is not what is looked for. */
  static ProcTasks of(long pid) throws IOException {
    Map<String, Task> tasks = new HashMap<>();
    Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
    Path folder = Path.of("/proc", Long.toString(pid), "task");
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(folder)) {
      for (Path thread : threads) {
        if (thread.endsWith(self)) {
          continue;
        }
        try {
          tasks.put(thread.getFileName().toString(), read(thread));
        } catch (IOException e) {
          // It has ended since.
        }
      }
    }
    if (tasks.isEmpty()) {
      throw new IOException("nothing shows what its threads use: folder=" + folder);
    }
    return new ProcTasks(tasks);
  }

  static ProcTasks ofThisJvm() throws IOException {
    return of(ProcessHandle.current().pid());
  }

  /** Pages of this process that were given to it without reading a disk. */
  static long pageFaultsOfThisJvm() throws IOException {
    String stat = text(Path.of("/proc/self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[MINOR_FAULTS_AFTER_NAME]);
  }

  private static Task read(Path thread) throws IOException {
    String name = text(thread.resolve("comm")).strip();
    String used = text(thread.resolve("schedstat"));
    long switches = 0;
    for (String line : text(thread.resolve("status")).split("\n", -1)) {
      if (line.startsWith(SWITCHES)) {
        switches = Long.parseLong(line.substring(SWITCHES.length()).strip());
      }
    }
    return new Task(name, Long.parseLong(used.substring(0, used.indexOf(' '))), switches);
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
  }

  /** Processor time that threads of such names have used since an earlier picture. */
  long cpuNanosSince(ProcTasks earlier, Predicate<String> name) {
    return since(earlier, name, Task::cpuNanos);
  }

  /** How often threads of such names went to sleep since an earlier picture. */
  long sleepsSince(ProcTasks earlier, Predicate<String> name) {
    return since(earlier, name, Task::voluntarySwitches);
  }

  /** Threads that ended meanwhile do not count, those that began do. */
  private long since(ProcTasks earlier, Predicate<String> name, ToLongFunction<Task> what) {
    long sum = 0;
    for (Map.Entry<String, Task> entry : tasks.entrySet()) {
      if (name.test(entry.getValue().name)) {
        Task before = earlier.tasks.get(entry.getKey());
        sum += what.applyAsLong(entry.getValue()) - (before == null ? 0 : what.applyAsLong(before));
      }
    }
    return sum;
  }
}
