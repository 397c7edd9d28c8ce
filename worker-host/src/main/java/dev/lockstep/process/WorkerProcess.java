package dev.lockstep.process;

import dev.lockstep.os.Fd;
import dev.lockstep.os.OsException;
import dev.lockstep.os.ProcFs;
import dev.lockstep.os.Signals;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A worker's process. Thread-safe.
 *
 * <p>It leads a process group of its own as soon as its start-up code has run; signals go to it
 * only while its pid still names it, that is, while its start time is the one that it began with.
 */
public final class WorkerProcess {
  /** So much is written to a pipe without a reader: 64 KiB is what Linux gives one. */
  private static final int WRITTEN_AT_ONCE_BYTES = 32 * 1024;

  private final Process process;
  private final OutputStream stdin;
  private final OptionalLong startTime;
  private final StackFile stackFile;

  private WorkerProcess(Process process) {
    this.process = process;
    this.stdin = process.getOutputStream();
    this.startTime = ProcFs.startTime(process.pid());
    this.stackFile = new StackFile(process.pid(), this::signal);
  }

  /**
   * Starts a process with its output going into pipes.
   *
   * @param environment added to this process's own
   * @param stdout the end to write to; the caller closes its own afterwards
   * @param stderr as stdout
   * @throws IOException naming what cannot be executed
   */
  public static WorkerProcess start(
      Spawner spawner,
      List<String> command,
      Map<String, String> environment,
      @Nullable Path directory,
      Fd stdout,
      Fd stderr)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(stdout.pathForSelf().toFile())
            .redirectError(stderr.pathForSelf().toFile());
    builder.environment().putAll(environment);
    // A crash in whatever runs before the shim's own first line is told, too. Not by -X: a Python
    // that is
    // too old would refuse that before it can say what it is. The shim takes our value out again.
    builder.environment().putIfAbsent("PYTHONFAULTHANDLER", "lockstep");
    if (directory != null) {
      builder.directory(directory.toFile());
    }
    return new WorkerProcess(spawner.start(builder));
  }

  /** The process id. */
  public long pid() {
    return process.pid();
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Writes the start-up message and leaves the pipe open: its end is this process's death. Does not
   * block: a long message is written by a thread of its own.
   */
  public void send(byte[] message, String name) {
    if (message.length <= WRITTEN_AT_ONCE_BYTES) {
      write(message);
      return;
    }
    Thread writer = new Thread(() -> write(message), "lockstep-start-" + name);
    writer.setDaemon(true);
    writer.start();
  }

  private void write(byte[] message) {
    try {
      stdin.write(message);
      stdin.flush();
    } catch (IOException e) {
      // The process is gone, or closed its stdin: its exit, or the start-up deadline, tells more.
    }
  }

  /** Completes with the exit code, 128 and the signal's number for one that a signal ended. */
  public CompletableFuture<Integer> onExit() {
    return process.onExit().thenApply(Process::exitValue);
  }

  /** Sends a signal to the process alone; nothing if it is gone. */
  public void signal(int signal) {
    if (process.isAlive() && ProcFs.startTime(pid()).equals(startTime)) {
      Signals.send(pid(), signal);
    }
  }

  /**
   * The stacks of its threads of Python, whatever they do, newest call first; empty if they were
   * not told by then.
   *
   * @param deadlineNanos on the scale of {@link System#nanoTime}
   */
  public Optional<String> stacks(long deadlineNanos) {
    return stackFile.take(deadlineNanos);
  }

  /** Kills the process and its group. Does not wait. */
  public void kill() {
    if (process.isAlive()) {
      killGroup();
      process.destroyForcibly();
    }
  }

  /** After its end: kills what is left of its group, unless the pid names another process now. */
  public void killLeftovers() {
    if (!Files.exists(Path.of("/proc", Long.toString(pid())))) {
      killGroup();
    }
  }

  private void killGroup() {
    try {
      Signals.sendToGroup(pid(), Signals.SIGKILL);
    } catch (OsException e) {
      // Not allowed: a process that changed its user. The process itself is killed all the same.
    }
  }

  /** Closes the pipe to its stdin. */
  public void closeStdin() {
    try {
      stdin.close();
    } catch (IOException e) {
      // What was not written is of no use any more.
    }
  }
}
