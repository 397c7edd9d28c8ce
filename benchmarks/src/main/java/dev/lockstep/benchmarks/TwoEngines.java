package dev.lockstep.benchmarks;

import dev.lockstep.call.CallContexts;
import dev.lockstep.call.CallEngine;
import dev.lockstep.call.CallSettings;
import dev.lockstep.call.Failures;
import dev.lockstep.call.Listener;
import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Both ends of a bridge in this JVM, on one real segment: calls without any Python. */
final class TwoEngines implements AutoCloseable {
  private final Segment segment;
  private final Segment attached;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(TwoEngines::daemon);
  final ValueCodec codec = new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
  final CallEngine host;
  final CallEngine worker;

  TwoEngines(boolean syncMainOnly) {
    int capacityBytes = Limits.DEFAULT_LANE_CAPACITY_BYTES;
    byte[] nonce = new byte[SegmentLayout.NONCE_BYTES];
    SegmentSpec spec =
        new SegmentSpec("benchmark", capacityBytes, capacityBytes, Limits.DEFAULT, syncMainOnly);
    segment = Segment.createSealed(spec, nonce);
    attached = Segment.attach(segment.pathForPeer(), spec, nonce);
    host = engine(segment, Side.HOST, syncMainOnly);
    worker = engine(attached, Side.WORKER, syncMainOnly);
  }

  private CallEngine engine(Segment end, Side side, boolean syncMainOnly) {
    Channel channel = new Channel(end, side, Limits.DEFAULT, WaitTuning.defaults());
    return new CallEngine(
        new CallSettings(
            "benchmark",
            channel,
            side,
            syncMainOnly,
            codec,
            Limits.DEFAULT,
            whateverFails(Failures.class),
            whateverFails(Listener.class),
            TwoEngines::daemon,
            timer,
            null,
            null,
            new CallContexts()));
  }

  /** Expose what is to be called before. */
  void start() {
    host.start();
    worker.start();
    worker.sendReady(Map.of());
    while (!host.isReady()) {
      Thread.onSpinWait();
    }
  }

  /** No call of a benchmark fails: what is told of a failure becomes one exception. */
  private static <T> T whateverFails(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                method.getReturnType() == void.class
                    ? null
                    : new IllegalStateException(method.getName() + Arrays.toString(arguments))));
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public void close() {
    host.close();
    worker.close();
    timer.shutdownNow();
    attached.close();
    segment.close();
  }
}
