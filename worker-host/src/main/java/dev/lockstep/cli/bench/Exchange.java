package dev.lockstep.cli.bench;

import java.io.IOException;
import org.HdrHistogram.Histogram;

/**
 * Something that goes to another process and comes back, and can be timed. It is used by one thread
 * at a time and holds its processes until it is closed.
 */
public interface Exchange extends AutoCloseable {
  /** What a row of the report calls it: {@code host_to_worker.c}. */
  String name();

  /** What one exchange is, for a reader of the table. */
  String description();

  /**
   * Times up to {@code count} exchanges, one after the other, and stops early when {@code maxNanos}
   * have passed.
   *
   * @param nanos receives one value an exchange, in nanoseconds
   */
  void measure(int count, long maxNanos, Histogram nanos) throws IOException;

  /** Ends the processes that it started. */
  @Override
  void close();
}
