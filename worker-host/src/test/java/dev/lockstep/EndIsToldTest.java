package dev.lockstep;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever is told of a worker's end may do with the worker what it likes. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EndIsToldTest {

  @Test
  void whatDependsOnAFailedStartMayCloseTheWorker() throws Exception {
    try (Workers workers = Workers.open()) {
      PyWorker worker = workers.start(PyWorker.source("raise ValueError('no')"));
      CompletableFuture<Void> closed =
          worker.ready().handle((ready, failure) -> failure).thenAccept(failure -> worker.close());
      closed.get(30, TimeUnit.SECONDS);
      assertThat(worker.onExit().get(30, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void aConsumerOfTheExitMayCloseTheWorkerAndMayFail() throws Exception {
    try (Workers workers = Workers.open()) {
      CompletableFuture<PyWorker> told = new CompletableFuture<>();
      PyWorker worker =
          workers.start(
              PyWorker.source("")
                  .onExit(
                      status -> {
                        told.join().close();
                        throw new AssertionError("a consumer that fails");
                      }));
      worker.ready().join();
      told.complete(worker);
      worker.terminate();
      assertThat(worker.onExit().get(30, TimeUnit.SECONDS).signal()).hasValue(9);
    }
  }
}
