package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.codec.ValueType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls one at a time: results, errors, names, notifications, readiness, the end. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CallTest {

  @Test
  void aCallReturnsWhatTheFunctionReturned() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("add", a -> (Integer) a[0] + (Integer) a[1]);
      assertThat(pair.call("add", 2, 3)).isEqualTo(5);
    }
  }

  @Test
  void bothSidesCanCall() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("hello", a -> "Hello, " + a[0]);
      assertThat(pair.callBack("hello", "worker")).isEqualTo("Hello, worker");
    }
  }

  @Test
  void nothingAndEmptinessAreResults() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("same", a -> a[0]);
      for (Object value : new @Nullable Object[] {null, 0, "", false, List.of(), Map.of()}) {
        assertThat(pair.call("same", value)).isEqualTo(value);
      }
    }
  }

  @Test
  void keywordsArriveByName() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.worker.exposeUntyped("keys", (arguments, keywords) -> keywords, null);
      Object result =
          pair.host.call(
              pair.host.name("keys"), pair.untyped, new Object[0], Map.of("limit", 7), 0);
      assertThat(result).isEqualTo(Map.of("limit", 7));
    }
  }

  @Test
  void argumentsAreDecodedToTheParametersTypes() {
    try (EnginePair pair = EnginePair.make().open()) {
      ValueType[] types = {pair.codec.typeOf(long.class), pair.codec.typeOf(String.class)};
      pair.worker.expose(
          "classes",
          types,
          (a, k) -> a[0].getClass().getSimpleName() + a[1].getClass().getSimpleName(),
          null);
      assertThat(pair.call("classes", 1, "x")).isEqualTo("LongString");
      assertThat(failure(() -> pair.call("classes", 1)).sort).isEqualTo("wrong_arguments");
      assertThat(failure(() -> pair.call("classes", "no number", "x")).sort)
          .isEqualTo("wrong_arguments");
      assertThat(pair.call("classes", 1, "x")).isEqualTo("LongString");
    }
  }

  @Test
  void aFutureIsCompletedWithTheResult() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("twice", a -> 2 * (Integer) a[0]);
      List<CompletableFuture<@Nullable Object>> futures = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        futures.add(pair.callAsync("twice", i));
      }
      for (int i = 0; i < 500; i++) {
        assertThat(futures.get(i).get(20, TimeUnit.SECONDS)).isEqualTo(2 * i);
      }
    }
  }

  @Test
  void whatDependsOnAFutureRunsOnThePumpAndMayCallAgain() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch attached = new CountDownLatch(1);
      pair.onWorker("same", a -> a[0]);
      pair.onWorker("held", a -> attached.await(20, TimeUnit.SECONDS));
      CompletableFuture<@Nullable Object> again =
          pair.callAsync("held")
              .thenApply(x -> Thread.currentThread().getName() + pair.call("same", 2));
      attached.countDown();
      assertThat(again.get(20, TimeUnit.SECONDS)).isEqualTo("lockstep-pump-pair2");
    }
  }

  @Test
  void anUnknownNameIsRefusedWithWhatThereIs() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("a", a -> 1).onWorker("b", a -> 2);
      Failure refused = failure(() -> pair.call("nope"));
      assertThat(refused.sort).isEqualTo("not_exported");
      assertThat(refused).hasMessageContaining("nope");
      assertThat(refused.described().exports()).containsExactly("a", "b");
      assertThat(pair.call("a")).isEqualTo(1);
    }
  }

  @Test
  void whatAFunctionThrowsReachesTheCaller() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker(
          "fails",
          a -> {
            throw new IllegalArgumentException("bad", new ArithmeticException("deeper"));
          });
      Failure failed = failure(() -> pair.call("fails"));
      assertThat(failed.sort).isEqualTo("exception");
      ErrorDescription error = failed.described();
      assertThat(error.type()).isEqualTo("java.lang.IllegalArgumentException");
      assertThat(error.types())
          .contains("java.lang.RuntimeException")
          .doesNotContain("java.lang.Object");
      assertThat(error.message()).isEqualTo("bad");
      assertThat(error.traceback()).contains("Caused by: java.lang.ArithmeticException: deeper");
      assertThat(error.frames()).isNotEmpty();
      ErrorDescription cause = error.cause();
      assertThat(cause).isNotNull();
      assertThat(cause.type()).isEqualTo("java.lang.ArithmeticException");
    }
  }

  @Test
  void theCallersStackIsOnWhatIsThrown() {
    try (EnginePair pair = EnginePair.make().open()) {
      Failure failed = failure(() -> pair.call("nope"));
      assertThat(failed.getStackTrace())
          .anySatisfy(it -> assertThat(it.getClassName()).isEqualTo(CallTest.class.getName()));
    }
  }

  @Test
  void errorsOfTheJvmInAFunctionAreAnswersAndTheLoopLivesOn() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("deep", a -> recurse(1));
      pair.onWorker(
          "memory",
          a -> {
            throw new OutOfMemoryError("pretended");
          });
      pair.onWorker("one", a -> 1);
      assertThat(failure(() -> pair.call("deep")).described().type())
          .isEqualTo("java.lang.StackOverflowError");
      assertThat(failure(() -> pair.call("memory")).described().type())
          .isEqualTo("java.lang.OutOfMemoryError");
      assertThat(pair.call("one")).isEqualTo(1);
    }
  }

  private static int recurse(int depth) {
    return depth < 0 ? 0 : 1 + recurse(depth + 1) * 2;
  }

  @Test
  void anArgumentThatCannotCrossIsRefusedBeforeSending() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("same", a -> a[0]);
      Failure refused = failure(() -> pair.call("same", Map.of("cb", Thread.currentThread())));
      assertThat(refused.sort).isEqualTo("unserializable argument");
      assertThat(refused).hasMessageContaining("args[0][\"cb\"]");
      assertThat(pair.call("same", 1)).isEqualTo(1);
      assertThat(pair.host.statistics().callsOut()).isEqualTo(1);
    }
  }

  @Test
  void aResultThatCannotCrossIsAnErrorForTheCallerBothWays() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("thread", a -> List.of(1, Thread.currentThread()));
      pair.onHost("thread", a -> Thread.currentThread());
      pair.onWorker("one", a -> 1);
      Failure there = failure(() -> pair.call("thread"));
      assertThat(there.sort).isEqualTo("unserializable");
      assertThat(there.described().path()).isEqualTo("result[1]");
      assertThat(failure(() -> pair.callBack("thread")).sort).isEqualTo("unserializable");
      assertThat(pair.call("one")).isEqualTo(1);
    }
  }

  @Test
  void aResultThatDoesNotFitTheAskedTypeIsRefusedAtTheCaller() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("text", a -> "no number");
      Failure refused =
          failure(
              () ->
                  pair.host.call(
                      pair.host.name("text"),
                      pair.codec.typeOf(int.class),
                      new Object[0],
                      Map.of(),
                      0));
      assertThat(refused.sort).isEqualTo("unfit");
      assertThat(pair.call("text")).isEqualTo("no number");
    }
  }

  @Test
  void notificationsArriveInOrderAndAFlushWaitsForAllOfThem() {
    try (EnginePair pair = EnginePair.make().open()) {
      List<Object> heard = new ArrayList<>();
      pair.onHost("log", a -> heard.add(a[0]));
      for (int i = 0; i < 10_000; i++) {
        pair.notifyFrom(pair.worker, "log", i);
      }
      pair.worker.builtin("flush", pair.untyped, 0);
      assertThat(heard).hasSize(10_000).isSorted();
    }
  }

  @Test
  void aNotificationThatFailsIsHeardOfOnlyByTheListener() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost(
          "log",
          a -> {
            throw new IllegalStateException("full");
          });
      pair.notifyFrom(pair.worker, "log", 1);
      pair.notifyFrom(pair.worker, "nope", 1);
      pair.worker.builtin("flush", pair.untyped, 0);
      assertThat(pair.hostHeard.handlerErrors).hasSize(2);
      assertThat(pair.hostHeard.handlerErrors.get(0)).hasMessage("full");
      assertThat(pair.hostHeard.handlerErrors.get(1)).hasMessageContaining("nope");
    }
  }

  @Test
  void progressComesBeforeTheResultOfTheCallItBelongsTo() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker(
          "work",
          a -> {
            for (int i = 1; i <= 3; i++) {
              pair.worker.notifyBuiltin("progress", i, 3, "step");
            }
            return "done";
          });
      assertThat(pair.call("work")).isEqualTo("done");
      assertThat(pair.hostHeard.builtins)
          .containsExactly("progress[1, 3, step]", "progress[2, 3, step]", "progress[3, 3, step]");
    }
  }

  @Test
  void theExportsOfThePeerCanBeAskedFor() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("b", a -> 1).onWorker("a", a -> 1);
      assertThat(pair.host.builtin("exports", pair.untyped, 0)).isEqualTo(List.of("a", "b"));
      assertThat(failure(() -> pair.host.builtin("nope", pair.untyped, 0)).sort)
          .isEqualTo("not_exported");
    }
  }

  @Test
  void callsBeforeReadyWaitAndAreSentInOrder() throws Exception {
    try (EnginePair pair = EnginePair.make().notReady().open()) {
      List<Object> seen = new CopyOnWriteArrayList<>();
      pair.onWorker("see", a -> seen.add(a[0]));
      List<CompletableFuture<?>> futures = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        if (i % 3 == 0) {
          pair.notifyFrom(pair.host, "see", i);
        } else {
          futures.add(pair.callAsync("see", i));
        }
      }
      Thread blocked = inThread(() -> pair.call("see", 100), new AtomicReference<>());
      pair.await("the blocked call waits", () -> pair.host.statistics().inFlight() == 67);
      assertThat(pair.workerChannel.hasData()).isFalse();
      assertThat(pair.host.isReady()).isFalse();
      pair.worker.sendReady(Map.of("exports", List.of("see")));
      for (CompletableFuture<?> future : futures) {
        future.get(20, TimeUnit.SECONDS);
      }
      blocked.join();
      assertThat(seen).hasSize(101).isSortedAccordingTo((x, y) -> (Integer) x - (Integer) y);
      assertThat(pair.hostHeard.ready.get()).containsEntry("exports", List.of("see"));
    }
  }

  @Test
  void aCallNestedInABootTimeCallIsSentBeforeReady() {
    try (EnginePair pair = EnginePair.make().notReady().open()) {
      pair.onHost(
          "greetings",
          a -> {
            assertThat(pair.host.isServingBootCall()).isTrue();
            return pair.call("assigned");
          });
      pair.onWorker("assigned", a -> "so far");
      assertThat(pair.callBack("greetings")).isEqualTo("so far");
      assertThat(pair.host.isReady()).isFalse();
    }
  }

  @Test
  void aScriptThatDoesNotBootIsHeardOf() throws Exception {
    try (EnginePair pair = EnginePair.make().notReady().open()) {
      pair.worker.sendFatal(ErrorDescription.of(ErrorKind.EXCEPTION, "SyntaxError", "line 1"));
      ErrorDescription error = pair.hostHeard.fatal.get(20, TimeUnit.SECONDS);
      assertThat(error.type()).isEqualTo("SyntaxError");
      assertThat(error.message()).isEqualTo("line 1");
    }
  }

  @Test
  void deathSettlesEveryCallInFlightAtOnce() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("hangs", a -> release.await(20, TimeUnit.SECONDS));
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread blocked = inThread(() -> pair.call("hangs"), thrown);
      CompletableFuture<@Nullable Object> future = pair.callAsync("hangs");
      pair.await("both in flight", () -> pair.host.statistics().inFlight() == 2);
      pair.host.fail(new IllegalStateException("exit code 9"));
      blocked.join();
      Failure died = (Failure) thrown.get();
      assertThat(died.sort).isEqualTo("died");
      assertThat(died).hasRootCauseMessage("exit code 9");
      assertThat(
              catchThrowableOfType(
                      java.util.concurrent.ExecutionException.class,
                      () -> future.get(20, TimeUnit.SECONDS))
                  .getCause())
          .hasRootCauseMessage("exit code 9");
      assertThat(failure(() -> pair.call("hangs")).sort).isEqualTo("died");
      release.countDown();
    }
  }

  @Test
  void closingRefusesNewCallsAndLetsThoseInFlightFinish() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("waits", a -> release.await(20, TimeUnit.SECONDS));
      CompletableFuture<@Nullable Object> future = pair.callAsync("waits");
      pair.host.beginClose();
      assertThat(failure(() -> pair.call("waits")).sort).isEqualTo("closed");
      assertThat(pair.host.awaitIdle(Duration.ofMillis(20))).isFalse();
      release.countDown();
      assertThat(pair.host.awaitIdle(Duration.ofSeconds(20))).isTrue();
      assertThat(future.get()).isEqualTo(true);
      assertThat(failure(() -> pair.callBack("anything")).sort).isEqualTo("closed");
    }
  }

  @Test
  void closingTheHostEndsTheWorkersCalls() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onHost("waits", a -> release.await(20, TimeUnit.SECONDS));
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread blocked = inThread(() -> pair.callBack("waits"), thrown);
      pair.await("in flight", () -> pair.host.statistics().serving() == 1);
      pair.host.close();
      blocked.join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("closed");
      release.countDown();
    }
  }

  @Test
  void giantMessagesCrossAndTooLargeOnesAreRefusedBeforeSending() {
    dev.lockstep.wire.Limits limits =
        new dev.lockstep.wire.Limits(1 << 20, 64, 64, 1 << 20, 4096, 1024, 64);
    try (EnginePair pair = EnginePair.make().limits(limits).open()) {
      pair.onWorker("same", a -> a[0]);
      pair.onWorker("giant", a -> new byte[1 << 21]);
      byte[] bytes = new byte[900_000];
      new java.util.Random(1).nextBytes(bytes);
      assertThat(pair.call("same", bytes)).isEqualTo(bytes);
      assertThat(failure(() -> pair.call("same", new byte[1 << 21])).sort).isEqualTo("tooLarge");
      assertThat(failure(() -> pair.call("giant")).sort).isEqualTo("too_large");
      assertThat(pair.call("same", 1)).isEqualTo(1);
    }
  }

  static Failure failure(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    Failure failure = catchThrowableOfType(Failure.class, call);
    assertThat(failure).as("a failure").isNotNull();
    return failure;
  }

  static Thread inThread(Runnable body, AtomicReference<@Nullable Throwable> thrown) {
    Thread thread =
        new Thread(
            () -> {
              try {
                body.run();
              } catch (Throwable failed) {
                thrown.set(failed);
              }
            },
            "test-caller");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
