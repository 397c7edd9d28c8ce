package dev.lockstep.call;

import static dev.lockstep.call.CallTest.failure;
import static dev.lockstep.call.CallTest.inThread;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.wire.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads at once; deadlines, interrupts, cancelled futures, limits. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConcurrentCallTest {
  private static final int THREADS = 8;
  private static final int CALLS = 1500;

  @ParameterizedTest
  @ValueSource(longs = {0, 50_000})
  void everyThreadGetsItsOwnAnswersBothWays(long maxSpinNanos) throws Exception {
    try (EnginePair pair = EnginePair.make().maxSpinNanos(maxSpinNanos).open()) {
      pair.onWorker("same", a -> a[0]);
      pair.onHost("same", a -> a[0]);
      pair.onWorker("back", a -> pair.callBack("same", a[0]));
      pair.onHost("back", a -> pair.call("same", a[0]));
      List<Thread> threads = new ArrayList<>();
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      for (int i = 0; i < THREADS; i++) {
        long base = (long) i << 32;
        threads.add(inThread(() -> hammer(pair, pair.host, base), thrown));
        threads.add(inThread(() -> hammer(pair, pair.worker, base | 1L << 31), thrown));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown.get()).isNull();
    }
  }

  private static void hammer(EnginePair pair, CallEngine engine, long base) {
    for (int i = 0; i < CALLS; i++) {
      long unique = base + i + (1L << 40);
      String function = i % 4 == 0 ? "back" : "same";
      assertThat(pair.callFrom(engine, 0, function, unique)).isEqualTo(unique);
    }
  }

  @Test
  void blockingCallsAndFuturesDoNotDisturbEachOther() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("same", a -> a[0]);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int base = i * 100_000;
        threads.add(
            inThread(
                () -> {
                  List<CompletableFuture<@Nullable Object>> futures = new ArrayList<>();
                  for (int k = 0; k < 500; k++) {
                    futures.add(pair.callAsync("same", base + k));
                    assertThat(pair.call("same", base - k)).isEqualTo(base - k);
                  }
                  for (int k = 0; k < 500; k++) {
                    assertThat(futures.get(k).join()).isEqualTo(base + k);
                  }
                },
                thrown));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void bothSidesMaySendMoreThanTheLanesHoldAtOnce() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("same", a -> a[0]);
      pair.onHost("same", a -> a[0]);
      byte[] bytes = new byte[200_000];
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        for (CallEngine engine : List.of(pair.host, pair.worker)) {
          threads.add(
              inThread(
                  () -> {
                    for (int k = 0; k < 20; k++) {
                      assertThat(pair.callFrom(engine, 0, "same", (Object) bytes)).isEqualTo(bytes);
                    }
                  },
                  thrown));
        }
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void aCallEndsAtItsDeadlineAndTheLateReplyIsDropped() {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("slow", a -> release.await(20, TimeUnit.SECONDS));
      pair.onWorker("same", a -> a[0]);
      long began = System.nanoTime();
      Failure late =
          failure(() -> pair.callFrom(pair.host, TimeUnit.MILLISECONDS.toNanos(50), "slow"));
      assertThat(late.sort).isEqualTo("timeout");
      assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(50_000_000);
      release.countDown();
      for (int i = 0; i < 100; i++) {
        assertThat(pair.call("same", i)).isEqualTo(i);
      }
      pair.await("the late reply", () -> pair.host.statistics().lateRepliesDropped() == 1);
      assertThat(pair.host.statistics().timeouts()).isEqualTo(1);
    }
  }

  @Test
  void aFutureEndsAtItsDeadline() {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("slow", a -> release.await(20, TimeUnit.SECONDS));
      CompletableFuture<@Nullable Object> late =
          pair.host.callAsync(
              pair.host.name("slow"), pair.untyped, new Object[0], Map.of(), 30_000_000);
      assertThatThrownBy(() -> late.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .hasMessageContaining("timeout");
      release.countDown();
      pair.await("the late reply", () -> pair.host.statistics().lateRepliesDropped() == 1);
    }
  }

  @Test
  void aDeadlineDoesNotPreemptWhatRunsOnTheSameThread() {
    try (EnginePair pair = EnginePair.make().open()) {
      AtomicBoolean finished = new AtomicBoolean();
      pair.onWorker(
          "ask",
          a -> {
            Object result = pair.callBack("long");
            pair.await("the caller gives up", () -> pair.host.statistics().timeouts() == 1);
            return result;
          });
      pair.onHost(
          "long",
          a -> {
            long until = System.nanoTime() + 60_000_000;
            pair.await("time passes", () -> System.nanoTime() > until);
            finished.set(true);
            return 1;
          });
      assertThat(failure(() -> pair.callFrom(pair.host, 20_000_000, "ask")).sort)
          .isEqualTo("timeout");
      assertThat(finished).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 50_000})
  void anInterruptEndsTheWaitWithTheFlagSet(long maxSpinNanos) throws Exception {
    try (EnginePair pair = EnginePair.make().maxSpinNanos(maxSpinNanos).open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("slow", a -> release.await(20, TimeUnit.SECONDS));
      pair.onWorker("same", a -> a[0]);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      AtomicBoolean flag = new AtomicBoolean();
      Thread caller =
          inThread(
              () -> {
                try {
                  pair.call("slow");
                } finally {
                  flag.set(Thread.currentThread().isInterrupted());
                }
              },
              thrown);
      pair.await("it waits", () -> pair.host.statistics().replyByPark() == 1);
      caller.interrupt();
      caller.join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("cancelled");
      assertThat(flag).isTrue();
      release.countDown();
      assertThat(pair.call("same", 1)).isEqualTo(1);
    }
  }

  @Test
  void cancellingAFutureTellsThePeerAndDropsTheReply() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CompletableFuture<Object> stage = new CompletableFuture<>();
      pair.onWorker("slow", a -> stage);
      pair.onWorker("same", a -> a[0]);
      CompletableFuture<@Nullable Object> future = pair.callAsync("slow");
      pair.await("it is served", () -> pair.worker.statistics().serving() == 1);
      assertThat(future.cancel(true)).isTrue();
      assertThatThrownBy(future::get).isInstanceOf(CancellationException.class);
      pair.await("the stage is cancelled", stage::isCancelled);
      assertThat(pair.hostHeard.interrupts).hasSize(1);
      assertThat(pair.call("same", 1)).isEqualTo(1);
      assertThat(pair.host.statistics().inFlight()).isZero();
      assertThat(pair.host.statistics().cancelled()).isEqualTo(1);
    }
  }

  private static Limits limits(int maxQueued) {
    Limits d = Limits.DEFAULT;
    return new Limits(
        d.maxMessageBytes(), 64, 64, d.maxItems(), d.maxIntegerBytes(), 1024, maxQueued);
  }

  @Test
  void tooManyCallsInFlightAreRefusedHere() throws Exception {
    try (EnginePair pair = EnginePair.make().limits(limits(2)).open()) {
      CompletableFuture<Object> stage = new CompletableFuture<>();
      pair.onWorker("slow", a -> stage);
      CompletableFuture<@Nullable Object> one = pair.callAsync("slow");
      CompletableFuture<@Nullable Object> two = pair.callAsync("slow");
      for (int i = 0; i < 8; i++) {
        Failure full = failure(() -> pair.callAsync("slow"));
        assertThat(full.sort).isEqualTo("queueFull");
        assertThat(full).hasMessageContaining("limit=2");
      }
      stage.complete(1);
      assertThat(one.get(20, TimeUnit.SECONDS)).isEqualTo(1);
      assertThat(two.get(20, TimeUnit.SECONDS)).isEqualTo(1);
      pair.await("idle", () -> pair.host.statistics().inFlight() == 0);
      assertThat(pair.callAsync("slow").get(20, TimeUnit.SECONDS)).isEqualTo(1);
    }
  }

  @Test
  void tooManyCallsThatWaitAreRefusedThere() throws Exception {
    try (EnginePair pair = EnginePair.make().limits(limits(4)).open()) {
      List<Runnable> held = java.util.Collections.synchronizedList(new ArrayList<>());
      pair.worker.exposeUntyped("held", (a, k) -> 1, held::add);
      // Calls that have timed out here still wait there.
      for (int i = 0; i < 4; i++) {
        assertThat(failure(() -> pair.callFrom(pair.host, 10_000_000, "held")).sort)
            .isEqualTo("timeout");
      }
      pair.await("they wait", () -> held.size() == 4);
      for (int i = 0; i < 2; i++) {
        Failure full = failure(() -> pair.call("held"));
        assertThat(full.sort).isEqualTo("queue_full");
        assertThat(full).hasMessageContaining("maxQueued=4");
      }
      held.forEach(Runnable::run);
      pair.await("nothing waits", () -> pair.worker.statistics().queued() == 0);
    }
  }

  @Test
  @SuppressWarnings("FutureReturnValueIgnored") // Its answer is the call's.
  void tooManyCallsThatStagesAnswerAreRefusedThereAndPlainOnesAreNot() throws Exception {
    try (EnginePair pair = EnginePair.make().limits(limits(4)).open()) {
      List<CompletableFuture<Object>> stages = new CopyOnWriteArrayList<>();
      pair.onHost(
          "later",
          a -> {
            CompletableFuture<Object> stage = new CompletableFuture<>();
            stages.add(stage);
            return new Uncancellable(stage);
          });
      pair.onHost("plain", a -> 1);
      // Given up, a call no longer counts there; its stage goes on here.
      for (int i = 0; i < 4; i++) {
        assertThat(failure(() -> pair.callFrom(pair.worker, 10_000_000, "later")).sort)
            .isEqualTo("timeout");
      }
      pair.await("they are served", () -> stages.size() == 4);
      for (int i = 0; i < 3; i++) {
        Failure full = failure(() -> pair.callBack("later"));
        assertThat(full.sort).isEqualTo("queue_full");
        assertThat(full).hasMessageContaining("maxQueued=4, unanswered=4");
        assertThat(pair.callBack("plain")).isEqualTo(1);
      }
      stages.forEach(stage -> stage.complete(1));
      CompletableFuture<@Nullable Object> next =
          pair.worker.callAsync(
              pair.worker.name("later"), pair.untyped, new Object[0], Map.of(), 0);
      pair.await("it is served", () -> stages.size() == 5);
      stages.get(4).complete(2);
      assertThat(next.get(20, TimeUnit.SECONDS)).isEqualTo(2);
      assertThat(pair.hostHeard.handlerErrors).hasSize(4);
    }
  }

  /**
   * As far as cancelling goes, a stage as {@link CompletableFuture#minimalCompletionStage} is one.
   */
  private static final class Uncancellable extends CompletableFuture<Object> {
    @SuppressWarnings("FutureReturnValueIgnored")
    Uncancellable(CompletableFuture<Object> source) {
      source.thenAccept(this::complete);
    }

    @Override
    public boolean cancel(boolean mayInterrupt) {
      throw new UnsupportedOperationException("not to be cancelled");
    }
  }

  @Test
  @SuppressWarnings("FutureReturnValueIgnored")
  void whatDependsOnACancelledStageMayCallTheWorkerThatCancelledIt() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CompletableFuture<Object> stage = new CompletableFuture<>();
      CompletableFuture<@Nullable Object> seen = new CompletableFuture<>();
      stage.whenComplete((result, cancelled) -> seen.complete(pair.call("same", 7)));
      pair.onHost("later", a -> stage);
      pair.onWorker("same", a -> a[0]);
      assertThat(failure(() -> pair.callFrom(pair.worker, 10_000_000, "later")).sort)
          .isEqualTo("timeout");
      assertThat(seen.get(20, TimeUnit.SECONDS)).isEqualTo(7);
      assertThat(pair.call("same", 8)).isEqualTo(8);
    }
  }

  @Test
  void notificationsThatWereReadBeforeTheOtherSidesDeathAreHandled() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch release = new CountDownLatch(1);
      AtomicInteger ticks = new AtomicInteger();
      pair.onHost(
          "slow",
          a -> {
            begun.countDown();
            return release.await(30, TimeUnit.SECONDS);
          });
      pair.onHost("tick", a -> ticks.incrementAndGet());
      pair.onWorker("later", a -> new CompletableFuture<>());
      CompletableFuture<@Nullable Object> read = pair.callAsync("later"); // while the pump is busy
      pair.notifyFrom(pair.worker, "slow");
      assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; i < 5; i++) {
        pair.notifyFrom(pair.worker, "tick");
      }
      pair.await("they were read", () -> pair.host.statistics().queued() == 5);
      pair.host.fail(new IllegalStateException("it died"));
      assertThatThrownBy(() -> read.get(20, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class);
      release.countDown();
      pair.await("they were handled", () -> ticks.get() == 5);
    }
  }

  @Test
  void aHandlerThatBlocksThePumpDoesNotKeepRepliesFromCallers() throws Exception {
    try (EnginePair pair = EnginePair.make().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onHost("blocks", a -> release.await(30, TimeUnit.SECONDS));
      pair.onWorker(
          "slow",
          a -> {
            long until = System.nanoTime() + 20_000_000;
            pair.await("the caller has parked", () -> System.nanoTime() > until);
            return a[0];
          });
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread blocked = inThread(() -> pair.callBack("blocks"), thrown);
      pair.await("the pump is busy", () -> pair.host.statistics().serving() == 1);
      for (int i = 0; i < 5; i++) {
        assertThat(pair.call("slow", i)).isEqualTo(i);
      }
      release.countDown();
      blocked.join();
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void aHandlerOfThePumpMayWaitForFuturesOfItsOwnWorker() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onHost("half", a -> (Integer) a[0] / 2);
      pair.onWorker("deep", a -> pair.callBack("half", a[0]));
      pair.onHost("joins", a -> pair.callAsync("deep", a[0]).join());
      pair.onHost(
          "joinsAll",
          a -> {
            CompletableFuture<@Nullable Object> one = pair.callAsync("deep", a[0]);
            CompletableFuture<@Nullable Object> two = pair.callAsync("deep", a[0]);
            // Nothing tells the engine that its pump waits here: a look at the timer finds out.
            CompletableFuture.allOf(one, two).join();
            return (Integer) one.join() + (Integer) two.join();
          });
      for (int i = 0; i < 20; i++) {
        assertThat(pair.callBack("joins", i)).isEqualTo(i / 2);
      }
      assertThat(pair.callBack("joinsAll", 8)).isEqualTo(8);
    }
  }

  @Test
  void whatDependsOnAFutureMayWaitForAnother() {
    try (EnginePair pair = EnginePair.make().open()) {
      pair.onWorker("same", a -> a[0]);
      CompletableFuture<@Nullable Object> chained =
          pair.callAsync("same", 1).thenApply(x -> pair.callAsync("same", 2).join());
      assertThat(chained.join()).isEqualTo(2);
    }
  }

  @Test
  void notificationsAreHeldBackWhileThePumpIsBusyAndNoneIsLost() throws Exception {
    try (EnginePair pair = EnginePair.make().limits(limits(64)).open()) {
      CountDownLatch release = new CountDownLatch(1);
      List<Object> heard = java.util.Collections.synchronizedList(new ArrayList<>());
      pair.onHost(
          "log",
          a -> {
            release.await(30, TimeUnit.SECONDS);
            return heard.add(a[0]);
          });
      pair.onWorker("same", a -> a[0]);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread flood =
          inThread(
              () -> {
                for (int i = 0; i < 1000; i++) {
                  pair.notifyFrom(pair.worker, "log", i);
                }
                pair.worker.builtin("flush", pair.untyped, 0);
              },
              thrown);
      pair.await("the pump is busy", () -> pair.host.statistics().serving() == 1);
      List<CompletableFuture<@Nullable Object>> futures = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        futures.add(pair.callAsync("same", i));
      }
      release.countDown();
      for (int i = 0; i < 20; i++) {
        assertThat(futures.get(i).join()).isEqualTo(i);
        assertThat(pair.call("same", -i)).isEqualTo(-i);
      }
      flood.join();
      assertThat(thrown.get()).isNull();
      assertThat(pair.hostHeard.handlerErrors).isEmpty();
      assertThat(heard).hasSize(1000).isSortedAccordingTo((x, y) -> (Integer) x - (Integer) y);
    }
  }
}
