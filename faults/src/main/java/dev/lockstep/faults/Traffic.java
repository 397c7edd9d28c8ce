package dev.lockstep.faults;

import dev.lockstep.CallTimeoutException;
import dev.lockstep.MessageTooLargeException;
import dev.lockstep.PyWorker;
import dev.lockstep.QueueFullException;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.Limits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Rows 28, 29 and 31: more than the other side takes, both at once, and every size. */
@SuppressWarnings("try")
final class Traffic {
  private static final int CAPACITY = Limits.DEFAULT_LANE_CAPACITY_BYTES;
  private static final int CALLERS = 64;
  private static final int SLOW_PAYLOAD_BYTES = 50_000;
  private static final Duration CALLERS_PATIENCE = Duration.ofSeconds(2);
  private static final int LONG_BYTES = 2 * CAPACITY + 100_000;
  private static final int MOST_MEBIBYTES_QUEUED = 100;
  private static final int MEBIBYTE = 1024 * 1024;

  private Traffic() {}

  // --- row 28

  static void slowConsumer(Trial trial) throws Exception {
    PyWorker slow = trial.start(trial.worker());
    AtomicBoolean over = new AtomicBoolean();
    AtomicLong answered = new AtomicLong();
    AtomicLong timeouts = new AtomicLong();
    AtomicLong full = new AtomicLong();
    AtomicLong others = new AtomicLong();
    List<Thread> callers = new ArrayList<>();
    long heapBefore = usedHeap();
    for (int i = 0; i < CALLERS; i++) {
      Thread caller =
          new Thread(
              () -> {
                byte[] payload = new byte[SLOW_PAYLOAD_BYTES];
                while (!over.get()) {
                  Throwable error =
                      Outcome.of(
                              () ->
                                  slow.sync()
                                      .within(CALLERS_PATIENCE)
                                      .call("take_slowly", Integer.class, payload, 1))
                          .error();
                  AtomicLong counter =
                      error == null
                          ? answered
                          : error instanceof CallTimeoutException
                              ? timeouts
                              : error instanceof QueueFullException ? full : others;
                  counter.incrementAndGet();
                }
              });
      caller.start();
      callers.add(caller);
    }
    try (Bystander unharmed = new Bystander(trial)) {
      TimeUnit.SECONDS.sleep(trial.runs()); // how long the callers press
    }
    int inFlight = slow.statistics().calls().inFlight();
    over.set(true);
    for (Thread caller : callers) {
      caller.join(Trial.PATIENCE.toMillis());
    }
    System.gc();
    trial.fact("heap grown by, KiB", (usedHeap() - heapBefore) / 1024);
    trial.fact("in flight at the end", inFlight);
    trial.fact("answered", answered.get());
    trial.fact("timeouts", timeouts.get());
    trial.fact("queue full", full.get());
    trial.attempt(
        "slow consumer",
        () -> {
          Trial.require(others.get() == 0, "other errors: " + others);
          Trial.require(callers.stream().noneMatch(Thread::isAlive), "a caller hangs");
          Trial.require(timeouts.get() + full.get() > 0, "nobody had to wait");
          Trial.require(inFlight <= CALLERS, "in flight: " + inFlight);
        });
    slow.terminate();
    trial.finish(slow);
    floodOfNestedCalls(trial);
  }

  /** A worker floods the thread that waits for it, while that thread is busy in a nested call. */
  static void floodOfNestedCalls(Trial trial) throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    AtomicLong ticks = new AtomicLong();
    PyWorker worker =
        trial.start(
            trial
                .worker()
                .exposeAll(
                    "host_busy",
                    List.of(),
                    given -> {
                      over.await();
                      return null;
                    })
                .exposeAll(
                    "host_tick",
                    List.of(int.class, byte[].class),
                    given -> {
                      ticks.incrementAndGet();
                      return null;
                    }));
    System.gc();
    long heapBefore = usedHeap();
    int sent = trial.runs() * 1000;
    CompletableFuture<Outcome> flooded =
        CompletableFuture.supplyAsync(
            () ->
                Outcome.of(() -> worker.sync().call("flood_nested", Integer.class, sent, 10_000)));
    Processes.await(
        "the flood",
        () -> {
          trial
              .figure("messages that wait", "messages")
              .record(worker.statistics().calls().queued());
          return worker.statistics().calls().notificationsIn() >= sent;
        });
    System.gc();
    long grownMebibytes = (usedHeap() - heapBefore) / MEBIBYTE;
    trial.fact("nested flood: heap grown by, MiB, with all of it sent", grownMebibytes);
    over.countDown();
    trial.attempt(
        "flood of nested calls",
        () -> {
          Outcome outcome = flooded.get(Trial.PATIENCE.toSeconds(), TimeUnit.SECONDS);
          Trial.require(Objects.equals(outcome.value(), sent), outcome.toString());
          Trial.require(
              grownMebibytes < MOST_MEBIBYTES_QUEUED,
              "the heap grew by " + grownMebibytes + " MiB");
          trial.fact("nested flood: handled, of sent", ticks.get() + " of " + sent);
        });
    trial.finish(worker);
  }

  private static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  // --- row 29

  static void bothAtOnce(Trial trial) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    worker.sync().call("start_calling", Object.class, trial.runs(), LONG_BYTES);
    byte[] payload = new byte[LONG_BYTES];
    Figure figure = trial.millis("round");
    trial.repeat(
        "round",
        () -> {
          long startNanos = System.nanoTime();
          byte[] back =
              worker.sync().within(Trial.PATIENCE).call("echo", byte[].class, (Object) payload);
          figure.record(System.nanoTime() - startNanos);
          Trial.require(back.length == LONG_BYTES, "length " + back.length);
        });
    trial.attempt(
        "the worker's calls",
        () -> {
          List<?> ended =
              (List<?>)
                  Objects.requireNonNull(
                      Outcome.of(
                              worker.sync().callAsync("calling_ended", List.class), Trial.PATIENCE)
                          .succeeded());
          trial.fact("the worker's calls: answered, longest ms, error", ended.toString());
          Trial.require(
              ((Number) Objects.requireNonNull(ended.get(0))).intValue() == trial.runs(),
              ended.toString());
        });
    trial.finish(worker);
  }

  // --- row 31

  static void sizes(Trial trial) throws Exception {
    int frame = FrameLayout.maxFrameBytes(CAPACITY) - FrameLayout.HEADER_BYTES;
    int limit = 64 * MEBIBYTE + 64;
    Limits limits = new Limits(limit, 64, 64, 16 * MEBIBYTE, 4096, 1024, 4096);
    PyWorker worker = trial.start(trial.worker().limits(limits));
    List<Integer> lengths = new ArrayList<>(List.of(0, 1, 7, 8, 9, 23, 24, 255, 256));
    for (int around : new int[] {frame, CAPACITY / 4, CAPACITY, 65_536}) {
      for (int i = -40; i <= 10; i++) {
        lengths.add(around + i);
      }
    }
    lengths.addAll(List.of(MEBIBYTE, 16 * MEBIBYTE, 64 * MEBIBYTE));
    for (int length : lengths) {
      for (int i = 0; i < (length > MEBIBYTE ? 1 : trial.runs()); i++) {
        trial.attempt("size " + length, () -> roundTrip(trial, worker, length));
      }
    }
    trial.attempt(
        "limit + 1",
        () -> {
          long before = worker.statistics().calls().bytesOut();
          Outcome.of(() -> worker.sync().call("echo", byte[].class, (Object) new byte[limit + 1]))
              .failedWith(MessageTooLargeException.class);
          Trial.require(
              worker.statistics().calls().bytesOut() == before, "something of it was sent");
        });
    trial.attempt(
        "an answer of limit + 1",
        () -> {
          Outcome outcome = Outcome.of(() -> worker.sync().call("zeros", byte[].class, limit + 1));
          Trial.require(
              outcome.isFailure()
                  && (outcome.toString().contains("limit")
                      || outcome.toString().contains("maxMessageBytes")),
              outcome.toString());
        });
    trial.finish(worker);
  }

  private static void roundTrip(Trial trial, PyWorker worker, int length) {
    byte[] sent = new byte[length];
    trial.random().nextBytes(sent);
    long startNanos = System.nanoTime();
    byte[] back = worker.sync().within(Trial.PATIENCE).call("echo", byte[].class, (Object) sent);
    long nanos = System.nanoTime() - startNanos;
    if (length >= MEBIBYTE) {
      trial
          .figure("echo of " + length / MEBIBYTE + " MiB, both ways together", "MB/s")
          .record(2L * length * 1000 / nanos);
    }
    Trial.require(Arrays.equals(sent, back), "other bytes came back: length=" + length);
  }
}
