package dev.lockstep.cli.bench;

import java.io.IOException;
import java.util.List;

/**
 * Something that can be measured in turns: most often a message that goes to another process and
 * comes back. It is used by one thread at a time and holds its processes until it is closed.
 */
public interface Exchange extends AutoCloseable {
  /** How the report calls it and its main figure: {@code host_to_worker.c}. */
  String name();

  /** What it measures and how that is counted, for a reader of the table. */
  String description();

  /** The figures that a turn records. */
  default List<String> figures() {
    return List.of(name());
  }

  /** When it is measured. */
  default Pace pace() {
    return Pace.EVERY_ROUND;
  }

  /** How much time an exchange wants. */
  enum Pace {
    /** A turn in each round. */
    EVERY_ROUND,
    /** The same, but too long, or too many processes, for a run of a few seconds. */
    SLOW,
    /** Not for a run of a few seconds, and once only, when all else is at rest. */
    AT_REST
  }

  /** Measures for one turn. */
  void measure(Turn turn) throws IOException;

  /** Ends the processes that it started itself. */
  @Override
  default void close() {}

  /** What an exchange does in its turn. */
  @FunctionalInterface
  interface Body {
    void measure(Turn turn) throws IOException;
  }

  /** An exchange of one figure, in every round. */
  static Exchange of(String name, String description, Body body) {
    return new Plain(name, description, Pace.EVERY_ROUND, body);
  }

  /** The same for a pace. */
  static Exchange of(String name, String description, Pace pace, Body body) {
    return new Plain(name, description, pace, body);
  }

  /** An exchange that is nothing but its turn. */
  record Plain(String name, String description, Pace pace, Body body) implements Exchange {
    @Override
    public void measure(Turn turn) throws IOException {
      body.measure(turn);
    }
  }
}
