package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
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
  private static final int MANY = 8;
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
    for (Exchange exchange : floor.exchanges(python)) {
      add(exchange, Line.time(exchange.name(), Floor.SPIN));
    }
  }

  /** What other ways to reach a Python process need; they are closed with {@link #exchanges}. */
  public void addPeers() throws java.io.IOException {
    for (Exchange exchange : List.of(PipePeer.jsonLines(python), PipePeer.rawBytes(python))) {
      add(exchange, Line.time(exchange.name(), Floor.SPIN));
    }
  }

  /**
   * Calls of and by workers with the accelerator.
   *
   * @param start starts a worker and lets it become ready
   */
  public void addAccelerated(Function<PyWorker.Builder, PyWorker> start) {
    CalledWorker full = CalledWorker.both(start);
    CalledWorker lean = CalledWorker.mainOnly(start);
    python = full.interpreter();
    Line mainOnlyLine = Line.time(MAIN_ONLY, Floor.SPIN).atMost(3.3);
    add(full.hostToWorker(CALL), spinning(CALL), Line.tail(CALL).atMost(4));
    add(full.workerToHost(CALLBACK), spinning(CALLBACK), Line.tail(CALLBACK).atMost(4));
    add(full.workerToPump("worker_to_pump.c"), spinning("worker_to_pump.c"));
    add(
        lean.mainOnly(MAIN_ONLY),
        mainOnlyLine,
        mainOnlyLine.and(".to_full", CALL).atMost(1),
        Line.tail(MAIN_ONLY).atMost(4));
    add(full.facade("facade.c"), Line.time("facade.c", CALL).atMost(1.3));
    add(full.smallDict("small_dict.c"), Line.time("small_dict.c", CALL).atMost(2));
    add(full.smallRecord("small_record.c"), Line.time("small_record.c", CALL).atMost(3));
    add(full.nested("nested.c"), Line.time("nested.c", CALL).atMost(1.5));
    addParked(full.hostToParkedWorker("host_to_parked_worker.c"));
    addParked(full.workerToParkedHost("worker_to_parked_host.c"));
    addParked(full.workerToParkedPump("worker_to_parked_pump.c"));
    addLoaded(full.hostToWorker("host_to_worker_loaded.c"));
    addLoaded(full.workerToHost("worker_to_host_loaded.c"));
    addThreads(
        full.javaThreads("java_threads_1.c", 1), full.javaThreads("java_threads_8.c", MANY), 0.5);
    addThreads(
        full.pythonThreads("python_threads_1.c", 1),
        full.pythonThreads("python_threads_8.c", MANY),
        0.4);
    addAllocation(full.allocationOfCalls("allocation.host_to_worker.c"));
    addAllocation(full.allocationOfCallbacks("allocation.worker_to_host.c"));
    addAllocation(lean.allocationOfCalls("allocation.sync_main_only.c"));
    addSpawn(Spawn.worker("spawn.c", start), 2);
    idle.put(".c", full.worker());
    idle.put("_main_only.c", lean.worker());
  }

  /** The same for the pure-Python twin, which sleeps for its answers. */
  public void addPure(Function<PyWorker.Builder, PyWorker> start) {
    CalledWorker full = CalledWorker.both(start);
    CalledWorker lean = CalledWorker.mainOnly(start);
    python = full.interpreter();
    String call = "host_to_worker.py";
    String callback = "worker_to_host.py";
    String mainOnlyCall = "sync_main_only.py";
    add(full.hostToWorker(call), Line.time(call, Floor.FUTEX));
    add(full.workerToHost(callback), Line.time(callback, Floor.FUTEX).atMost(4));
    add(
        full.workerToPump("worker_to_pump.py"),
        Line.time("worker_to_pump.py", Floor.FUTEX).atMost(4));
    add(lean.mainOnly(mainOnlyCall), Line.time(mainOnlyCall, Floor.FUTEX));
    addSpawn(Spawn.worker("spawn.py", start), 3);
    idle.put(".py", full.worker());
  }

  /** What all workers added so far do while nothing happens; and a bare interpreter's life. */
  public void addCommon() {
    add(Spawn.interpreter(PYTHON_PASS, python), Line.time(PYTHON_PASS, PYTHON_PASS));
    Exchange watch = new Idle(idle, Idle.WATCHED_NANOS);
    add(watch);
    for (String suffix : idle.keySet()) {
      lines.add(Line.amount(Idle.processor(suffix), IDLE_PERCENT, Unit.PERCENT).atMost(1));
      lines.add(
          Line.amount(Idle.wakeUps(suffix), IDLE_WAKE_UPS_PER_SECOND, Unit.PER_SECOND).atMost(1));
    }
  }

  private static Line spinning(String figure) {
    return Line.time(figure, Floor.SPIN).atMost(4);
  }

  private void addParked(Exchange exchange) {
    add(exchange, Line.time(exchange.name(), Floor.FUTEX).atMost(2.5));
  }

  private void addLoaded(Exchange exchange) {
    add(new Loaded(exchange, python), Line.time(exchange.name(), Floor.PIPE_LOADED).atMost(3));
  }

  private void addAllocation(Exchange exchange) {
    add(exchange, Line.amount(exchange.name(), ALLOCATED_BYTES, Unit.BYTES).atMost(1));
  }

  private void addSpawn(Exchange exchange, double ratio) {
    add(exchange, Line.time(exchange.name(), PYTHON_PASS).atMost(ratio));
  }

  /** {@code share}: what is left of one thread's calls a second when many call. */
  private void addThreads(Exchange one, Exchange many, double share) {
    add(one, Line.time(one.name(), one.name()));
    add(
        many,
        Line.time(many.name(), one.name()).atMost(1 / share),
        Line.amount(Threads.slowest(many.name()), 1, Unit.TIMES).atMost(2));
  }

  private void add(Exchange exchange, Line... its) {
    exchanges.add(exchange);
    lines.addAll(List.of(its));
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
