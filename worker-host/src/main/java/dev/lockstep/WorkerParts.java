package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.call.CallSettings;
import dev.lockstep.call.Failures;
import dev.lockstep.call.Listener;
import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.os.Fd;
import dev.lockstep.os.Pipe;
import dev.lockstep.os.Signals;
import dev.lockstep.park.Signal;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.process.StartUpMessage;
import dev.lockstep.process.WorkerProcess;
import dev.lockstep.stdio.ByteSink;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.SegmentLayout;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What one worker owns in this process: the shared segment with its channel and engine, three
 * pipes, and the process. The process comes first, for it takes longest to be there; all else is
 * made while it boots, and goes after it.
 */
final class WorkerParts {
  /** Every interrupt that names no call means whatever runs. */
  private static final long WHATEVER_RUNS = -1;

  private static final Duration LAST_LOOK = Duration.ofMillis(250);
  private static final Duration READER_LEAVES = Duration.ofSeconds(1);
  private static final long LOOK_NANOS = 100_000;

  private final WorkerSettings settings;
  private final Services services;
  private final Launch launch;
  private final Segment segment;
  private final byte[] nonce;
  private final Channel channel;
  private final CallEngine engine;
  private final ValueCodec codec;
  private final Pipe stdout;
  private final Pipe stderr;
  private final Pipe lifeline;
  private final WorkerProcess process;

  /** Starts the process, which does nothing but boot until {@link #start}, and makes the rest. */
  WorkerParts(
      String name,
      WorkerSettings settings,
      Services services,
      Failures failures,
      Listener listener,
      Launch launch,
      Path shim)
      throws IOException {
    this.settings = settings;
    this.services = services;
    this.launch = launch;
    List<Runnable> undo = new ArrayList<>();
    try {
      stdout = pipe(undo);
      stderr = pipe(undo);
      lifeline = pipe(undo);
      process = process(launch, shim);
      undo.add(this::endProcess);
      nonce = new byte[SegmentLayout.NONCE_BYTES];
      new SecureRandom().nextBytes(nonce);
      segment = segment(name);
      undo.add(segment::close);
      channel = new Channel(segment, Side.HOST, settings.limits(), WaitTuning.defaults());
      codec = services.codec(settings);
      engine = engine(name, failures, listener);
      Messages.listen(settings, this);
    } catch (IOException | RuntimeException | Error e) {
      for (int i = undo.size() - 1; i >= 0; i--) {
        undo.get(i).run();
      }
      throw e;
    }
  }

  private static Pipe pipe(List<Runnable> undo) {
    Pipe pipe = Pipe.open();
    undo.add(pipe::close);
    return pipe;
  }

  private WorkerProcess process(Launch launch, Path shim) throws IOException {
    try {
      return WorkerProcess.start(
          services.spawner,
          launch.command(shim),
          launch.environment(),
          launch.directory(),
          stdout.writeEnd(),
          stderr.writeEnd());
    } finally {
      stdout.writeEnd().close();
      stderr.writeEnd().close();
    }
  }

  private Segment segment(String name) {
    SegmentSpec spec =
        new SegmentSpec(
            name,
            settings.laneCapacityBytes(),
            settings.laneCapacityBytes(),
            settings.limits(),
            settings.isSyncMainOnly());
    return services.use(
        settings.segmentKind == SegmentKind.MEMFD
            ? Segment.createSealed(spec, nonce)
            : Segment.createInFolder(spec, nonce, services.segmentFolder(settings.segmentFolder)));
  }

  private CallEngine engine(String name, Failures failures, Listener listener) {
    CallEngine made =
        new CallEngine(
            new CallSettings(
                name,
                channel,
                Side.HOST,
                settings.isSyncMainOnly(),
                codec,
                settings.limits(),
                failures,
                listener,
                services.threads,
                services.timer,
                settings.executor,
                null,
                services.contexts));
    Exposure exposure = new Exposure(codec);
    settings.exposed.values().forEach(function -> exposure.expose(made, function));
    return made;
  }

  private void endProcess() {
    process.kill();
    process.closeStdin();
  }

  /** Reads the process's output, tells the process what to run, and starts the engine. */
  void start(String name, WorkerOutput output, ByteSink lifelineSink) {
    services.poller.add(stdout.readEnd(), output.sink(OutputLine.Stream.STDOUT));
    services.poller.add(stderr.readEnd(), output.sink(OutputLine.Stream.STDERR));
    services.poller.add(lifeline.readEnd(), lifelineSink);
    StartUpMessage message =
        new StartUpMessage(
            nonce,
            segment,
            lifeline.writeEnd().pathForOthers(),
            name,
            settings.source.mode(),
            settings.source.target(),
            settings.arguments,
            settings.acceleratorName(),
            settings.config.asMap(),
            launch.path(),
            settings.config.threads(),
            settings.hostLogging,
            settings.logLevels);
    process.send(message.encode(codec), name);
    engine.start();
  }

  CallEngine engine() {
    return engine;
  }

  ValueCodec codec() {
    return codec;
  }

  WorkerProcess process() {
    return process;
  }

  SegmentKind segmentKind() {
    return segment.isSealed() ? SegmentKind.MEMFD : SegmentKind.TMPFS;
  }

  /**
   * The worker has opened what was named to it: nobody else needs the names, and from now on the
   * lifeline ends when the worker's own end of it does.
   */
  void attached() {
    segment.unlink();
    lifeline.writeEnd().close();
  }

  /** Raises KeyboardInterrupt in a call, or in whatever runs. */
  void interrupt(long callId) {
    segment.putLongRelease(SegmentLayout.INTERRUPT_CALL_ID_OFFSET, callId);
    process.signal(Signals.SIGINT);
    // A signal between its look and its sleep would not wake it: the lane does.
    new Signal(segment, SegmentLayout.TO_WORKER_LANE_OFFSET + LaneLayout.DATA_SIGNAL_OFFSET)
        .raiseAndWake();
  }

  /**
   * The same in what runs now. By its id if that is certain: a signal that is handled late must not
   * hit the next call. Nothing if nothing can be running.
   */
  void interrupt() {
    long sole = engine.isReady() ? engine.soleCallOut() : WHATEVER_RUNS;
    if (sole != 0) {
      interrupt(sole);
    }
  }

  void kill() {
    process.kill();
  }

  // --- after the process's end, in this order

  /** Waits until what it sent last has been read: an answer beats the news of the death. */
  void awaitLaneRead() {
    long deadlineNanos = System.nanoTime() + LAST_LOOK.toNanos();
    while (System.nanoTime() - deadlineNanos < 0 && !channel.isClosed()) {
      boolean readsNobody = channel.tryAcquireRole();
      boolean more = channel.hasData();
      if (readsNobody) {
        more |= channel.leaveRole();
        if (more) {
          channel.wakeSleeper();
        }
      }
      if (!more && (readsNobody || settings.isSyncMainOnly())) {
        return;
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** Delivers what it has written until now, then runs something on the polling thread. */
  CompletableFuture<Void> afterOutput(Runnable then) {
    return services.poller.afterReading(List.of(stdout.readEnd(), stderr.readEnd()), then);
  }

  /** Delivers what is left of its output; completes soon, whoever else holds the pipes. */
  CompletableFuture<Void> drainOutput() {
    List<Fd> ends = List.of(stdout.readEnd(), stderr.readEnd(), lifeline.readEnd());
    return services.poller.drain(ends).orTimeout(1, TimeUnit.SECONDS).exceptionally(late -> null);
  }

  /** Slices that ended with data there, as this side counted them and as the worker says it did. */
  long lateWakeups() {
    return engine.statistics().lateWakeups()
        + segment.getLongAcquire(SegmentLayout.WORKER_LATE_WAKEUPS_OFFSET);
  }

  /** Gives memory and descriptors back. The engine has ended. */
  void release() {
    process.killLeftovers();
    process.closeStdin();
    lifeline.writeEnd().close();
    long deadlineNanos = System.nanoTime() + READER_LEAVES.toNanos();
    while (engine.isReaderPresent() && System.nanoTime() - deadlineNanos < 0) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    segment.close();
  }
}
