package dev.lockstep;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The workers of this machine. */
@SuppressWarnings("DoNotCallSuggester") // until it is built
final class LocalWorkers implements Workers {
  static PyWorker startAlone(PyWorker.Builder builder) {
    throw new UnsupportedOperationException("not built yet: " + builder.snapshot().name);
  }

  @Override
  public PyWorker start(PyWorker.Builder builder) {
    throw new UnsupportedOperationException("not built yet: " + builder.snapshot().name);
  }

  @Override
  public CompletableFuture<PyWorker> get(String name) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public List<String> names() {
    return List.of();
  }

  @Override
  public List<WorkerSummary> list() {
    return List.of();
  }

  @Override
  public CallContext callContext() {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public void close() {}
}
