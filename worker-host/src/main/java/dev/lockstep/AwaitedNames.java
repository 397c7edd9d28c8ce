package dev.lockstep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Who waits for workers that are not there yet. Not thread-safe: its owner's lock guards it.
 * Futures are handed out to be completed without that lock, for what depends on them is the user's.
 */
final class AwaitedNames {
  private final Map<String, List<CompletableFuture<ProcessWorker>>> waiting = new LinkedHashMap<>();

  CompletableFuture<ProcessWorker> add(String name) {
    CompletableFuture<ProcessWorker> future = new CompletableFuture<>();
    waiting.computeIfAbsent(name, first -> new ArrayList<>()).add(future);
    return future;
  }

  void remove(String name, CompletableFuture<ProcessWorker> future) {
    waiting.computeIfPresent(
        name,
        (same, futures) -> {
          futures.removeIf(other -> other == future);
          return futures.isEmpty() ? null : futures;
        });
  }

  /** Those who waited for a name, and wait no more. */
  List<CompletableFuture<ProcessWorker>> take(String name) {
    List<CompletableFuture<ProcessWorker>> futures = waiting.remove(name);
    return futures == null ? List.of() : futures;
  }

  /** All of them, and nobody waits any more. */
  Map<String, List<CompletableFuture<ProcessWorker>>> takeAll() {
    Map<String, List<CompletableFuture<ProcessWorker>>> all = new LinkedHashMap<>(waiting);
    waiting.clear();
    return all;
  }
}
