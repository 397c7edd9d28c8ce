package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.WorkerMisbehavedException;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** Rows 12, 13 and 18: a third process writes into the words of a live lane. */
@SuppressWarnings("FutureReturnValueIgnored") // The call that hangs on it is asked.
final class Words {
  private static final int TO_WORKER = SegmentLayout.TO_WORKER_LANE_OFFSET;
  private static final int TO_HOST = SegmentLayout.TO_HOST_LANE_OFFSET;
  private static final int CAPACITY = Limits.DEFAULT_LANE_CAPACITY_BYTES;
  private static final int WORD_BYTES = 8;
  private static final int PAYLOAD_BYTES = 5000;
  private static final int CALLS_TO_FILL_THE_LANE = 100;
  private static final long MILLIS = 1_000_000L;

  private Words() {}

  // --- rows 12 and 13

  static void tailCorrupted(Trial trial) throws IOException {
    try (Vandal vandal = new Vandal()) {
      for (String how :
          List.of("random", "below head", "unaligned", "beyond capacity", "back by 8")) {
        trial.repeat(how, () -> corruptTail(trial, vandal, how));
      }
    }
  }

  private static void corruptTail(Trial trial, Vandal vandal, String how) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    worker.sync().call("echo", Object.class, "so that something was written");
    CompletableFuture<Object> call = worker.sync().callAsync("sleep", Object.class, 60);
    vandal.open(worker.pid());
    long tail = vandal.number("read", TO_HOST + LaneLayout.TAIL_OFFSET, WORD_BYTES);
    long value = corrupted(trial, how, tail, tail);
    long writtenAt =
        vandal.number(
            "write", TO_HOST + LaneLayout.TAIL_OFFSET, WORD_BYTES, Long.toUnsignedString(value));
    vandal.number("wake", TO_HOST + LaneLayout.DATA_SIGNAL_OFFSET);
    WorkerMisbehavedException broken =
        Outcome.of(call, Trial.PATIENCE).failedWith(WorkerMisbehavedException.class);
    Processes.awaitGone(worker.pid());
    trial.millis("write to worker killed").record(System.nanoTime() - writtenAt);
    Trial.require(broken.getMessage().contains("tail"), broken.getMessage());
    trial.finish(worker);
  }

  private static long corrupted(Trial trial, String how, long low, long high) {
    return switch (how) {
      case "random" -> trial.random().nextLong();
      case "unaligned" -> high + 3;
      case "beyond capacity" -> low + CAPACITY + WORD_BYTES;
      case "beyond tail" -> high + WORD_BYTES;
      case "below head" -> Math.max(0, low - 2 * WORD_BYTES);
      default -> low - WORD_BYTES;
    };
  }

  static void headCorrupted(Trial trial) throws IOException {
    try (Vandal vandal = new Vandal()) {
      for (String how : List.of("random", "beyond tail", "unaligned", "back by 8")) {
        trial.repeat(how, () -> corruptHead(trial, vandal, how));
      }
    }
  }

  private static void corruptHead(Trial trial, Vandal vandal, String how) throws Exception {
    PyWorker worker = trial.start(trial.worker());
    fillOnce(worker);
    CompletableFuture<Object> call = worker.sync().callAsync("sleep", Object.class, 60);
    vandal.open(worker.pid());
    int headOffset = TO_WORKER + LaneLayout.HEAD_OFFSET;
    long tail = vandal.number("read", TO_WORKER + LaneLayout.TAIL_OFFSET, WORD_BYTES);
    Processes.await("the worker has taken the call", () -> isTaken(vandal, headOffset, tail));
    int otherRing = SegmentLayout.HEADER_BYTES + CAPACITY;
    vandal.number("keep", otherRing, otherRing + CAPACITY);
    vandal.number("watch", otherRing, otherRing + CAPACITY);
    // The writer looks at head only when it needs room; until then what is beyond tail may become
    // true.
    long value = how.equals("beyond tail") ? tail + CAPACITY : corrupted(trial, how, 0, tail);
    vandal.number("write", headOffset, WORD_BYTES, Long.toUnsignedString(value));
    Outcome outcome = new Outcome(null, null);
    for (int i = 0; i < CALLS_TO_FILL_THE_LANE && !outcome.isFailure() && !call.isDone(); i++) {
      outcome =
          Outcome.of(() -> worker.sync().callAsync("echo", Object.class, new byte[PAYLOAD_BYTES]));
    }
    WorkerMisbehavedException broken =
        Outcome.of(call, Trial.PATIENCE).failedWith(WorkerMisbehavedException.class);
    Trial.require(broken.getMessage().contains("head"), broken.getMessage());
    long outside = vandal.number("watched");
    trial.add("bytes written outside the ring", outside);
    Trial.require(outside == 0, "bytes written outside the ring: " + outside);
    Processes.awaitGone(worker.pid());
    trial.finish(worker);
  }

  /** So that the writer has known a head above 0, and needs room again soon. */
  private static void fillOnce(PyWorker worker) {
    for (int i = 0; i < CALLS_TO_FILL_THE_LANE; i++) {
      worker.sync().call("echo", Object.class, new byte[PAYLOAD_BYTES]);
    }
  }

  private static boolean isTaken(Vandal vandal, int headOffset, long tail) {
    try {
      return vandal.number("read", headOffset, WORD_BYTES) == tail;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  // --- row 18

  static void signalsScribbled(Trial trial) throws Exception {
    trial.fact("lateWakeupsAllowed", "this row makes them");
    try (Vandal vandal = new Vandal()) {
      for (String how : List.of("parked", "unparked", "random", "back")) {
        for (int lane : new int[] {TO_WORKER, TO_HOST}) {
          for (int word :
              new int[] {LaneLayout.DATA_SIGNAL_OFFSET, LaneLayout.SPACE_SIGNAL_OFFSET}) {
            trial.attempt(
                how + " at " + (lane + word), () -> scribble(trial, vandal, how, lane + word));
          }
        }
      }
    }
  }

  private static void scribble(Trial trial, Vandal vandal, String how, int offset)
      throws Exception {
    PyWorker worker = trial.start(trial.worker());
    vandal.open(worker.pid());
    vandal.number("scribble", offset, how, trial.random().nextInt());
    Figure figure = trial.millis("call, " + how);
    for (int i = 0; i < trial.runs(); i++) {
      int number = i;
      long startNanos = System.nanoTime();
      Object value =
          Outcome.of(() -> worker.sync().within(Trial.PATIENCE).call("echo", Integer.class, number))
              .succeeded();
      figure.record(System.nanoTime() - startNanos);
      Trial.require(Objects.equals(value, number), "sent " + number + ", got " + value);
    }
    vandal.number("stop");
    trial.add("late wake-ups of this row", worker.statistics().calls().lateWakeups());
    Trial.require(
        figure.percentile(100) < 10 * Limits.SLICE_IN_FLIGHT_MILLIS * MILLIS,
        "a call took " + figure.percentile(100) / MILLIS + " ms");
    trial.finish(worker);
  }
}
