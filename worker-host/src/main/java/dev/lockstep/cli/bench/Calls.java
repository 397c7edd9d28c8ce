package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Exchanges in which Java calls the worker. */
final class Calls {
  private static final List<Integer> NUMBERS = List.of(1, 2, 3, 4, 5, 6);
  private static final Map<String, Object> DICT = Map.of("name", "PyScript", "xs", NUMBERS);
  private static final Named RECORD = new Named("PyScript", NUMBERS);

  /** The facade whose call is measured. */
  public interface Echo {
    /** Comes back as it is. */
    int echo(int value);
  }

  /** The small dict as a record. */
  public record Named(String name, List<Integer> xs) {}

  private final PyWorker worker;

  Calls(PyWorker worker) {
    this.worker = worker;
  }

  Exchange scalar(String name) {
    return Exchange.of(name, "Java calls f(int) -> int in Python", turn -> scalars(turn, name, 0));
  }

  Exchange parked(String name) {
    return Exchange.of(
        name,
        "the same after the worker has slept for a while",
        turn -> scalars(turn, name, BenchWorker.PAUSE_NANOS));
  }

  private void scalars(Turn turn, String name, long pauseNanos) throws IOException {
    turn.time(name, pauseNanos, this::echo);
  }

  private void echo(int value) {
    expect(value, worker.sync().call("echo", int.class, value));
  }

  private static void expect(int value, int answer) {
    if (answer != value) {
      throw new IllegalStateException("a wrong answer: value=" + value + ", answer=" + answer);
    }
  }

  Exchange facade(String name) {
    Echo echo = worker.sync().as(Echo.class);
    return Exchange.of(
        name,
        "Java calls f(int) -> int through an interface",
        turn -> turn.time(name, value -> expect(value, echo.echo(value))));
  }

  Exchange dict(String name) {
    return Exchange.of(
        name,
        "Java calls f(Map) -> Map with " + DICT,
        turn -> turn.time(name, value -> worker.sync().call("echo", Object.class, DICT)));
  }

  Exchange record(String name) {
    return Exchange.of(
        name,
        "the same as a record, bound by Jackson",
        turn -> turn.time(name, value -> worker.sync().call("echo", Named.class, RECORD)));
  }

  /** Two more calls on top of the first: half of what they add is one level. */
  Exchange nested(String name) {
    return Exchange.of(
        name,
        "half of what main -> worker -> main -> worker takes longer than main -> worker",
        turn -> {
          long deadlineNanos = System.nanoTime() + turn.maxNanos();
          for (int i = 0; i < turn.maxCalls(); i++) {
            long startNanos = System.nanoTime();
            echo(i);
            long middleNanos = System.nanoTime();
            expect(i, worker.sync().call("relay", int.class, i));
            long endNanos = System.nanoTime();
            turn.record(name, ((endNanos - middleNanos) - (middleNanos - startNanos)) / 2);
            if (endNanos - deadlineNanos > 0) {
              return;
            }
          }
        });
  }

  Exchange allocation(String name) {
    return Exchange.of(
        name,
        "bytes that this JVM allocates for one call of Python",
        Exchange.Pace.SLOW,
        turn ->
            Allocation.perCall(
                turn,
                name,
                count -> {
                  for (int i = 0; i < count; i++) {
                    echo(i);
                  }
                }));
  }

  Exchange threads(String name, int threads) {
    return new Threads(name, "Java", threads, nanos -> Threads.count(threads, nanos, this::echo));
  }
}
