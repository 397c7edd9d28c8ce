package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.codec.ValueCodec;
import dev.lockstep.wire.Limits;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The line before the lane, without a lane. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CallersLineTest {
  private final AtomicBoolean busy = new AtomicBoolean(true);
  private final CallersLine line = new CallersLine(busy::get);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  private static PendingCall call(long timeoutNanos) {
    return new PendingCall(
        "f",
        new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false).typeOf(Object.class),
        timeoutNanos,
        null,
        Thread.currentThread(),
        false,
        null);
  }

  private CompletableFuture<Void> standElsewhere(Runnable afterwards) {
    return CompletableFuture.runAsync(
        () -> {
          line.stand(call(0));
          afterwards.run();
        },
        threads);
  }

  @Test
  void whoFindsTheLaneFreeDoesNotStand() {
    busy.set(false);
    line.stand(call(0));
    assertThat(line.isCrowded()).isFalse();
  }

  @Test
  void whoComesBetweenTwoCallsOfAnotherStands() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    CallersLine strict = patient(() -> looks.incrementAndGet() % 8 == 0);
    CompletableFuture<Void> newcomer =
        CompletableFuture.runAsync(() -> strict.stand(call(0)), threads);
    while (!strict.isCrowded()) {
      assertThat(newcomer).isNotDone();
      Thread.onSpinWait();
    }
    while (!newcomer.isDone()) {
      strict.leave();
    }
    newcomer.get();
  }

  @Test
  void whoCalledLastGoesOnUntilItLeavesTheLaneToTheFirst() throws Exception {
    AtomicBoolean used = new AtomicBoolean();
    CallersLine strict = patient(used::get);
    strict.stand(call(0));
    used.set(true);
    CompletableFuture<Void> other =
        CompletableFuture.runAsync(() -> strict.stand(call(0)), threads);
    while (!strict.isCrowded()) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 1000; i++) {
      strict.stand(call(0));
    }
    assertThat(other).isNotDone();
    while (!other.isDone()) {
      strict.leave();
    }
    other.get();
  }

  /** A line in which one would stand for a minute if nobody left it the lane. */
  private static CallersLine patient(BooleanSupplier busy) {
    return new CallersLine(busy, 600_000, 100_000);
  }

  @Test
  void theFirstGoesAsSoonAsTheLaneIsLeftToItAlthoughItLooksBusy() throws Exception {
    CallersLine strict = patient(() -> true);
    CompletableFuture<Void> first =
        CompletableFuture.runAsync(() -> strict.stand(call(0)), threads);
    long before = System.nanoTime();
    while (!first.isDone()) {
      strict.leave();
      Thread.onSpinWait();
    }
    first.get();
    assertThat(System.nanoTime() - before).isLessThan(TimeUnit.SECONDS.toNanos(6));
    assertThat(strict.isCrowded()).isFalse();
  }

  @Test
  void whoHasLeftTheLaneGetsBehindTheOneThatAskedForItAlthoughItIsFree() throws Exception {
    Thread caller = Thread.currentThread();
    CallersLine strict = patient(() -> Thread.currentThread() != caller);
    int seenLeft = 0;
    // Often the first has gone before the caller comes again; it must be seen that it had not.
    for (int round = 0; round < 20_000 && seenLeft < 20; round++) {
      CompletableFuture<Void> first =
          CompletableFuture.runAsync(() -> strict.stand(call(0)), threads);
      while (!strict.isCrowded() && !first.isDone()) {
        Thread.onSpinWait();
      }
      while (strict.isCrowded()) {
        strict.leave();
        boolean asked = strict.isLeft();
        seenLeft += asked ? 1 : 0;
        strict.stand(call(0));
        assertThat(asked && strict.isLeft()).isFalse();
      }
      first.get(30, TimeUnit.SECONDS);
    }
    assertThat(seenLeft).isPositive();
  }

  @Test
  void aLaneThatStaysBusyHoldsNobodyForEver() throws Exception {
    List<Integer> gone = new CopyOnWriteArrayList<>();
    CompletableFuture<?>[] all = new CompletableFuture<?>[16];
    for (int i = 0; i < all.length; i++) {
      int number = i;
      all[i] = standElsewhere(() -> gone.add(number));
    }
    CompletableFuture.allOf(all).get(30, TimeUnit.SECONDS);
    assertThat(gone).hasSize(all.length);
    assertThat(line.isCrowded()).isFalse();
  }

  @Test
  void oneWhoseDeadlineIsOverDoesNotStandOn() {
    long before = System.nanoTime();
    for (int i = 0; i < 100; i++) {
      line.stand(call(1));
    }
    // Each would stand for half a millisecond.
    assertThat(System.nanoTime() - before).isLessThan(TimeUnit.SECONDS.toNanos(5));
    assertThat(line.isCrowded()).isFalse();
  }

  @Test
  void anInterruptEndsTheWaitAndIsKept() throws Exception {
    AtomicBoolean kept = new AtomicBoolean();
    CompletableFuture<Void> holder = standElsewhere(() -> {});
    Thread standing =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              line.stand(call(0));
              kept.set(Thread.currentThread().isInterrupted());
            });
    standing.start();
    standing.join(30_000);
    assertThat(standing.isAlive()).isFalse();
    assertThat(kept).isTrue();
    holder.get();
  }
}
