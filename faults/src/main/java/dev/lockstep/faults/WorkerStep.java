package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.Sync;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A place between two stores of the protocol where a worker stops, and what brings it there.
 *
 * @param name the store that comes next; those of {@code steps.c}, or a line of Python
 * @param times at which visit
 * @param way what brings it there
 */
record WorkerStep(String name, int times, Way way) {
  /** How the worker comes to its step. */
  enum Way {
    /** It attaches to its segment: line by line, which is store by store. */
    ATTACH,
    /** It says for the first time that it is ready. */
    START,
    /** It answers a call, or takes the next one, or parks afterwards. */
    ANSWER,
    /** It calls main from within a call. */
    CALL,
    /** It gives a long answer. */
    FRAGMENTS,
    /** It runs code of its user. */
    USER_CODE,
    /** The pure twin answers and parks, line by line. */
    LINES
  }

  private static final int CALLS_TO_WRAP_THE_RING = 60;
  private static final int PAYLOAD_BYTES = 10_000;

  /** The 24 of the C twin. */
  static List<WorkerStep> accelerated() {
    List<WorkerStep> steps = new ArrayList<>();
    for (int line : new int[] {15, 17, 19, 20}) { // before pid, start time, nonce, state
      steps.add(new WorkerStep("attach line " + line, line, Way.ATTACH));
    }
    steps.add(new WorkerStep("worker state", 1, Way.START));
    for (String name :
        List.of(
            "look",
            "take",
            "head",
            "raise space",
            "payload",
            "pad",
            "length",
            "kind",
            "flags",
            "depth",
            "call id",
            "parent id",
            "tail",
            "raise data",
            "raised",
            "wake",
            "park",
            "sleep")) {
      steps.add(new WorkerStep(name, 1, name.equals("kind") ? Way.CALL : Way.ANSWER));
    }
    steps.add(new WorkerStep("tail", 3, Way.FRAGMENTS));
    steps.add(new WorkerStep("user code", 1, Way.USER_CODE));
    return steps;
  }

  /** Of the pure twin: lines of its ring and futex code. */
  static List<WorkerStep> lines() {
    List<WorkerStep> steps = new ArrayList<>();
    for (int line = 1; line <= 48; line += 2) {
      steps.add(new WorkerStep("line " + line, line, Way.LINES));
    }
    return steps;
  }

  boolean isBeforeReady() {
    return way == Way.ATTACH || way == Way.START;
  }

  PyWorker.Builder prepare(PyWorker.Builder builder) {
    return switch (way) {
      case ATTACH -> builder.environment("LOCKSTEP_FAULT_LINE", "_segment.py:attach:" + times);
      case START -> builder.environment("LOCKSTEP_STEP", name + ":" + times);
      default -> builder;
    };
  }

  /** Brings a worker that is ready, or starting, to its step; does not wait until it is there. */
  void arm(PyWorker worker) {
    Sync sync = worker.sync();
    switch (way) {
      case ATTACH, START -> {}
      case ANSWER -> {
        CompletableFuture<Object> armed = sync.callAsync("stop_before", Object.class, name, times);
        armed.exceptionally(error -> "");
        // What it has seen together with the question that arms it, it takes without another look.
        Processes.await(
            "its answer or its stop", () -> armed.isDone() || Processes.state(worker.pid()) == 'T');
        for (int i = 0; i < CALLS_TO_WRAP_THE_RING; i++) {
          send(
              sync,
              "zeros",
              PAYLOAD_BYTES); // long answers: a stopped worker takes no long question
        }
      }
      case CALL -> send(sync, "stop_before_and_call", name, times);
      case FRAGMENTS -> send(sync, "stop_before_and_give", name, times, 1024 * 1024);
      case USER_CODE -> send(sync, "stop_in_user_code");
      case LINES -> {
        send(sync, "stop_at_line", times);
        send(sync, "echo", 1);
      }
    }
  }

  private static void send(Sync sync, String name, Object... arguments) {
    // Nobody asks how it ends: the worker is killed.
    CompletableFuture<Object> unused = sync.callAsync(name, Object.class, arguments);
    unused.exceptionally(error -> "");
  }

  @Override
  public String toString() {
    return name + " (" + times + ", " + way + ")";
  }
}
