package dev.lockstep.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * One thread that starts every process. Linux sends a worker its parent-death signal when the
 * <em>thread</em> that started it ends: so this one lives until the last worker is gone.
 */
public final class Spawner implements AutoCloseable {
  private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean closing;

  /** Starts the thread, a daemon. */
  public Spawner(String threadName) {
    thread = new Thread(this::run, threadName);
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    while (!closing || !tasks.isEmpty()) {
      try {
        tasks.take().run();
      } catch (InterruptedException e) {
        // Nobody but close() ends this thread, and it does so by a task.
      }
    }
  }

  /**
   * Starts a process; the calling thread waits for it.
   *
   * @throws IOException as {@link ProcessBuilder#start}
   */
  public Process start(ProcessBuilder builder) throws IOException {
    CompletableFuture<Process> started = new CompletableFuture<>();
    tasks.add(
        () -> {
          try {
            started.complete(builder.start());
          } catch (IOException e) {
            started.completeExceptionally(new UncheckedIOException(e));
          } catch (RuntimeException | Error e) {
            started.completeExceptionally(e);
          }
        });
    try {
      return started.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof UncheckedIOException io) {
        throw io.getCause();
      }
      throw e;
    }
  }

  /** Ends the thread, and with it, by the signal, whatever it started and is still alive. */
  @Override
  public void close() {
    tasks.add(() -> closing = true);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
