package dev.lockstep;

import java.nio.file.Path;
import java.time.Duration;
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
   * @throws WorkerNameTakenException if a live worker has the name already
   * @throws IllegalStateException if this is closed
   */
  PyWorker start(PyWorker.Builder builder);

  /**
   * Starts a worker with a script file, a name, a configuration and a type: {@link #start} in one
   * line.
   */
  default PyWorker create(Path source, String name, WorkerConfig config, WorkerType type) {
    return start(PyWorker.script(source).name(name).config(config).type(type));
  }

  /**
   * The same as web pages write it.
   *
   * @param source the path of a script file
   * @param config inline JSON or the path of a configuration file, see {@link WorkerConfig#parse}
   * @param type {@code py} or {@code pyodide}, see {@link WorkerType#parse}
   * @throws ConfigurationException naming what is wrong with the configuration
   * @throws IllegalArgumentException if there is no such type
   */
  default PyWorker create(String source, String name, String config, String type) {
    return create(Path.of(source), name, WorkerConfig.parse(config), WorkerType.parse(type));
  }

  /**
   * The worker of a name, once it is ready.
   *
   * <p>Fails at once with {@link UnknownWorkerException} if no live worker has the name, and lists
   * those that there are; with {@link WorkerStartException} if it never becomes ready.
   */
  CompletableFuture<PyWorker> get(String name);

  /**
   * The same for a worker that may be started later, by whomever.
   *
   * @param timeout how long it may take until it is started; how long it may take from there until
   *     it is ready is its own start-up deadline's to say. Past it the future fails with {@link
   *     UnknownWorkerException}
   */
  CompletableFuture<PyWorker> await(String name, Duration timeout);

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
