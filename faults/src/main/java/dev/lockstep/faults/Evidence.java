package dev.lockstep.faults;

import dev.lockstep.diagnostics.SegmentFiles;
import dev.lockstep.os.Signals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What is kept of a row that hangs, and how it is ended.
 *
 * <p>Of every process: state, what each thread waits for, mappings, its segments in words. Then the
 * JVM is asked for its stacks (SIGQUIT) and each worker aborted, whose fault handler writes the
 * Python stack of every thread to stderr, also from within C.
 */
final class Evidence {
  private static final int SIGQUIT = 3;
  private static final int SIGABRT = 6;
  private static final Duration STACKS_ARE_WRITTEN = Duration.ofSeconds(2);

  private Evidence() {}

  /** Writes everything into a folder; returns it. */
  static Path collect(ProcessHandle host, Path folder, Path log)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    List<ProcessHandle> all = new ArrayList<>(List.of(host));
    host.descendants().forEach(all::add);
    for (ProcessHandle process : all) {
      describe(process.pid(), folder);
    }
    signal(host, SIGQUIT);
    Thread.sleep(STACKS_ARE_WRITTEN.toMillis()); // for the JVM to write; nothing depends on it
    for (ProcessHandle worker : all) {
      if (worker.pid() != host.pid()) {
        signal(worker, Processes.SIGCONT);
        signal(worker, SIGABRT);
      }
    }
    Thread.sleep(STACKS_ARE_WRITTEN.toMillis()); // likewise
    Files.copy(log, folder.resolve("host.log"));
    return folder;
  }

  private static void describe(long pid, Path folder) throws IOException {
    Path proc = Path.of("/proc", Long.toString(pid));
    StringBuilder text = new StringBuilder();
    for (String name : List.of("cmdline", "status", "maps")) {
      text.append("--- ").append(name).append('\n').append(read(proc.resolve(name))).append('\n');
    }
    try (Stream<Path> tasks = Files.list(proc.resolve("task"))) {
      tasks.forEach(
          task ->
              text.append("--- thread ")
                  .append(task.getFileName())
                  .append(' ')
                  .append(read(task.resolve("comm")).strip())
                  .append(": ")
                  .append(read(task.resolve("wchan")))
                  .append(", syscall ")
                  .append(read(task.resolve("syscall"))));
    } catch (IOException e) {
      text.append("no threads: ").append(e).append('\n');
    }
    try {
      SegmentFiles.of(pid)
          .forEach(segment -> text.append("--- segment\n").append(segment).append('\n'));
    } catch (IOException e) {
      text.append("no segment: ").append(e).append('\n');
    }
    Files.writeString(folder.resolve("process-" + pid + ".txt"), text);
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).replace('\0', ' ');
    } catch (IOException e) {
      return "(" + e.getMessage() + ")";
    }
  }

  private static void signal(ProcessHandle process, int number) {
    if (process.isAlive()) {
      Signals.send(process.pid(), number);
    }
  }

  static void killTree(ProcessHandle host) {
    List<ProcessHandle> all = new ArrayList<>(host.descendants().toList());
    all.add(host);
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /** Kills every process but this one that has a variable in its environment; what those were. */
  static List<String> killMarked(String variable) throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
      for (Path process : processes) {
        String environment = read(process.resolve("environ"));
        long pid = Long.parseLong(process.getFileName().toString());
        if (environment.contains(variable + " ") && pid != ProcessHandle.current().pid()) {
          found.add(pid + " " + read(process.resolve("cmdline")).strip());
          Optional<ProcessHandle> alive = ProcessHandle.of(pid);
          alive.ifPresent(ProcessHandle::destroyForcibly);
        }
      }
    }
    return found;
  }
}
