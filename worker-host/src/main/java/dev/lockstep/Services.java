package dev.lockstep;

import dev.lockstep.call.CallContexts;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.env.Interpreters;
import dev.lockstep.env.ShimFolder;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.TmpfsFolder;
import dev.lockstep.process.Spawner;
import dev.lockstep.stdio.OutputPoller;
import dev.lockstep.wire.Limits;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What serves all workers of one {@link Workers}: three threads, and folders made on first need.
 */
final class Services implements AutoCloseable {
  /** In the making while the rest comes up: a young JVM loads hundreds of classes for it. */
  private final CompletableFuture<ValueCodec> defaultCodec =
      CompletableFuture.supplyAsync(
          () -> new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false),
          task -> daemon(task).start());

  final Spawner spawner = new Spawner("lockstep-spawner");
  final OutputPoller poller = new OutputPoller("lockstep-output");
  final ScheduledThreadPoolExecutor timer;
  final CallContexts contexts = new CallContexts();
  final Interpreters interpreters = new Interpreters();
  final ThreadFactory threads = Services::daemon;
  private final UnaryOperator<Segment> segments;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Path, TmpfsFolder> segmentFolders = new HashMap<>();
  private @Nullable ShimFolder shim;

  Services() {
    this(UnaryOperator.identity());
  }

  /**
   * For tests.
   *
   * @param segments what takes the place of each segment as soon as it is made
   */
  Services(UnaryOperator<Segment> segments) {
    this.segments = segments;
    timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = daemon(task);
              thread.setName("lockstep-timer");
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  /** The codec of a worker; those without wishes of their own share one. */
  ValueCodec codec(WorkerSettings settings) {
    if (settings.objectMapper == null
        && !settings.strictNanos
        && settings.limits().equals(Limits.DEFAULT)) {
      return defaultCodec.join();
    }
    return new ValueCodec(
        settings.limits(),
        settings.objectMapper == null ? ValueCodec.defaultMapper() : settings.objectMapper,
        settings.strictNanos);
  }

  /** The folder of the Python side. */
  Path shim() {
    lock.lock();
    try {
      ShimFolder made = shim;
      if (made == null) {
        made = ShimFolder.open();
        shim = made;
      }
      return made.path();
    } finally {
      lock.unlock();
    }
  }

  /** The segment to use for one that was just made. */
  Segment use(Segment made) {
    return segments.apply(made);
  }

  /** A private folder for segments below a folder on tmpfs. */
  TmpfsFolder segmentFolder(Path base) {
    lock.lock();
    try {
      return segmentFolders.computeIfAbsent(base.toAbsolutePath(), TmpfsFolder::open);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    poller.close();
    spawner.close();
    lock.lock();
    try {
      segmentFolders.values().forEach(TmpfsFolder::close);
      segmentFolders.clear();
      if (shim != null) {
        shim.close();
        shim = null;
      }
    } finally {
      lock.unlock();
    }
  }
}
