package dev.lockstep.cli.bench;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * Brings this JVM to where one is that has run for a while.
 *
 * <p>Two things make a young JVM slow, and neither says anything about a call. Its compilers take
 * one of the processors for seconds, and a call whose other side has no processor is answered by a
 * sleeper. And memory that is allocated for the first time costs a page fault every 4 KiB, which is
 * all of the 99th percentile; collections give the same pages out again.
 */
final class WarmUp {
  private static final long QUIET_NANOS = 300_000_000;

  /** Share of one processor's time below which the compilers count as quiet. */
  private static final double QUIET_SHARE = 0.02;

  private static final int CHUNK_BYTES = 64 * 1024;
  private static final int CHUNKS_PER_LOOK = 1024;
  private static final long FAULTS_PER_LOOK = 256;
  private static final int QUIET_LOOKS = 16;
  private static final int COLLECTIONS = 6;
  private static final long CHURN_MAX_NANOS = 5_000_000_000L;

  private final Plan plan;

  /** Kept so that the compiler cannot drop what is allocated. */
  @SuppressWarnings("unused")
  private byte[] lastChunk = {};

  WarmUp(Plan plan) {
    this.plan = plan;
  }

  /**
   * Gives all exchanges short turns again and again, until during several the compilers did next to
   * nothing or the plan's time is up; then allocates until that costs no page faults any more.
   */
  void run(List<? extends Exchange> exchanges, Runnable beforeTurn) throws IOException {
    if (!exchanges.isEmpty()) {
      untilCompilersAreQuiet(exchanges, beforeTurn);
      untilPagesAreTouched();
    }
  }

  private void untilCompilersAreQuiet(List<? extends Exchange> exchanges, Runnable beforeTurn)
      throws IOException {
    long endNanos = System.nanoTime() + plan.warmUpNanos();
    ProcTasks before = ProcTasks.ofThisJvm();
    long quietNanos = 0;
    while (quietNanos < QUIET_NANOS && System.nanoTime() - endNanos < 0) {
      long passNanos = System.nanoTime();
      for (Exchange exchange : exchanges) {
        beforeTurn.run();
        exchange.measure(plan.leadIn());
      }
      long tookNanos = System.nanoTime() - passNanos;
      ProcTasks now = ProcTasks.ofThisJvm();
      long compiling = now.cpuNanosSince(before, name -> name.matches("C[12] Compiler.*"));
      before = now;
      quietNanos = compiling < QUIET_SHARE * tookNanos ? quietNanos + tookNanos : 0;
    }
  }

  private void untilPagesAreTouched() throws IOException {
    long endNanos = System.nanoTime() + CHURN_MAX_NANOS;
    long collections = collections();
    int quietLooks = 0;
    while (System.nanoTime() - endNanos < 0
        && (quietLooks < QUIET_LOOKS || collections() - collections < COLLECTIONS)) {
      long before = ProcTasks.pageFaultsOfThisJvm();
      for (int i = 0; i < CHUNKS_PER_LOOK; i++) {
        lastChunk = new byte[CHUNK_BYTES];
      }
      quietLooks = ProcTasks.pageFaultsOfThisJvm() - before < FAULTS_PER_LOOK ? quietLooks + 1 : 0;
    }
    lastChunk = new byte[0];
  }

  private static long collections() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionCount)
        .sum();
  }
}
