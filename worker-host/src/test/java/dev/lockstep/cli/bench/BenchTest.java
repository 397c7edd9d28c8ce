package dev.lockstep.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.Accelerator;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BenchTest {
  private static final Plan TINY = new Plan(3, 100, 100_000_000L, 500_000_000L, true);

  private static Figures figures(Exchange... exchanges) throws IOException {
    return new Bench(TINY, (done, total, what) -> {}).run(List.of(exchanges));
  }

  /** Figures of one round, in thousandths. */
  private static Figures recorded(String figure, long... thousandths) {
    Figures figures = new Figures();
    Turn turn = TINY.turn();
    for (long value : thousandths) {
      turn.record(figure, value);
    }
    figures.add(turn);
    return figures;
  }

  private static Row row(Line line, Figures figures) {
    Row row = Row.of(line, figures);
    assertThat(row).isNotNull();
    return row;
  }

  /** Takes 2, 3, 4… microseconds in the turns that count; those that do not are shorter. */
  private static final class Slower implements Exchange {
    private int turns = 2;

    @Override
    public String name() {
      return "slower";
    }

    @Override
    public String description() {
      return "nothing";
    }

    @Override
    public void measure(Turn turn) {
      boolean counts = turn.maxNanos() == TINY.turnNanos();
      turn.record("slower", counts ? 1_000L * turns++ : 1_000_000, 100);
    }
  }

  @Test
  void figureIsTheMedianOfTheRoundsThatCount() throws IOException {
    Figures figures = figures(new Slower());

    // A histogram keeps three digits.
    assertThat(figures.p50("slower")).isBetween(2.99, 3.01);
    assertThat(figures.spread("slower")).isBetween(1.99, 2.01);
    assertThat(figures.p50("faster")).isNull();
  }

  @Test
  void everyTurnIsAnnouncedAndCounted() throws IOException {
    List<String> seen = new ArrayList<>();
    new Bench(TINY, (done, total, what) -> seen.add(done + "/" + total + " " + what))
        .run(List.of(new Slower()));

    assertThat(seen)
        .startsWith("0/0 warming up")
        .endsWith("0/3 slower", "1/3 slower", "2/3 slower");
  }

  @Test
  void whatIsMeasuredAtRestComesOnceAndLast() throws IOException {
    List<String> turns = new ArrayList<>();
    Exchange rest = Exchange.of("rest", "", Exchange.Pace.AT_REST, turn -> turns.add("rest"));
    Exchange round = Exchange.of("round", "", Exchange.Pace.SLOW, turn -> turns.add("round"));

    new Bench(new Plan(2, 1, 1_000_000, 0, true), (done, total, what) -> {})
        .run(List.of(rest, round));

    assertThat(turns).endsWith("round", "round", "rest").containsOnlyOnce("rest");
  }

  @Test
  void ratioThatIsNoMoreThanItsTargetMeetsIt() {
    Figures figures = recorded("call", 1_500);
    Line line = Line.amount("call", 1, Unit.TIMES);

    assertThat(row(line.atMost(1.5), figures).met()).isTrue();
    assertThat(row(line.atMost(1.4), figures).met()).isFalse();
    assertThat(row(line.atMost(1.4), figures).ratio()).isEqualTo(1.5);
  }

  @Test
  void ratioToWhatWasNotMeasuredIsLeftOpen() {
    Row row = row(Line.time("call", "floor").atMost(4), recorded("call", 3_000));

    assertThat(row.ratio()).isNull();
    assertThat(row.met()).isNull();
    assertThat(row.targetRatio()).isEqualTo(4.0);
    assertThat(Row.of(Line.time("other", "floor"), recorded("call", 1))).isNull();
  }

  @Test
  void tailIsComparedWithItsOwnMedian() {
    Row row = row(Line.tail("call").atMost(4), recorded("call", 1_000, 1_000, 1_000, 5_000));

    assertThat(row.name()).isEqualTo("call.p99");
    assertThat(row.floorMicros()).isEqualTo(1.0);
    assertThat(row.ratio()).isBetween(4.99, 5.01);
    assertThat(row.met()).isFalse();
  }

  @Test
  void figureThatIsNoTimeHasNoMicroseconds() {
    Row row = row(Line.amount("bytes", 200, Unit.BYTES).atMost(1), recorded("bytes", 150_000));

    assertThat(row.p50Micros()).isNull();
    assertThat(row.floorMicros()).isNull();
    assertThat(row.value()).isBetween(149.9, 150.1);
    assertThat(row.against()).isEqualTo("200 bytes");
    assertThat(row.met()).isTrue();
  }

  @Test
  void rowOfTheReportHasTheFieldsThatScriptsRead() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode row =
        mapper.readTree(
            mapper.writeValueAsString(row(Line.time("a.c", "floor"), recorded("a.c", 2_000))));

    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(names::add);
    assertThat(names)
        .containsExactly(
            "name",
            "p50_us",
            "p99_us",
            "floor_us",
            "ratio",
            "target_ratio",
            "met",
            "against",
            "value",
            "unit");
    assertThat(row.get("met").isNull()).isTrue();
  }

  @Test
  void everyFloorIsMeasuredOrItsAbsenceIsExplained() throws IOException {
    try (Floor floor = Floor.compile()) {
      List<Exchange> exchanges = floor.exchanges("python3");
      if (exchanges.isEmpty()) {
        assertThat(floor.remarks(new Figures()).get(0)).startsWith("No floor was measured: ");
        return;
      }
      assertThat(exchanges.stream().map(Exchange::name))
          .containsExactly(
              Floor.SPIN, Floor.FUTEX, Floor.FUTEX_ONE_CORE, Floor.FUTEX_PAUSED, Floor.PIPE_LOADED);
      for (Exchange exchange : exchanges) {
        Turn turn = TINY.turn();
        exchange.measure(turn);
        assertThat(turn.recorded().get(exchange.name()).getMinValue()).isPositive();
      }
    }
  }

  @Test
  void restlessFloorIsRemarkedOn() throws IOException {
    Figures figures = recorded(Floor.SPIN, 100);
    try (Floor floor = Floor.compile()) {
      int before = floor.remarks(figures).size();
      Turn slower = TINY.turn();
      slower.record(Floor.SPIN, 250);
      figures.add(slower);

      assertThat(floor.remarks(figures)).hasSize(before + 1);
      assertThat(floor.remarks(figures).get(before)).contains("not at rest", "2.5 times");
    }
  }

  @Test
  void tableOfSomeLinesMeasuresWhatTheyAreComparedWith() throws IOException {
    try (Workers workers = Workers.open();
        Floor floor = Floor.compile()) {
      Table all = new Table();
      all.addPure(builder -> start(workers, builder));
      all.addCommon();
      all.addFloors(floor);

      Table spawn = all.only("spawn.py"::equals, TINY);
      assertThat(spawn.names()).containsExactly("spawn.py");
      assertThat(spawn.exchanges().stream().map(Exchange::name))
          .containsExactly("spawn.py", "spawn.python_pass");
      assertThat(all.only("spawn.py"::equals, Plan.QUICK).names()).isEmpty();

      StringWriter text = new StringWriter();
      Figures figures = figures(spawn.exchanges().toArray(new Exchange[0]));
      Report.print(spawn, figures, List.of("a remark"), new PrintWriter(text));
      assertThat(text.toString()).contains("spawn.python_pass", "3.00", "a remark");
    }
  }

  /** Every exchange of both twins does what it says, at least once. */
  @Test
  void everyLineOfTheTableIsMeasured() throws IOException {
    Plan once = new Plan(1, 20, 20_000_000, 0, true);
    try (Workers workers = Workers.open()) {
      Table all = new Table();
      // The lines for the accelerator work with either twin, and here it need not be built.
      all.addAccelerated(builder -> start(workers, builder));
      all.addPure(builder -> start(workers, builder));
      all.addCommon();
      Table table = all.only(name -> !name.startsWith("idle"), once);

      Figures figures = new Bench(once, (done, total, what) -> {}).run(table.exchanges());

      assertThat(table.rows(figures).stream().map(Row::name).toList())
          .isEqualTo(table.names())
          .contains("nested.c", "java_threads_8.c.slowest", "allocation.worker_to_host.c");
    }
  }

  @Test
  void idleProcessesAreWatched() throws IOException {
    try (Workers workers = Workers.open()) {
      PyWorker worker = start(workers, PyWorker.source("import time"));
      Idle idle = new Idle(Map.of(".py", worker), 100_000_000);
      Turn turn = TINY.turn();
      idle.measure(turn);

      assertThat(turn.recorded()).containsOnlyKeys("idle.py", "idle_wakeups.py");
    }
  }

  private static PyWorker start(Workers workers, PyWorker.Builder builder) {
    return workers.start(builder.accelerator(Accelerator.PY)).ready().join();
  }

  @Test
  void slowestThreadIsComparedWithTheMean() throws IOException {
    Threads threads = new Threads("many", "test", 2, nanos -> new long[] {1_000_000, 300, 100});
    Turn turn = TINY.turn();
    threads.measure(turn);
    Figures figures = new Figures();
    figures.add(turn);

    assertThat(figures.p50("many")).isBetween(2.49, 2.51);
    assertThat(figures.p50("many.slowest")).isBetween(1.99, 2.01);
  }

  @Test
  void everyCallingThreadIsCountedAndItsFailureIsTold() {
    AtomicInteger calls = new AtomicInteger();
    long[] counts = Threads.count(3, 5_000_000, value -> calls.incrementAndGet());

    assertThat(counts).hasSize(4);
    assertThat(counts[1] + counts[2] + counts[3]).isEqualTo(calls.get());
    assertThatThrownBy(
            () ->
                Threads.count(
                    2,
                    5_000_000,
                    value -> {
                      throw new IllegalStateException("no");
                    }))
        .hasMessageContaining("no");
  }

  @Test
  void pipePeersAnswerAndLeaveNoProcess() throws IOException {
    long before = ProcessHandle.current().children().count();
    try (PipePeer json = PipePeer.jsonLines("python3");
        PipePeer raw = PipePeer.rawBytes("python3")) {
      for (PipePeer peer : List.of(json, raw)) {
        Turn turn = new Turn(50, 5_000_000_000L);
        peer.measure(turn);
        assertThat(turn.recorded().get(peer.name()).getTotalCount()).as(peer.name()).isEqualTo(50);
      }
    }
    assertThat(ProcessHandle.current().children().count()).isEqualTo(before);
  }
}
