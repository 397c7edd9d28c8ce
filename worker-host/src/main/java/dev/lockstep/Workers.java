package dev.lockstep;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A set of workers that share what serves them: the thread that starts processes, the thread that
 * reads their output, the timer. Closing it closes every worker.
 *
 * <p>Thread-safe. An application usually has one.
 */
public interface Workers extends AutoCloseable {
  /** One with defaults. */
  static Workers open() {
    return new LocalWorkers();
  }

  /**
   * Starts a worker and returns at once; {@link PyWorker#ready()} tells when its script has run.
   *
   * @throws WorkerStartException if there is nothing to start: no such script, no such interpreter
   *     (what shows later fails {@code ready()})
   * @throws IllegalArgumentException if a live worker has the name already
   * @throws IllegalStateException if this is closed
   */
  PyWorker start(PyWorker.Builder builder);

  /**
   * The worker of a name, once it is ready.
   *
   * <p>Fails at once with {@link java.util.NoSuchElementException} if no live worker has the name,
   * and lists those that there are.
   */
  CompletableFuture<PyWorker> get(String name);

  /** Names of the live workers, in the order of their start. */
  List<String> names();

  /** The live workers, in the order of their start. */
  List<WorkerSummary> list();

  /** For handlers that go on in another thread. */
  CallContext callContext();

  /** Closes every worker, at the same time, then what served them. Harmless when repeated. */
  @Override
  void close();
}
