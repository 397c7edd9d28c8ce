package dev.lockstep.cli.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Several threads that call at once for some time: how long they take for one call in total, and
 * how far the slowest of them falls behind.
 */
final class Threads implements Exchange {
  private static final String SLOWEST = ".slowest";

  /** Lets threads call for a time; the nanoseconds that it took and each thread's calls. */
  @FunctionalInterface
  interface Load {
    long[] run(long nanos);
  }

  private final String name;
  private final String kind;
  private final int threads;
  private final Load load;

  Threads(String name, String kind, int threads, Load load) {
    this.name = name;
    this.kind = kind;
    this.threads = threads;
    this.load = load;
  }

  /** The name of the figure that says how many times the slowest thread's calls the mean is. */
  static String slowest(String name) {
    return name + SLOWEST;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return threads == 1
        ? "one " + kind + " thread calls: time a call"
        : threads
            + " "
            + kind
            + " threads call at once: time divided by the calls of all; "
            + "slowest: the mean thread's calls against the slowest one's";
  }

  @Override
  public List<String> figures() {
    return threads == 1 ? List.of(name) : List.of(name, slowest(name));
  }

  @Override
  public Pace pace() {
    return Pace.SLOW;
  }

  @Override
  public void measure(Turn turn) throws IOException {
    long[] result = load.run(turn.maxNanos());
    long[] calls = Arrays.copyOfRange(result, 1, result.length);
    long total = Arrays.stream(calls).sum();
    long fewest = Arrays.stream(calls).min().orElse(0);
    turn.record(name, result[0] / Math.max(1, total));
    if (threads > 1) {
      double mean = (double) total / calls.length;
      turn.record(slowest(name), Math.round(1000 * mean / Math.max(1, fewest)));
    }
  }

  /** The load of Java threads. */
  static long[] count(int threads, long nanos, IntConsumer call) {
    long[] result = new long[threads + 1];
    CountDownLatch begin = new CountDownLatch(1);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread[] started = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      int slot = i + 1;
      started[i] =
          new Thread(
              () -> {
                try {
                  begin.await();
                  result[slot] = callsUntil(System.nanoTime() + nanos, call);
                } catch (InterruptedException | RuntimeException e) {
                  failure.set(e);
                }
              },
              "bench-caller-" + i);
      started[i].setDaemon(true);
      started[i].start();
    }
    long startNanos = System.nanoTime();
    begin.countDown();
    try {
      for (Thread thread : started) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while threads called", e);
    }
    result[0] = System.nanoTime() - startNanos;
    Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("a calling thread failed: " + failed, failed);
    }
    return result;
  }

  private static long callsUntil(long deadlineNanos, IntConsumer call) {
    long calls = 0;
    while (System.nanoTime() - deadlineNanos < 0) {
      call.accept((int) calls);
      calls++;
    }
    return calls;
  }
}
