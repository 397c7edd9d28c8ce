package dev.lockstep.cli.bench;

import dev.lockstep.PyWorker;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What workers and this JVM use while nothing happens. Wake-ups are those of a worker's threads and
 * of the library's own in this JVM: the JVM's timers tick without us.
 */
final class Idle implements Exchange {
  static final long WATCHED_NANOS = 10_000_000_000L;
  private static final long SETTLING_NANOS = 3_000_000_000L;
  private static final long LOOK_MILLIS = 20;

  /** As much of our threads' names as the kernel keeps. */
  private static final String OURS = "lockstep-";

  /** By the suffix of their figures. */
  private final Map<String, PyWorker> workers;

  private final long watchedNanos;

  Idle(Map<String, PyWorker> workers, long watchedNanos) {
    this.workers = new LinkedHashMap<>(workers);
    this.watchedNanos = watchedNanos;
  }

  static String processor(String suffix) {
    return "idle" + suffix;
  }

  static String wakeUps(String suffix) {
    return "idle_wakeups" + suffix;
  }

  @Override
  public String name() {
    return "idle";
  }

  @Override
  public String description() {
    return "processor time of worker and JVM over "
        + TimeUnit.NANOSECONDS.toSeconds(watchedNanos)
        + " s without a call; wakeups: how often the worker's and the library's threads woke";
  }

  @Override
  public List<String> figures() {
    return workers.keySet().stream()
        .flatMap(suffix -> Stream.of(processor(suffix), wakeUps(suffix)))
        .toList();
  }

  @Override
  public Pace pace() {
    return Pace.AT_REST;
  }

  @Override
  public void measure(Turn turn) throws IOException {
    try {
      settle();
      ProcTasks jvmBefore = ProcTasks.ofThisJvm();
      Map<String, ProcTasks> workersBefore = new LinkedHashMap<>();
      for (Map.Entry<String, PyWorker> worker : workers.entrySet()) {
        workersBefore.put(worker.getKey(), ProcTasks.of(worker.getValue().pid()));
      }
      long startNanos = System.nanoTime();
      TimeUnit.NANOSECONDS.sleep(watchedNanos);
      double tookNanos = System.nanoTime() - startNanos;
      ProcTasks jvm = ProcTasks.ofThisJvm();
      long jvmNanos = jvm.cpuNanosSince(jvmBefore, name -> true);
      long jvmWakeUps = jvm.sleepsSince(jvmBefore, name -> name.startsWith(OURS));
      for (Map.Entry<String, ProcTasks> before : workersBefore.entrySet()) {
        String suffix = before.getKey();
        ProcTasks worker = ProcTasks.of(Objects.requireNonNull(workers.get(suffix)).pid());
        long nanos = jvmNanos + worker.cpuNanosSince(before.getValue(), name -> true);
        long wakeUps = jvmWakeUps + worker.sleepsSince(before.getValue(), name -> true);
        turn.record(processor(suffix), Math.round(1000 * 100 * nanos / tookNanos));
        turn.record(wakeUps(suffix), Math.round(1000 * 1e9 * wakeUps / tookNanos));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while watching what idle workers do", e);
    }
  }

  /**
   * Waits for the last slices of what was measured before, and looks as it will look later: the
   * compilers would find that worth their while just when nothing is to happen.
   */
  private void settle() throws IOException, InterruptedException {
    long untilNanos = System.nanoTime() + Math.min(SETTLING_NANOS, watchedNanos);
    while (System.nanoTime() - untilNanos < 0) {
      ProcTasks.ofThisJvm();
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    }
  }
}
