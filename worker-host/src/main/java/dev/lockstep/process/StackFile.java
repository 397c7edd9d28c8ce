package dev.lockstep.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The anonymous file that a worker's {@code faulthandler} writes the stacks of all threads to when
 * it gets a signal. Its handler is C and needs no lock of the interpreter's, so that it also tells
 * of a worker in which no line of Python can run. Thread-safe.
 */
final class StackFile {
  /** As in the worker's {@code _boot}: a real-time signal, which nobody else gives a meaning. */
  private static final int SIGNAL = 50;

  private static final String LINK = "/memfd:lockstep-stacks (deleted)";
  private static final int MOST_BYTES = 1 << 20;
  private static final long LOOK_NANOS = 1_000_000;

  private final Path folder;
  private final IntConsumer sender;
  private final ReentrantLock lock = new ReentrantLock();

  /** One of a process; {@code sender} signals to it while it lives. */
  StackFile(long pid, IntConsumer sender) {
    this.folder = Path.of("/proc", Long.toString(pid));
    this.sender = sender;
  }

  /** What is told by the deadline, a {@link System#nanoTime}; empty if nothing is. */
  Optional<String> take(long deadlineNanos) {
    try {
      if (!lock.tryLock(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS)) {
        return Optional.empty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
    try {
      Path file = find();
      if (file == null || !statusHas("SigCgt")) {
        return Optional.empty(); // Without a handler the signal would end the process.
      }
      Files.write(file, new byte[0], StandardOpenOption.TRUNCATE_EXISTING);
      sender.accept(SIGNAL);
      while (System.nanoTime() - deadlineNanos < 0) {
        // The signal is blocked for as long as its handler runs.
        if (Files.size(file) > 0 && !statusHas("SigBlk")) {
          return Optional.of(read(file));
        }
        LockSupport.parkNanos(LOOK_NANOS);
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // It ended meanwhile.
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Path find() throws IOException {
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(folder.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        if (isOurs(descriptor)) {
          return descriptor;
        }
      }
    }
    return null;
  }

  private static boolean isOurs(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().equals(LINK);
    } catch (IOException e) {
      return false; // closed meanwhile
    }
  }

  /** Whether a mask of signals of the process's main thread has ours. */
  private boolean statusHas(String mask) throws IOException {
    for (String line : Files.readAllLines(folder.resolve("status"), StandardCharsets.ISO_8859_1)) {
      if (line.startsWith(mask + ":")) {
        long signals = Long.parseUnsignedLong(line.substring(mask.length() + 1).strip(), 16);
        return (signals >>> (SIGNAL - 1) & 1) != 0;
      }
    }
    return false;
  }

  private static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
    }
  }
}
