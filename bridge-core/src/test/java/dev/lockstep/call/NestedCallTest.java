package dev.lockstep.call;

import static dev.lockstep.call.CallTest.failure;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.wire.Limits;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls on top of calls: threads, depth, errors on each level, chains through several workers. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("FutureReturnValueIgnored") // a handler's stage is its answer
class NestedCallTest {
  private static final int MAX_DEPTH = 16;

  private static Limits limits() {
    Limits d = Limits.DEFAULT;
    return new Limits(
        d.maxMessageBytes(), MAX_DEPTH, 64, d.maxItems(), d.maxIntegerBytes(), 1024, 4096);
  }

  /** {@code down(n)} on each side calls the other side's with n - 1, and throws at 0 if told. */
  private static EnginePair descending() {
    EnginePair pair = EnginePair.make().limits(limits()).open();
    pair.onWorker("down", a -> down(pair, pair.worker, (Integer) a[0], (Boolean) a[1]));
    pair.onHost("down", a -> down(pair, pair.host, (Integer) a[0], (Boolean) a[1]));
    return pair;
  }

  private static int down(EnginePair pair, CallEngine engine, int left, boolean fails) {
    if (left == 0) {
      if (fails) {
        throw new IllegalStateException("at the bottom");
      }
      return 0;
    }
    Object below = pair.callFrom(engine, 0, "down", left - 1, fails);
    return 1 + (Integer) java.util.Objects.requireNonNull(below);
  }

  @Test
  void callsNestUpToTheLimitAndNoFurther() {
    try (EnginePair pair = descending()) {
      for (int depth = 1; depth <= MAX_DEPTH; depth++) {
        assertThat(pair.call("down", depth - 1, false)).isEqualTo(depth - 1);
        assertThat(pair.callBack("down", depth - 1, false)).isEqualTo(depth - 1);
      }
      for (int beyond = MAX_DEPTH; beyond < MAX_DEPTH + 3; beyond++) {
        int left = beyond;
        assertThat(failure(() -> pair.call("down", left, false)))
            .hasMessageContaining("depthExceeded")
            .hasMessageContaining("limit=" + MAX_DEPTH);
        assertThat(failure(() -> pair.callBack("down", left, false)))
            .hasMessageContaining("depthExceeded");
      }
      assertThat(pair.call("down", 3, false)).isEqualTo(3);
    }
  }

  @Test
  void theErrorOfAChainThatIsTooLongNamesTheChain() {
    try (EnginePair pair = descending()) {
      AtomicReference<@Nullable Failure> inner = new AtomicReference<>();
      pair.onHost(
          "up",
          a -> {
            if ((Integer) a[0] == 0) {
              inner.compareAndSet(null, failure(() -> pair.call("last")));
              return 0;
            }
            return pair.call("up", (Integer) a[0] - 1);
          });
      pair.onWorker("up", a -> pair.callBack("up", a[0]));
      pair.callBack("up", MAX_DEPTH / 2 - 1);
      // The chain has 1 + 2 * 7 calls; one more is allowed, so nothing failed but "not exported".
      assertThat(java.util.Objects.requireNonNull(inner.get()).sort).isEqualTo("not_exported");
      inner.set(null);
      pair.onHost("top", a -> pair.callBack("up", MAX_DEPTH / 2 - 1));
      Failure deep =
          failure(
              () -> {
                pair.onWorker("start", a -> pair.callBack("up", MAX_DEPTH / 2 - 1));
                pair.call("start");
                throw java.util.Objects.requireNonNull(inner.get());
              });
      assertThat(deep.sort).isEqualTo("depthExceeded");
      assertThat(deep.chain).hasSize(MAX_DEPTH / 2 + 1).endsWith("pair: up", "last");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, MAX_DEPTH - 1})
  void anErrorUnwindsThroughEveryLevel(int depth) {
    try (EnginePair pair = descending()) {
      Failure failed = failure(() -> pair.call("down", depth, true));
      assertThat(failed.sort).isEqualTo("exception");
      assertThat(failed).hasMessageContaining("at the bottom");
      assertThat(pair.call("down", depth, false)).isEqualTo(depth);
    }
  }

  @Test
  void aNestedCallRunsOnTheThreadThatWaits() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("thread", a -> Thread.currentThread().getName());
      pair.onWorker("ask", a -> pair.callBack("thread"));
      for (int i = 0; i < 200; i++) {
        assertThat(pair.call("ask")).isEqualTo(Thread.currentThread().getName());
      }
      assertThat(pair.host.statistics().servedNested()).isEqualTo(200);
    }
  }

  @Test
  void aNestedCallThatComesLateRunsOnTheThreadThatParked() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("thread", a -> Thread.currentThread().getName());
      pair.onWorker(
          "ask",
          a -> {
            pair.await("the caller parks", () -> pair.host.statistics().replyByPark() > 0);
            return pair.callBack("thread");
          });
      assertThat(pair.call("ask")).isEqualTo(Thread.currentThread().getName());
    }
  }

  @Test
  void aCallThatIsNotNestedRunsOnThePumpThoughACallerReads() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("thread", a -> Thread.currentThread().getName());
      CompletableFuture<@Nullable Object> unrelated = new CompletableFuture<>();
      pair.onWorker(
          "ask",
          a -> {
            AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
            CallTest.inThread(() -> unrelated.complete(pair.callBack("thread")), thrown).join();
            return thrown.get() == null;
          });
      assertThat(pair.call("ask")).isEqualTo(true);
      assertThat(unrelated.get(20, TimeUnit.SECONDS)).isEqualTo("lockstep-pump-pair");
    }
  }

  @Test
  void whatIsNestedInACallOfABusyThreadCountsAmongWhatWaits() throws Exception {
    Limits d = Limits.DEFAULT;
    Limits few =
        new Limits(
            d.maxMessageBytes(),
            d.maxDepth(),
            d.maxNesting(),
            d.maxItems(),
            d.maxIntegerBytes(),
            d.maxNameBytes(),
            8);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger handled = new AtomicInteger();
    try (EnginePair pair = EnginePair.make().limits(few).open()) {
      pair.onHost(
          "keep busy",
          a -> {
            goOn.await();
            return null;
          });
      pair.onHost("note", a -> handled.incrementAndGet());
      pair.onWorker(
          "flood",
          a -> {
            CompletableFuture<Object> busy =
                pair.worker.callAsync(
                    pair.worker.name("keep busy"), pair.untyped, new Object[0], Map.of(), 0);
            for (int i = 0; i < 100; i++) {
              pair.notifyFrom(pair.worker, "note");
            }
            return busy;
          });
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread caller = CallTest.inThread(() -> pair.call("flood"), thrown);
      pair.await("the flood", () -> pair.host.statistics().notificationsIn() == 100);
      pair.await("refusals", () -> pair.hostHeard.handlerErrors.size() >= 100 - 8);
      assertThat(pair.host.statistics().queued()).isBetween(1, 8);
      goOn.countDown();
      caller.join();
      assertThat(thrown.get()).isNull();
      pair.await("the rest", () -> handled.get() + pair.hostHeard.handlerErrors.size() == 100);
    }
  }

  @Test
  void aCallNestedInAFutureRunsOnThePump() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("thread", a -> Thread.currentThread().getName());
      pair.onWorker("ask", a -> pair.callBack("thread"));
      assertThat(pair.callAsync("ask").get(20, TimeUnit.SECONDS)).isEqualTo("lockstep-pump-pair");
    }
  }

  @Test
  void anExecutorRunsWhatIsNotNested() {
    ExecutorService executor =
        Executors.newSingleThreadExecutor(task -> new Thread(task, "test-executor"));
    try (EnginePair pair = EnginePair.make().handlerExecutor(executor).open()) {
      pair.onHost("thread", a -> Thread.currentThread().getName());
      pair.onWorker("ask", a -> pair.callBack("thread"));
      assertThat(pair.callBack("thread")).isEqualTo("test-executor");
      assertThat(pair.call("ask")).isEqualTo(Thread.currentThread().getName());
      pair.host.exposeUntyped("other", (a, k) -> Thread.currentThread().getName(), Runnable::run);
      assertThat(pair.callBack("other")).isNotEqualTo("test-executor");
      List<Object> heard = new CopyOnWriteArrayList<>();
      pair.onHost("log", a -> heard.add(a[0]));
      for (int i = 0; i < 1000; i++) {
        pair.notifyFrom(pair.worker, "log", i);
      }
      pair.worker.builtin("flush", pair.untyped, 0);
      assertThat(heard).hasSize(1000).isSortedAccordingTo((x, y) -> (Integer) x - (Integer) y);
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void aHandlerOnAnExecutorMayCallBackWithinItsChain() {
    ExecutorService executor =
        Executors.newSingleThreadExecutor(task -> new Thread(task, "test-executor"));
    try (EnginePair pair = EnginePair.make().handlerExecutor(executor).open()) {
      pair.onHost("half", a -> pair.call("inner"));
      pair.onWorker("inner", a -> Thread.currentThread().getName());
      // Nested in the worker's own call: served by the thread that waits for it.
      assertThat(pair.callBack("half")).isEqualTo(Thread.currentThread().getName());
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void aStageIsAnsweredWhenItCompletesAndNoThreadWaits() {
    try (EnginePair pair = EnginePair.make().open()) {
      CompletableFuture<Integer> later = new CompletableFuture<>();
      pair.onHost("later", a -> later);
      pair.onHost("now", a -> CompletableFuture.completedFuture(1));
      pair.onHost("broken", a -> CompletableFuture.failedFuture(new IllegalStateException("no")));
      CompletableFuture<@Nullable Object> answer =
          pair.worker.callAsync(
              pair.worker.name("later"), pair.untyped, new Object[0], java.util.Map.of(), 0);
      pair.await("it is served", () -> pair.host.statistics().serving() == 1);
      // The pump is free meanwhile.
      assertThat(pair.callBack("now")).isEqualTo(1);
      assertThat(failure(() -> pair.callBack("broken")).described().type())
          .isEqualTo("java.lang.IllegalStateException");
      later.complete(3);
      assertThat(answer.join()).isEqualTo(3);
      pair.await("nothing is served", () -> pair.host.statistics().serving() == 0);
    }
  }

  @Test
  void aHandlerThatGoesOnInAnotherThreadTakesItsChainAlong() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("inner", a -> Thread.currentThread().getName());
      pair.onHost(
          "wrapped",
          a -> {
            CompletableFuture<Object> done = new CompletableFuture<>();
            Runnable task =
                pair.hostContexts.wrap(
                    () -> {
                      done.complete(java.util.Objects.requireNonNull(pair.call("inner")));
                    });
            Thread thread = new Thread(task, "test-elsewhere");
            thread.start();
            return done;
          });
      // The inner call is nested in the worker's: served by the thread that waits, not its pump.
      assertThat(pair.callBack("wrapped")).isEqualTo(Thread.currentThread().getName());
    }
  }

  @Test
  void aChainThroughSeveralWorkersAndBackWorks() {
    CallContexts contexts = new CallContexts();
    try (EnginePair one = EnginePair.make().name("one").hostContexts(contexts).open();
        EnginePair two = EnginePair.make().name("two").hostContexts(contexts).open()) {
      one.onWorker("start", a -> one.callBack("relay", a[0]));
      one.onHost("relay", a -> two.call("through", a[0]));
      two.onWorker("through", a -> two.callBack("relay", a[0]));
      two.onHost("relay", a -> one.call("end", a[0]));
      one.onWorker("end", a -> a[0] + " " + Thread.currentThread().getName());
      for (int i = 0; i < 50; i++) {
        // one -> main -> two -> main -> one: on the thread of worker one that waits.
        assertThat(one.callBack("relay", i)).isEqualTo(i + " " + Thread.currentThread().getName());
        assertThat((String) one.call("start", i)).startsWith(i + " lockstep-pump-one");
      }
    }
  }

  @Test
  void aChainThroughSeveralWorkersWorksWhenEveryoneHasParked() {
    CallContexts contexts = new CallContexts();
    try (EnginePair one = EnginePair.make().name("one").hostContexts(contexts).open();
        EnginePair two = EnginePair.make().name("two").hostContexts(contexts).open()) {
      one.onHost("relay", a -> two.call("through", a[0]));
      two.onWorker("through", a -> two.callBack("relay", a[0]));
      two.onHost("relay", a -> one.call("end", a[0]));
      one.onWorker(
          "end",
          a -> {
            // Pump one waits for two, pump two waits for one: nobody is left to read but them.
            one.await("pump two parks", () -> one.host.statistics().replyByPark() > (Integer) a[0]);
            return a[0];
          });
      for (int i = 0; i < 20; i++) {
        assertThat(one.callBack("relay", i)).isEqualTo(i);
      }
    }
  }

  @Test
  void aFlushInsideACallOfThePumpDoesNotWaitForItself() {
    try (EnginePair pair = EnginePair.make().open()) {
      List<Object> heard = new CopyOnWriteArrayList<>();
      pair.onHost("log", a -> heard.add(a[0]));
      pair.onHost("outer", a -> pair.call("inner"));
      pair.onWorker(
          "inner",
          a -> {
            // From another thread: not nested, so it queues behind the pump, which waits for us.
            CallTest.inThread(() -> pair.notifyFrom(pair.worker, "log", 1), new AtomicReference<>())
                .join();
            pair.worker.builtin("flush", pair.untyped, 0);
            return heard.size();
          });
      assertThat(pair.callBack("outer")).isEqualTo(1);
    }
  }
}
