package dev.lockstep.call;

import static dev.lockstep.call.CallTest.failure;
import static dev.lockstep.call.CallTest.inThread;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.call.TestFailures.Failure;
import dev.lockstep.wire.FrameKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The mode in which a worker only answers and the caller waits on the lane itself. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SyncMainOnlyTest {

  private static boolean runs(String threadName) {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(it -> it.getName().equals(threadName));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 50_000})
  void callsAreAnsweredAndNoThreadOfTheHostLives(long maxSpinNanos) {
    try (EnginePair pair =
        EnginePair.make().syncMainOnly().name("solo").maxSpinNanos(maxSpinNanos).open()) {
      pair.onWorker("same", a -> a[0]);
      for (int i = 0; i < 1000; i++) {
        assertThat(pair.call("same", i)).isEqualTo(i);
      }
      pair.await("the start's reader has gone", () -> !runs("lockstep-reader-solo"));
      assertThat(pair.call("same", "still")).isEqualTo("still");
      assertThat(pair.host.isReaderPresent()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 50_000})
  void everyThreadGetsItsOwnAnswers(long maxSpinNanos) throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().maxSpinNanos(maxSpinNanos).open()) {
      pair.onWorker("same", a -> a[0]);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int base = i * 1_000_000;
        threads.add(
            inThread(
                () -> {
                  for (int k = 0; k < 1000; k++) {
                    assertThat(pair.call("same", base + k)).isEqualTo(base + k);
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
  void futuresHaveAReaderThatEndsWhenItIsIdle() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().name("solo").open()) {
      pair.onWorker("same", a -> a[0]);
      pair.await("the start's reader has gone", () -> !runs("lockstep-reader-solo"));
      List<CompletableFuture<@Nullable Object>> futures = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        futures.add(pair.callAsync("same", i));
        assertThat(pair.call("same", -i)).isEqualTo(-i);
      }
      for (int i = 0; i < 200; i++) {
        assertThat(futures.get(i).get(20, TimeUnit.SECONDS)).isEqualTo(i);
      }
      assertThat(runs("lockstep-reader-solo")).isTrue();
      pair.await("it has gone", () -> !runs("lockstep-reader-solo"));
      assertThat(pair.callAsync("same", 1).get(20, TimeUnit.SECONDS)).isEqualTo(1);
    }
  }

  @Test
  void aDeadlineAndAnInterruptEndASleepOnTheLane() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      CountDownLatch release = new CountDownLatch(1);
      pair.onWorker("slow", a -> release.await(20, TimeUnit.SECONDS));
      pair.onWorker("same", a -> a[0]);
      assertThat(failure(() -> pair.callFrom(pair.host, 30_000_000, "slow")).sort)
          .isEqualTo("timeout");
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread caller = inThread(() -> pair.call("slow"), thrown);
      long sleptBefore = pair.host.statistics().parks();
      pair.await("it sleeps", () -> pair.host.statistics().parks() > sleptBefore);
      caller.interrupt();
      caller.join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("cancelled");
      release.countDown();
      assertThat(pair.call("same", 1)).isEqualTo(1);
    }
  }

  @Test
  void aCallerThatSleepsHandsTheLaneToAnotherWhenItLeaves() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      CompletableFuture<Object> first = new CompletableFuture<>();
      CompletableFuture<Object> second = new CompletableFuture<>();
      pair.onWorker("first", a -> first);
      pair.onWorker("second", a -> second);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread one = inThread(() -> pair.call("first"), thrown);
      Thread two = inThread(() -> pair.call("second"), thrown);
      pair.await("both wait", () -> pair.worker.statistics().serving() == 2);
      first.complete(1);
      one.join();
      second.complete(2);
      two.join();
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void aCallerThatIsDoneAlreadyPassesTheTurnToReadOn() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      CompletableFuture<Object> now = new CompletableFuture<>();
      CompletableFuture<Object> later = new CompletableFuture<>();
      pair.onWorker("now", a -> now);
      pair.onWorker("later", a -> later);
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      List<Thread> soonDone = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        soonDone.add(inThread(() -> pair.call("now"), thrown));
      }
      Thread last = inThread(() -> pair.call("later"), thrown);
      pair.await("all wait", () -> pair.worker.statistics().serving() == 6);
      now.complete(1); // the reader finds all five, and wakes one that need not read any more
      for (Thread thread : soonDone) {
        thread.join();
      }
      pair.await("the last one reads", pair.host::isReaderPresent);
      later.complete(2);
      last.join();
      assertThat(thrown.get()).isNull();
    }
  }

  @Test
  void theWorkerCannotCallAndSaysWhy() {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      assertThatThrownBy(() -> pair.callBack("anything"))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("sync_main_only");
      assertThatThrownBy(() -> pair.notifyFrom(pair.worker, "anything"))
          .hasMessageContaining("sync_main_only");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {FrameKind.INVOKE, FrameKind.NOTIFY, FrameKind.CANCEL})
  void aWorkerThatCallsAllTheSameIsAFault(int kind) throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      pair.onWorker("slow", a -> new CompletableFuture<>());
      AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
      Thread caller = inThread(() -> pair.call("slow"), thrown);
      pair.await("it waits", () -> pair.worker.statistics().serving() == 1);
      int depth = kind == FrameKind.CANCEL ? 0 : 1;
      pair.workerChannel.send(kind, 0, depth, 3, 0, new byte[2], 0, 2, Long.MAX_VALUE);
      caller.join();
      assertThat(((Failure) thrown.get()).sort).isEqualTo("died");
      assertThat(pair.hostHeard.fault.get(20, TimeUnit.SECONDS))
          .hasMessageContaining("kind=" + kind)
          .hasMessageContaining("sync_main_only");
    }
  }

  @Test
  void callsBeforeReadyWait() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().notReady().open()) {
      pair.onWorker("same", a -> a[0]);
      CompletableFuture<@Nullable Object> future = pair.callAsync("same", 1);
      AtomicReference<@Nullable Object> result = new AtomicReference<>();
      Thread blocked = inThread(() -> result.set(pair.call("same", 2)), new AtomicReference<>());
      pair.await("both wait", () -> pair.host.statistics().inFlight() == 2);
      pair.worker.sendReady(Map.of());
      assertThat(future.get(20, TimeUnit.SECONDS)).isEqualTo(1);
      blocked.join();
      assertThat(result.get()).isEqualTo(2);
    }
  }

  @Test
  void deathWakesASleeperAndEveryoneBehindIt() throws Exception {
    try (EnginePair pair = EnginePair.make().syncMainOnly().open()) {
      pair.onWorker("slow", a -> new CompletableFuture<>());
      List<AtomicReference<@Nullable Throwable>> thrown = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        AtomicReference<@Nullable Throwable> own = new AtomicReference<>();
        thrown.add(own);
        threads.add(inThread(() -> pair.call("slow"), own));
      }
      pair.await("all wait", () -> pair.worker.statistics().serving() == 4);
      pair.host.fail(new IllegalStateException("signal 9"));
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(thrown).allSatisfy(it -> assertThat(((Failure) it.get()).sort).isEqualTo("died"));
    }
  }
}
