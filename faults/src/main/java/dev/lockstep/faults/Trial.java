package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One row being played on one combination: makes workers, counts what passed, keeps figures.
 *
 * <p>Attempts may run on several threads.
 */
public final class Trial {
  /** Longer than anything takes that does not hang. */
  public static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int FAILURES_KEPT = 8;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final double NANOS_PER_MICRO = 1e3;

  private final Combination combination;
  private final int runs;
  private final Random random;
  private final Workers workers;
  private final AtomicInteger names = new AtomicInteger();
  private final AtomicInteger passed = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicLong lateWakeups = new AtomicLong();
  private final List<String> failures = new ArrayList<>();
  private final Map<String, Figure> figures = new LinkedHashMap<>();
  private final Map<String, Object> facts = new LinkedHashMap<>();
  private @Nullable String notRun;

  Trial(Combination combination, int runs, long seed, Workers workers) {
    this.combination = combination;
    this.runs = runs;
    this.random = new Random(seed);
    this.workers = workers;
  }

  /** How often, or how much. */
  public int runs() {
    return runs;
  }

  /** Seeded; for one thread. */
  public Random random() {
    return random;
  }

  public Combination combination() {
    return combination;
  }

  public boolean isAccelerated() {
    return combination.twinName().equals("c");
  }

  // --- workers

  /** A worker that misbehaves by name. */
  public PyWorker.Builder worker() {
    return worker(PyWorker.script(Home.python("faulty.py")));
  }

  /** A worker of another script, on this combination. */
  public PyWorker.Builder worker(PyWorker.Builder builder) {
    return builder
        .name("w" + names.incrementAndGet())
        .interpreter(combination.python())
        .accelerator(combination.twin())
        .segmentKind(combination.kind())
        .environment("PYTHONPATH", Home.python("").toString())
        .exposeAll("host_echo", List.of(Object.class), arguments -> arguments[0])
        .exposeAll("host_tick", List.of(Object.class, Object.class), arguments -> arguments[0])
        .onOutput(line -> {});
  }

  /** The same with the step tracer in its accelerator; the pure twin is traced line by line. */
  public PyWorker.Builder steppedWorker() {
    PyWorker.Builder builder = worker();
    return isAccelerated()
        ? builder.environment("LOCKSTEP_FAULT_MODULES", "lockstep._accelerator=" + Home.steps())
        : builder;
  }

  /** Starts a worker and waits until it is ready. */
  public PyWorker start(PyWorker.Builder builder) throws InterruptedException {
    PyWorker worker = workers.start(builder);
    Outcome.of(worker.ready(), PATIENCE).succeeded();
    return worker;
  }

  /** Starts a worker, which may not become ready. */
  public PyWorker startOnly(PyWorker.Builder builder) {
    return workers.start(builder);
  }

  /** Closes a worker and takes down what it counted. */
  public void finish(PyWorker worker) {
    lateWakeups.addAndGet(worker.statistics().calls().lateWakeups());
    worker.close();
  }

  // --- what comes of it

  /** One thing to do that passes or fails. */
  @FunctionalInterface
  public interface Attempt {
    /** Does it; whatever it throws is a failure. */
    void run() throws Exception;
  }

  /** Does it and counts it. */
  public void attempt(String what, Attempt attempt) {
    try {
      attempt.run();
      passed.incrementAndGet();
    } catch (Exception | AssertionError | StackOverflowError e) {
      fail(what + ": " + e);
      if (Boolean.getBoolean("lockstep.faults.traces")) {
        e.printStackTrace();
      }
    }
  }

  /** Does it as often as this trial says. */
  public void repeat(String what, Attempt attempt) {
    for (int i = 0; i < runs; i++) {
      attempt(what, attempt);
    }
  }

  /** What another program attempted: how often it passed and failed, and the first failures. */
  public void played(int passed, int failed, List<String> texts) {
    this.passed.addAndGet(passed);
    this.failed.addAndGet(failed - texts.size());
    texts.forEach(this::fail);
  }

  private void fail(String what) {
    failed.incrementAndGet();
    synchronized (failures) {
      if (failures.size() < FAILURES_KEPT) {
        failures.add(what.length() > 600 ? what.substring(0, 600) + "…" : what);
      }
    }
  }

  /** The row cannot be played here. */
  public void notRun(String why) {
    notRun = why;
  }

  /** What must hold. */
  public static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** A figure in milliseconds, recorded in nanoseconds. */
  public Figure millis(String name) {
    return figure(name, "ms", NANOS_PER_MILLI);
  }

  /** A figure in microseconds, recorded in nanoseconds. */
  public Figure micros(String name) {
    return figure(name, "us", NANOS_PER_MICRO);
  }

  /** A figure that counts. */
  public Figure figure(String name, String unit) {
    return figure(name, unit, 1);
  }

  private Figure figure(String name, String unit, double perUnit) {
    synchronized (figures) {
      return figures.computeIfAbsent(name, made -> new Figure(name, unit, perUnit));
    }
  }

  /** A single number or text worth keeping. */
  public void fact(String name, Object value) {
    synchronized (facts) {
      facts.put(name, value);
    }
  }

  /** Adds to a number worth keeping. */
  public void add(String name, long value) {
    synchronized (facts) {
      facts.merge(name, value, (a, b) -> (Long) a + (Long) b);
    }
  }

  /** Everything that this trial knows, but for what it left behind. */
  Map<String, Object> result(List<String> left) {
    Map<String, Object> map = new LinkedHashMap<>();
    if (notRun != null) {
      map.put("notRun", notRun);
    }
    if (!left.isEmpty()) {
      fail("left behind: " + left);
    }
    if (lateWakeups.get() != 0 && !facts.containsKey("lateWakeupsAllowed")) {
      fail("lateWakeups=" + lateWakeups.get());
    }
    map.put("runs", passed.get() + failed.get());
    map.put("passed", passed.get());
    map.put("failed", failed.get());
    map.put("leaks", left.size());
    map.put("lateWakeups", lateWakeups.get());
    map.put("figures", figures.values().stream().map(Figure::asMap).toList());
    map.put("facts", facts);
    map.put("failures", failures);
    return map;
  }

  /** A file that does not exist yet, for a worker to wait for. */
  public static Path freshPath() throws java.io.IOException {
    Path folder = Files.createTempDirectory("lockstep-faults-");
    folder.toFile().deleteOnExit();
    Path file = folder.resolve("go");
    file.toFile().deleteOnExit();
    return file;
  }
}
