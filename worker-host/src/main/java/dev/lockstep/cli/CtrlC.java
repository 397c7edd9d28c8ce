package dev.lockstep.cli;

import dev.lockstep.PyWorker;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes Ctrl-C a {@code KeyboardInterrupt} in the worker. The terminal's signal reaches the JVM
 * only, because a worker leads a process group of its own; the JVM then runs its shutdown hooks and
 * ends with 130. The hook made here interrupts the Python code and holds the end back until the
 * command has printed what came of it, or kills the worker when the grace is over.
 */
final class CtrlC implements AutoCloseable {
  private final Duration grace;
  private final Thread hook = new Thread(this::interruptWorker, "lockstep-ctrl-c");
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile @Nullable PyWorker worker;
  private volatile boolean pressed;

  /** Watches from now on, until it is closed. */
  CtrlC(Duration grace) {
    this.grace = grace;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Names the worker that is meant. */
  void guard(PyWorker guarded) {
    worker = guarded;
    if (pressed) {
      guarded.terminate();
    }
  }

  /** Whether the process is ending. */
  boolean isPressed() {
    return pressed;
  }

  /** The command is done: nothing is printed any more and no process is left. */
  @Override
  public void close() {
    finished.countDown();
    if (!pressed) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException alreadyEnding) {
        // Ctrl-C came just now: the hook finds the latch open.
      }
    }
  }

  private void interruptWorker() {
    pressed = true;
    PyWorker guarded = worker;
    try {
      if (guarded != null && finished.getCount() > 0) {
        guarded.interrupt();
        if (!finished.await(grace.toMillis(), TimeUnit.MILLISECONDS)) {
          System.err.println(
              "lockstep: the Python code went on after Ctrl-C and was killed: grace=" + grace);
          guarded.terminate();
        }
      }
      finished.await(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
