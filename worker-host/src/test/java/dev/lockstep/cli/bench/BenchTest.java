package dev.lockstep.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class BenchTest {
  private static final Plan TINY = new Plan(3, 100, 10, 1_000_000_000L);

  /** An exchange that takes 2 microseconds, and in the n-th turn n more. */
  private static final class Fixed implements Exchange {
    private int turns;

    @Override
    public String name() {
      return "fixed";
    }

    @Override
    public String description() {
      return "nothing";
    }

    @Override
    public void measure(int count, long maxNanos, Histogram nanos) {
      nanos.recordValueWithCount(2_000L + 1_000L * turns, count);
      turns++;
    }

    @Override
    public void close() {}
  }

  @Test
  void figureIsTheMedianOfTheRoundsAndWarmUpDoesNotCount() throws IOException {
    try (Floor floor = Floor.compile()) {
      Bench.Result result = new Bench(TINY, floor, line -> {}).run(List.of(new Fixed()));

      assertThat(result.rows()).hasSize(1);
      // Turns took 2 (warm-up), 3, 4 and 5 microseconds; a histogram keeps three digits.
      assertThat(result.rows().get(0).p50Micros()).isBetween(3.99, 4.01);
    }
  }

  @Test
  void floorIsCompiledAndMeasuredOrItsAbsenceIsExplained() throws IOException {
    try (Floor floor = Floor.compile()) {
      Double micros = floor.measureMicros("futex", 500, 500);
      if (micros == null) {
        assertThat(floor.reason()).isNotEmpty();
      } else {
        assertThat(micros).isPositive();
      }
    }
  }

  @Test
  void everyRoundIsAnnounced() throws IOException {
    List<String> log = new ArrayList<>();
    try (Floor floor = Floor.compile()) {
      new Bench(TINY, floor, log::add).run(List.of(new Fixed()));
    }
    assertThat(log).contains("warming up fixed", "round 1 of 3", "round 3 of 3");
  }

  @Test
  void rowOfTheReportHasTheFieldsThatScriptsReadAndNoOthers() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    JsonNode row = mapper.readTree(mapper.writeValueAsString(Row.of("a.c", 2.0, 3.5, 0.5)));

    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(names::add);
    assertThat(names).containsExactly("name", "p50_us", "p99_us", "floor_us", "ratio");
    assertThat(row.get("ratio").asDouble()).isEqualTo(4.0);
  }

  @Test
  void rowWithoutFloorHasNoRatio() {
    assertThat(Row.of("a", 1, 2, null).ratio()).isNull();
  }

  @Test
  void tableShowsEveryRowAndSaysWhyThereIsNoFloor() {
    StringWriter text = new StringWriter();
    Report.print(
        new Bench.Result(List.of(Row.of("host_to_worker.c", 2.1, 45, null)), null, null, TINY),
        "no C compiler",
        new PrintWriter(text));

    assertThat(text.toString())
        .contains("host_to_worker.c", "2.10", "45.00", "No floor was measured: no C compiler");
  }

  @Test
  void pipePeersAnswerAndLeaveNoProcess() throws IOException {
    long before = ProcessHandle.current().children().count();
    try (PipePeer json = PipePeer.jsonLines("python3");
        PipePeer raw = PipePeer.rawBytes("python3")) {
      for (PipePeer peer : List.of(json, raw)) {
        Histogram nanos = new Histogram(3);
        peer.measure(50, 5_000_000_000L, nanos);
        assertThat(nanos.getTotalCount()).as(peer.name()).isEqualTo(50);
      }
    }
    assertThat(ProcessHandle.current().children().count()).isEqualTo(before);
  }
}
