package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.io.IOException;
import java.util.function.Function;

/** How long it takes until a worker is ready, and until a bare interpreter has come and gone. */
final class Spawn {
  private static final String SCRIPT = "def echo(value): return value\n__export__ = ['echo']";

  private Spawn() {}

  /** From the start of a worker whose script exports one function to its READY; not its end. */
  static Exchange worker(String name, Function<PyWorker.Builder, PyWorker> start) {
    return Exchange.of(
        name,
        "from start() to ready() of a worker with a script of one line",
        Exchange.Pace.SLOW,
        turn -> {
          long deadlineNanos = System.nanoTime() + turn.maxNanos();
          do {
            long startNanos = System.nanoTime();
            PyWorker worker = start.apply(PyWorker.source(SCRIPT));
            turn.record(name, System.nanoTime() - startNanos);
            worker.close();
          } while (System.nanoTime() - deadlineNanos < 0);
        });
  }

  /** {@code python -c pass}, until it has ended. */
  static Exchange interpreter(String name, String python) {
    return Exchange.of(
        name,
        "python -c pass, from start to end",
        Exchange.Pace.SLOW,
        turn ->
            turn.time(
                name,
                value -> {
                  Process process =
                      new ProcessBuilder(python, "-c", "pass")
                          .redirectError(ProcessBuilder.Redirect.INHERIT)
                          .start();
                  try {
                    int exitCode = process.waitFor();
                    if (exitCode != 0) {
                      throw new IOException("python -c pass failed: exit=" + exitCode);
                    }
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IOException("interrupted: command=" + python, e);
                  } finally {
                    process.destroyForcibly();
                  }
                }));
  }
}
