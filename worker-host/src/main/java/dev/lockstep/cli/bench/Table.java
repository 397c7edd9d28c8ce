package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What can be measured: exchanges, and lines that say what is promised of their figures. The
 * promises are explained in {@code docs/benchmarks.md}. Not thread-safe.
 */
public final class Table {
  private static final double ALLOCATED_BYTES = 200;
  private static final double IDLE_PERCENT = 0.5;

  /** Sleeps that double leave three in ten seconds; a fixed slice up to 2 s leaves more. */
  private static final double IDLE_WAKE_UPS_PER_SECOND = 0.4;

  private static final String PYTHON_PASS = "spawn.python_pass";
  private static final String CALL = "host_to_worker.c";
  private static final String CALLBACK = "worker_to_host.c";
  private static final String MAIN_ONLY = "sync_main_only.c";

  private final List<Exchange> exchanges = new ArrayList<>();
  private final List<Line> lines = new ArrayList<>();
  private final Map<String, PyWorker> idle = new LinkedHashMap<>();

  /** Runs peers and what keeps cores busy: the workers' own interpreter, once there is one. */
  private String python = "python3";

  /** What two C processes need. */
  public void addFloors(Floor floor) {
    floor.exchanges(python).forEach(exchange -> show(exchange, Floor.SPIN));
  }

  /** What other ways to reach a Python process need; they are closed with {@link #exchanges}. */
  public void addPeers() throws IOException {
    show(PipePeer.jsonLines(python), Floor.SPIN);
    show(PipePeer.rawBytes(python), Floor.SPIN);
  }

  /**
   * Calls of and by workers with the accelerator.
   *
   * @param start starts a worker and lets it become ready
   */
  public void addAccelerated(Function<PyWorker.Builder, PyWorker> start) {
    BenchWorker full = BenchWorker.both(start);
    BenchWorker lean = BenchWorker.mainOnly(start);
    python = full.interpreter();
    Calls calls = full.calls();
    Callbacks callbacks = full.callbacks();
    promise(calls.scalar(CALL), Floor.SPIN, 4);
    lines.add(Line.tail(CALL).atMost(4));
    promise(callbacks.toWaitingThread(CALLBACK), Floor.SPIN, 4);
    lines.add(Line.tail(CALLBACK).atMost(4));
    promise(callbacks.toPump("worker_to_pump.c"), Floor.SPIN, 4);
    promise(lean.calls().scalar(MAIN_ONLY), Floor.SPIN, 3.3);
    lines.add(Line.time(MAIN_ONLY, CALL).named(MAIN_ONLY + ".to_full").atMost(1));
    lines.add(Line.tail(MAIN_ONLY).atMost(4));
    promise(calls.facade("facade.c"), CALL, 1.3);
    promise(calls.dict("small_dict.c"), CALL, 2);
    promise(calls.record("small_record.c"), CALL, 3);
    promise(calls.nested("nested.c"), CALL, 1.5);
    promiseParked(calls.parked("host_to_parked_worker.c"));
    promiseParked(callbacks.toParkedThread("worker_to_parked_host.c"));
    promiseParked(callbacks.toParkedPump("worker_to_parked_pump.c"));
    promise(loaded(calls.scalar("host_to_worker_loaded.c")), Floor.PIPE_LOADED, 3);
    promise(loaded(callbacks.toWaitingThread("worker_to_host_loaded.c")), Floor.PIPE_LOADED, 3);
    promiseThreads(calls.threads("java_threads_1.c", 1), calls.threads("java_threads_8.c", 8), 0.5);
    promiseThreads(
        callbacks.threads("python_threads_1.c", 1),
        callbacks.threads("python_threads_8.c", 8),
        0.4);
    promiseAllocation(calls.allocation("allocation.host_to_worker.c"));
    promiseAllocation(callbacks.allocation("allocation.worker_to_host.c"));
    promiseAllocation(lean.calls().allocation("allocation.sync_main_only.c"));
    promise(Spawn.worker("spawn.c", start), PYTHON_PASS, 2);
    idle.put(".c", full.worker());
    idle.put("_main_only.c", lean.worker());
  }

  /** The same for the pure-Python twin, which sleeps for its answers. */
  public void addPure(Function<PyWorker.Builder, PyWorker> start) {
    BenchWorker full = BenchWorker.both(start);
    BenchWorker lean = BenchWorker.mainOnly(start);
    python = full.interpreter();
    show(full.calls().scalar("host_to_worker.py"), Floor.FUTEX);
    promise(full.callbacks().toWaitingThread("worker_to_host.py"), Floor.FUTEX, 4);
    promise(full.callbacks().toPump("worker_to_pump.py"), Floor.FUTEX, 4);
    show(lean.calls().scalar("sync_main_only.py"), Floor.FUTEX);
    promise(Spawn.worker("spawn.py", start), PYTHON_PASS, 3);
    idle.put(".py", full.worker());
  }

  /** What all workers added so far do while nothing happens; and a bare interpreter's life. */
  public void addCommon() {
    show(Spawn.interpreter(PYTHON_PASS, python), PYTHON_PASS);
    exchanges.add(new Idle(idle, Idle.WATCHED_NANOS));
    for (String suffix : idle.keySet()) {
      lines.add(Line.amount(Idle.processor(suffix), IDLE_PERCENT, Unit.PERCENT).atMost(1));
      lines.add(
          Line.amount(Idle.wakeUps(suffix), IDLE_WAKE_UPS_PER_SECOND, Unit.PER_SECOND).atMost(1));
    }
  }

  private Exchange loaded(Exchange exchange) {
    return new Loaded(exchange, python);
  }

  /** Adds an exchange and the line of its time against a figure. */
  private void show(Exchange exchange, String against) {
    exchanges.add(exchange);
    lines.add(Line.time(exchange.name(), against));
  }

  private void promise(Exchange exchange, String against, double atMost) {
    exchanges.add(exchange);
    lines.add(Line.time(exchange.name(), against).atMost(atMost));
  }

  /** Against both floors: one whose cores never rest, and one that wakes them as the call does. */
  private void promiseParked(Exchange exchange) {
    String name = exchange.name();
    promise(exchange, Floor.FUTEX, 2.5);
    lines.add(Line.time(name, Floor.FUTEX_PAUSED).named(name + ".to_paused").atMost(2.5));
  }

  /** {@code share}: what is left of one thread's calls a second when many call. */
  private void promiseThreads(Exchange one, Exchange many, double share) {
    show(one, one.name());
    promise(many, one.name(), 1 / share);
    lines.add(Line.amount(Threads.slowest(many.name()), 1, Unit.TIMES).atMost(2));
  }

  private void promiseAllocation(Exchange exchange) {
    exchanges.add(exchange);
    lines.add(Line.amount(exchange.name(), ALLOCATED_BYTES, Unit.BYTES).atMost(1));
  }

  /** All exchanges, for whoever closes them. */
  public List<Exchange> exchanges() {
    return List.copyOf(exchanges);
  }

  /** The names of all lines. */
  public List<String> names() {
    return lines.stream().map(Line::name).toList();
  }

  /** A table of the lines that are wanted and have their place in the plan. */
  public Table only(Predicate<String> wanted, Plan plan) {
    Set<String> measurable = new HashSet<>();
    exchanges.stream()
        .filter(each -> plan.includes(each.pace()))
        .forEach(each -> measurable.addAll(each.figures()));
    Table chosen = new Table();
    lines.stream()
        .filter(line -> wanted.test(line.name()) && measurable.contains(line.figure()))
        .forEach(chosen.lines::add);
    Set<String> needed = new HashSet<>();
    for (Line line : chosen.lines) {
      needed.add(line.figure());
      needed.add(line.reference().text());
    }
    exchanges.stream()
        .filter(each -> each.figures().stream().anyMatch(needed::contains))
        .forEach(chosen.exchanges::add);
    return chosen;
  }

  /** The lines that were measured. */
  public List<Row> rows(Figures figures) {
    return lines.stream().map(line -> Row.of(line, figures)).filter(Objects::nonNull).toList();
  }
}
