package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueType;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Two engines on one real segment in one process, with a watchdog that dumps both. Closing it
 * checks that no wake-up came late, that every thread of the engines has ended and that nothing is
 * left in flight.
 */
final class EnginePair implements AutoCloseable {
  private static final long WATCHDOG_SECONDS = 40;
  private static final long PATIENCE_SECONDS = 20;

  /** How a pair is made. */
  static final class Maker {
    String name = "pair";
    Limits limits = Limits.DEFAULT;
    int capacityBytes = LaneLayout.MIN_CAPACITY_BYTES;
    boolean syncMainOnly;
    boolean ready = true;
    long maxSpinNanos = WaitTuning.defaults().maxSpinNanos();
    @Nullable Executor handlerExecutor;
    @Nullable Executor completionExecutor;
    CallContexts hostContexts = new CallContexts();

    Maker name(String newName) {
      name = newName;
      return this;
    }

    Maker limits(Limits newLimits) {
      limits = newLimits;
      return this;
    }

    Maker syncMainOnly() {
      syncMainOnly = true;
      return this;
    }

    Maker notReady() {
      ready = false;
      return this;
    }

    Maker maxSpinNanos(long nanos) {
      maxSpinNanos = nanos;
      return this;
    }

    Maker handlerExecutor(Executor executor) {
      handlerExecutor = executor;
      return this;
    }

    Maker completionExecutor(Executor executor) {
      completionExecutor = executor;
      return this;
    }

    Maker hostContexts(CallContexts contexts) {
      hostContexts = contexts;
      return this;
    }

    EnginePair open() {
      return new EnginePair(this);
    }
  }

  /** One engine's listener: remembers. */
  static final class Heard implements Listener {
    final CompletableFuture<Map<String, @Nullable Object>> ready = new CompletableFuture<>();
    final CompletableFuture<ErrorDescription> fatal = new CompletableFuture<>();
    final CompletableFuture<RuntimeException> fault = new CompletableFuture<>();
    final List<String> builtins = new CopyOnWriteArrayList<>();
    final List<Throwable> handlerErrors = new CopyOnWriteArrayList<>();
    final List<Long> interrupts = new CopyOnWriteArrayList<>();

    @Override
    public void onReady(Map<String, @Nullable Object> description) {
      ready.complete(description);
    }

    @Override
    public void onFatal(ErrorDescription error) {
      fatal.complete(error);
    }

    @Override
    public void onBuiltinNotify(String name, @Nullable Object[] arguments) {
      builtins.add(name + List.of(arguments));
    }

    @Override
    public void onPeerFault(RuntimeException peerFault) {
      fault.complete(peerFault);
    }

    @Override
    public void onHandlerError(String name, Throwable error) {
      handlerErrors.add(error);
    }

    @Override
    public void onInterruptWanted(String name, long callId) {
      interrupts.add(callId);
    }
  }

  final CallEngine host;
  final CallEngine worker;
  final Heard hostHeard = new Heard();
  final Heard workerHeard = new Heard();
  final Channel hostChannel;
  final Channel workerChannel;
  final ValueCodec codec;
  final ValueType untyped;
  final CallContexts hostContexts;
  final CallContexts workerContexts = new CallContexts();
  final Segment segment;
  private final Segment attached;
  private final List<Thread> threads = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService timer;
  private final ScheduledFuture<?> watchdog;

  /** Of a test that brings them about. */
  long lateWakeupsOfHost;

  private final AtomicReference<@Nullable String> barked = new AtomicReference<>();

  static Maker make() {
    return new Maker();
  }

  private EnginePair(Maker maker) {
    SegmentSpec spec =
        new SegmentSpec(
            maker.name, maker.capacityBytes, maker.capacityBytes, maker.limits, maker.syncMainOnly);
    byte[] nonce = new byte[16];
    this.segment = Segment.createSealed(spec, nonce);
    this.attached = Segment.attach(segment.pathForPeer(), spec, nonce);
    WaitTuning tuning =
        new WaitTuning(
            maker.maxSpinNanos, TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(5));
    this.hostChannel = new Channel(segment, Side.HOST, maker.limits, tuning);
    this.workerChannel = new Channel(attached, Side.WORKER, maker.limits, tuning);
    this.codec = new ValueCodec(maker.limits, ValueCodec.defaultMapper(), false);
    this.untyped = codec.typeOf(Object.class);
    this.hostContexts = maker.hostContexts;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "test-timer");
              thread.setDaemon(true);
              return thread;
            });
    this.host = engine(maker, Side.HOST, hostChannel, hostHeard, hostContexts);
    this.worker = engine(maker, Side.WORKER, workerChannel, workerHeard, workerContexts);
    this.watchdog = timer.schedule(this::bark, WATCHDOG_SECONDS, TimeUnit.SECONDS);
    host.start();
    worker.start();
    if (maker.ready) {
      worker.sendReady(Map.of("exports", List.of()));
      await("ready", host::isReady);
    }
  }

  private CallEngine engine(
      Maker maker, Side side, Channel channel, Heard heard, CallContexts contexts) {
    boolean isHost = side == Side.HOST;
    return new CallEngine(
        new CallSettings(
            maker.name,
            channel,
            side,
            maker.syncMainOnly,
            codec,
            maker.limits,
            new TestFailures(),
            heard,
            this::newThread,
            timer,
            isHost ? maker.handlerExecutor : null,
            isHost ? maker.completionExecutor : null,
            contexts));
  }

  private Thread newThread(Runnable body) {
    Thread thread = new Thread(body);
    thread.setDaemon(true);
    threads.add(thread);
    return thread;
  }

  // --- short forms

  @Nullable Object call(String name, @Nullable Object... arguments) {
    return callFrom(host, 0, name, arguments);
  }

  @Nullable Object callBack(String name, @Nullable Object... arguments) {
    return callFrom(worker, 0, name, arguments);
  }

  @Nullable Object callFrom(
      CallEngine engine, long timeoutNanos, String name, @Nullable Object... arguments) {
    return engine.call(engine.name(name), untyped, arguments, Map.of(), timeoutNanos);
  }

  CompletableFuture<@Nullable Object> callAsync(String name, @Nullable Object... arguments) {
    return host.callAsync(host.name(name), untyped, arguments, Map.of(), 0);
  }

  void notifyFrom(CallEngine engine, String name, @Nullable Object... arguments) {
    engine.notify(engine.name(name), arguments, Map.of());
  }

  /** A function of the worker. */
  EnginePair onWorker(String name, Function function) {
    worker.exposeUntyped(name, (arguments, keywords) -> function.apply(arguments), null);
    return this;
  }

  /** A function of the host. */
  EnginePair onHost(String name, Function function) {
    host.exposeUntyped(name, (arguments, keywords) -> function.apply(arguments), null);
    return this;
  }

  /** A handler without keywords. */
  @FunctionalInterface
  interface Function {
    @Nullable Object apply(@Nullable Object[] arguments) throws Throwable;
  }

  /** Waits for a condition; the watchdog ends it. */
  void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("never: " + what + "\n" + dump());
      }
      LockSupport.parkNanos(100_000);
    }
  }

  // --- the watchdog, and the end

  String dump() {
    StringBuilder text = new StringBuilder(host.dump()).append(worker.dump());
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              text.append(thread).append('\n');
              for (StackTraceElement element : stack) {
                text.append("    ").append(element).append('\n');
              }
            });
    return text.toString();
  }

  private void bark() {
    barked.set(dump());
    host.fail(new AssertionError("the watchdog barked"));
    worker.fail(new AssertionError("the watchdog barked"));
  }

  @Override
  public void close() {
    watchdog.cancel(false);
    CallStatistics hostCounts = host.statistics();
    CallStatistics workerCounts = worker.statistics();
    host.close();
    worker.close();
    boolean ended = true;
    try {
      for (Thread thread : threads) {
        thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        ended &= !thread.isAlive();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    String dump = dump();
    timer.shutdownNow();
    attached.close();
    segment.close();
    assertThat(barked.get()).as("what the watchdog saw").isNull();
    assertThat(ended).as("all threads of the engines have ended: %s", dump).isTrue();
    assertThat(hostCounts.lateWakeups())
        .as("late wake-ups of the host")
        .isEqualTo(lateWakeupsOfHost);
    assertThat(workerCounts.lateWakeups()).as("late wake-ups of the worker").isZero();
    assertThat(host.statistics().inFlight()).isZero();
    assertThat(worker.statistics().inFlight()).isZero();
  }
}
