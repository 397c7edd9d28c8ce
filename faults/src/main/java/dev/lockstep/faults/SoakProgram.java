package dev.lockstep.faults;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.PyWorker;
import dev.lockstep.TracedWorkers;
import dev.lockstep.Workers;
import dev.lockstep.call.CallStatistics;
import dev.lockstep.diagnostics.SegmentFiles;
import dev.lockstep.diagnostics.SegmentPicture;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A host and a worker that make each other sleep and wake, with random pauses before their stores,
 * until so many sleeps, or so many seconds, or the first lost wake-up. Prints one JSON object.
 *
 * <p>Arguments: combination, sleeps, seconds, seed, modules of the worker (may be empty).
 */
final class SoakProgram {
  private static final int CALLS_IN_ONE_GO = 50;
  private static final int DELAY_ONE_IN = 16;
  private static final int DELAY_MOST_NANOS = 20_000;
  private static final int PAUSE_MOST_NANOS = 60_000;
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private SoakProgram() {}

  public static void main(String[] arguments) throws Exception {
    Combination combination = Combination.decode(arguments[0]);
    long sleeps = Long.parseLong(arguments[1]);
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[2]));
    long seed = Long.parseLong(arguments[3]);
    AtomicLong random = new AtomicLong(seed);
    long startNanos = System.nanoTime();
    try (Workers workers = TracedWorkers.open(index -> delay(random))) {
      PyWorker.Builder builder =
          PyWorker.script(Home.python("faulty.py"))
              .interpreter(combination.python())
              .accelerator(combination.twin())
              .segmentKind(combination.kind())
              .environment("PYTHONPATH", Home.python("").toString())
              .exposeAll("host_echo", List.of(Object.class), given -> given[0]);
      if (!arguments[4].isEmpty()) {
        builder.environment("LOCKSTEP_FAULT_MODULES", arguments[4]);
      }
      PyWorker worker = workers.start(builder);
      Map<String, Object> result = new LinkedHashMap<>();
      try {
        worker.ready().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        if (arguments[4].contains("_accelerator")) {
          worker
              .sync()
              .within(DEADLINE)
              .call("delay_steps", Object.class, DELAY_ONE_IN, DELAY_MOST_NANOS, seed);
        }
        result.putAll(soak(worker, sleeps, deadlineNanos, seed));
      } catch (TimeoutException | RuntimeException | java.util.concurrent.ExecutionException e) {
        result.put("error", "it could not even begin: " + e);
      }
      result.put("seconds", (System.nanoTime() - startNanos) / 1e9);
      System.out.println(new ObjectMapper().writeValueAsString(result));
      System.out.flush();
      Runtime.getRuntime().halt(0); // a mutant may not even be able to close
    }
  }

  /** One pause in so many stores; threads that race for a number only make it more random. */
  private static void delay(AtomicLong random) {
    long x = random.get();
    x ^= x << 13;
    x ^= x >>> 7;
    x ^= x << 17;
    random.set(x);
    if ((x >>> 8) % DELAY_ONE_IN == 0) {
      pause((x >>> 24) % DELAY_MOST_NANOS);
    }
  }

  private static void pause(long nanos) {
    long untilNanos = System.nanoTime() + nanos;
    while (System.nanoTime() - untilNanos < 0) {
      Thread.onSpinWait();
    }
  }

  private static Map<String, Object> soak(
      PyWorker worker, long sleeps, long deadlineNanos, long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, Object> result = new LinkedHashMap<>();
    long calls = 0;
    long late = 0;
    CallStatistics counted = worker.statistics().calls();
    String error = "";
    while (late == 0
        && error.isEmpty()
        && counted.parks() < sleeps
        && System.nanoTime() - deadlineNanos < 0) {
      try {
        for (int i = 0; i < CALLS_IN_ONE_GO; i++) {
          int number = random.nextInt();
          Object value = worker.sync().within(DEADLINE).call("echo", Integer.class, number);
          if (!Objects.equals(value, number)) {
            error = "sent " + number + ", got " + value;
          }
          pause(random.nextInt(PAUSE_MOST_NANOS));
        }
        worker.sync().within(DEADLINE).call("call_many", Object.class, CALLS_IN_ONE_GO);
        calls += 2 * CALLS_IN_ONE_GO;
      } catch (RuntimeException e) {
        error = e.toString();
      }
      counted = worker.statistics().calls();
      late = counted.lateWakeups() + workersLateWakeups(worker);
    }
    result.put("calls", calls);
    result.put("sleeps", counted.parks());
    result.put("lateWakeups", late);
    result.put("error", error);
    return result;
  }

  private static long workersLateWakeups(PyWorker worker) throws java.io.IOException {
    return worker.pid() == 0 || Processes.isGone(worker.pid())
        ? 0
        : SegmentFiles.of(worker.pid()).stream()
            .filter(segment -> segment.workerPid() == worker.pid())
            .mapToLong(SegmentPicture::workerLateWakeups)
            .sum();
  }
}
