package dev.lockstep.cli.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** How much memory this JVM allocates for a call, by whatever thread. */
final class Allocation {
  private static final int MAX_CALLS = 10_000;

  private Allocation() {}

  /** Records thousandths of bytes a call, from one run of the calls. */
  static void perCall(Turn turn, String figure, IntConsumer calls) {
    int count = Math.min(MAX_CALLS, turn.maxCalls());
    long before = allocatedBytes();
    calls.accept(count);
    long bytes = allocatedBytes() - before;
    turn.record(figure, Math.round(1000.0 * bytes / count));
  }

  /** By all threads that live: none of ours ends while a benchmark calls. */
  private static long allocatedBytes() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
        .filter(bytes -> bytes > 0)
        .sum();
  }
}
