package dev.lockstep.call;

import dev.lockstep.channel.ChannelClosedException;
import dev.lockstep.channel.ChannelCounters;
import dev.lockstep.channel.Side;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.ValueType;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.wire.FrameFlags;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One end of a segment as a caller and a callee: functions of the peer are called by name, own
 * functions are exposed to it, and either may call the other while it is called.
 *
 * <p>Thread-safe: any number of threads, platform and virtual, may use one engine. Calls made
 * before the peer's READY wait for it and are then sent in order, except those nested in a call
 * that the peer makes while it boots: these are sent at once.
 *
 * <p>Arguments are encoded before a method returns or waits; what cannot cross is thrown then and
 * nothing is sent. Exceptions come from {@link Failures}.
 */
public final class CallEngine implements AutoCloseable {
  private static final long IDLE_LOOK_MILLIS = 2;
  private static final int RUNS_USER_CODE = FrameFlags.BUILTIN | OutboundCalls.IN_ORDER;
  private static final int MESSAGE = RUNS_USER_CODE | OutboundCalls.NOT_NESTED;

  private final CallSettings settings;
  private final Counters counters = new Counters();
  private final CallTable table;
  private final PumpQueue queue;
  private final ReadyGate gate;
  private final Outgoing outgoing;
  private final Serving serving;
  private final LaneReader reader;
  private final OutboundCalls calls;
  private final Waiting waits;
  private final Lifetime lifetime;

  /**
   * An engine that does nothing until {@link #start}. Expose before it what the peer needs early.
   */
  public CallEngine(CallSettings settings) {
    this.settings = settings;
    this.table = new CallTable(settings.limits().maxQueued(), settings.side().originBit());
    this.queue = new PumpQueue(settings.limits());
    this.gate = new ReadyGate(settings.side() == Side.WORKER, settings.limits().maxQueued());
    this.outgoing = new Outgoing(this, settings);
    this.serving = new Serving(this, settings, outgoing, counters);
    this.reader = new LaneReader(this, settings, table, serving, queue, counters);
    this.calls = new OutboundCalls(this, settings, table, gate, outgoing, reader, counters);
    if (settings.syncMainOnly() && settings.side() == Side.HOST) {
      this.waits = new SoloWaiting(this, settings, queue);
    } else {
      this.waits = new PumpedWaiting(this, settings, queue, counters);
    }
    this.lifetime = new Lifetime(this, settings, table, queue);
  }

  /** Starts reading: the pump, or in {@code sync_main_only} a reader until READY. Once. */
  public void start() {
    waits.start();
  }

  /** The peer's name. */
  public String name() {
    return settings.name();
  }

  /** A name for {@code call}; making it once saves work a call. */
  public EncodedName name(String name) {
    return EncodedName.of(name, settings.limits());
  }

  // --- calling

  /**
   * Calls a function of the peer and waits for the answer. While it waits, calls of the peer nested
   * in this one run on this thread.
   *
   * @param result what the answer is decoded to; {@code codec.typeOf(Object.class)} for untyped
   * @param keywords keyword arguments; may be empty
   * @param timeoutNanos from now to the answer; 0 for no deadline
   */
  public @Nullable Object call(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos) {
    requireMayCall(name.text());
    return calls.call(name, result, arguments, keywords, timeoutNanos, 0);
  }

  /**
   * Calls a function of the peer without waiting. {@code cancel(true)} and {@code cancel(false)} on
   * the future tell the peer and drop the late reply; with {@code true} {@link
   * Listener#onInterruptWanted} is told as well. The future is completed on the pump, or on the
   * completion executor.
   *
   * @param timeoutNanos from now to the answer; 0 for no deadline
   */
  public CompletableFuture<@Nullable Object> callAsync(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos) {
    requireMayCall(name.text());
    return calls.callAsync(name, result, arguments, keywords, timeoutNanos, 0);
  }

  /** Tells the peer without an answer. Waits for space in the lane only. */
  public void notify(
      EncodedName name,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords) {
    requireMayCall(name.text());
    calls.notify(name, arguments, keywords, 0);
  }

  /**
   * Calls one of the protocol's own functions ({@code exports}, {@code describe}, {@code stacks};
   * {@code flush} from a worker). Never waits for READY, and may be made after {@link #beginClose}.
   */
  public @Nullable Object builtin(String name, ValueType result, long timeoutNanos) {
    return calls.call(
        name(name), result, new Object[0], Map.of(), timeoutNanos, FrameFlags.BUILTIN);
  }

  /**
   * Calls one of the protocol's own functions that run user code ({@code run}, {@code
   * missing_imports}): waits its turn as any call does; as {@link #call} in all else.
   */
  public @Nullable Object callBuiltin(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos) {
    return calls.call(name, result, arguments, keywords, timeoutNanos, RUNS_USER_CODE);
  }

  /** The same without waiting; as {@link #callAsync}. */
  public CompletableFuture<@Nullable Object> callBuiltinAsync(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos) {
    return calls.callAsync(name, result, arguments, keywords, timeoutNanos, RUNS_USER_CODE);
  }

  /**
   * Calls one of the protocol's own functions that run user code, as if nothing was being served
   * here: it waits its turn behind everything that was sent before, whoever sends it.
   */
  public CompletableFuture<@Nullable Object> postBuiltin(
      EncodedName name, ValueType result, @Nullable Object... arguments) {
    return calls.callAsync(name, result, arguments, Map.of(), 0, MESSAGE);
  }

  /** Sends one of the protocol's own notifications ({@code close}; {@code progress}). */
  public void notifyBuiltin(String name, @Nullable Object... arguments) {
    calls.notify(name(name), arguments, Map.of(), FrameFlags.BUILTIN);
  }

  private void requireMayCall(String name) {
    if (settings.syncMainOnly() && settings.side() == Side.WORKER) {
      throw new UnsupportedOperationException(
          "not available in sync_main_only, where a worker only answers: name=" + name);
    }
  }

  // --- being called

  /**
   * Makes a function callable by the peer, or replaces it.
   *
   * @param parameters what the arguments are decoded to; their number is checked
   * @param executor runs it unless it is nested in a call that a thread waits for; null for the
   *     engine's
   */
  public void expose(
      String name, ValueType[] parameters, Handler handler, @Nullable Executor executor) {
    add(name, parameters.clone(), handler, executor);
  }

  /** The same for a function that takes any number of untyped arguments. */
  public void exposeUntyped(String name, Handler handler, @Nullable Executor executor) {
    add(name, null, handler, executor);
  }

  /**
   * Serves one of the protocol's own names as a function: on the engine's executor, in order, and
   * with typed arguments. The {@link Listener} is not asked for it.
   */
  public void exposeBuiltin(String name, ValueType[] parameters, Handler handler) {
    serving.exposeBuiltin(export(name, parameters.clone(), handler, null));
  }

  private void add(
      String name,
      ValueType @Nullable [] parameters,
      Handler handler,
      @Nullable Executor executor) {
    serving.expose(export(name, parameters, handler, executor));
  }

  private Export export(
      String name,
      ValueType @Nullable [] parameters,
      Handler handler,
      @Nullable Executor executor) {
    Executor runsCalls = executor == null ? settings.handlerExecutor() : executor;
    return new Export(name, parameters, handler, runsCalls, serving.notificationsOn(executor));
  }

  /** Names of what the peer may call, sorted. */
  public List<String> exposed() {
    return serving.exposed();
  }

  // --- readiness

  /** Whether READY came (always, on a worker's side). */
  public boolean isReady() {
    return gate.isOpening();
  }

  /** Worker's side: sends READY. Once. */
  public void sendReady(Map<String, ? extends @Nullable Object> description) {
    outgoing.ready(description);
  }

  /** Worker's side: sends FATAL, the last that it sends. */
  public void sendFatal(ErrorDescription error) {
    outgoing.fatal(error);
  }

  /**
   * Whether this thread serves a call that the peer made before its READY: waiting for READY here
   * would wait for ever.
   */
  public boolean isServingBootCall() {
    return !isReady() && CallContext.parentIdFor(this, settings.contexts().current()) != 0;
  }

  boolean peerReady(Map<String, @Nullable Object> description) {
    if (gate.isOpening()) {
      return false;
    }
    try {
      settings.listener().onReady(description);
    } catch (RuntimeException broken) {
      handlerFailed("onReady", broken);
    }
    return gate.open();
  }

  void peerFatal(ErrorDescription error) {
    try {
      settings.listener().onFatal(error);
    } catch (RuntimeException broken) {
      handlerFailed("onFatal", broken);
    }
  }

  // --- ending

  /**
   * Ends it: every call in flight fails with {@link Failures#died}, blocked threads at once,
   * futures on a thread that runs user code; later calls fail likewise; the channel is closed. The
   * first cause wins. Any thread.
   */
  public void fail(Throwable cause) {
    lifetime.end(cause, false);
  }

  /**
   * From now on new calls out fail as closed, and calls from the peer are answered {@code closed},
   * unless they are nested in what runs already.
   */
  public void beginClose() {
    lifetime.beginClose();
  }

  /**
   * Waits until no call is in flight either way and nothing is queued.
   *
   * @return whether it is so; false after the bound
   */
  public boolean awaitIdle(Duration bound) throws InterruptedException {
    long deadlineNanos = System.nanoTime() + bound.toNanos();
    while (isBusy()) {
      if (System.nanoTime() - deadlineNanos >= 0) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(IDLE_LOOK_MILLIS);
    }
    return true;
  }

  /**
   * Settles what is left as closed, closes the channel, ends the pump. Does not wait for handlers.
   */
  @Override
  public void close() {
    lifetime.end(new ChannelClosedException(), true);
  }

  boolean isEnded() {
    return lifetime.isEnded();
  }

  Lifetime lifetime() {
    return lifetime;
  }

  // --- what the parts tell

  void peerFault(PeerFaultException fault) {
    fault(fault);
  }

  void malformed(MalformedValueException malformed) {
    fault(
        new PeerFaultException(
            "position in a payload",
            malformed.position(),
            "a well-formed value (" + malformed.reason() + ")"));
  }

  private void fault(RuntimeException fault) {
    if (isEnded()) {
      return;
    }
    fail(fault);
    try {
      settings.listener().onPeerFault(fault);
    } catch (RuntimeException broken) {
      handlerFailed("onPeerFault", broken);
    }
  }

  /** The channel was closed by the other side, or below this engine. */
  void channelClosed() {
    lifetime.end(new ChannelClosedException(), true);
  }

  /**
   * Reading threw: nothing can be read any more. So does an error of the JVM, out of memory for
   * one: a reader that died of it alone would leave every caller waiting.
   */
  void readFailed(Throwable broken) {
    if (broken instanceof ChannelClosedException) {
      channelClosed();
    } else if (broken instanceof RuntimeException exception) {
      fault(exception);
    } else {
      fault(new IllegalStateException("reading from the peer failed: " + broken, broken));
    }
  }

  /** An answer or a held call could not be sent. */
  void sendFailed(String name, Throwable failed) {
    if (failed instanceof ChannelClosedException) {
      channelClosed();
    } else if (failed instanceof PeerFaultException fault) {
      peerFault(fault);
    } else {
      handlerFailed(name, failed);
    }
  }

  void handlerFailed(String name, Throwable thrown) {
    try {
      settings.listener().onHandlerError(name, thrown);
    } catch (RuntimeException broken) {
      // A listener that throws is told nothing more.
    }
  }

  void settleDead(PendingCall call, Throwable cause) {
    call.settleDead(cause);
    if (call.waiter != null) {
      waits.wake(call.waiter);
    } else {
      completeElsewhere(call);
    }
  }

  /** Completes a future where user code may run: not on this thread. */
  void completeElsewhere(PendingCall call) {
    Executor executor = settings.completionExecutor();
    if (executor != null) {
      try {
        executor.execute(() -> complete(call));
        return;
      } catch (RejectedExecutionException shutDown) {
        // The pump completes it then.
      }
    }
    queue.complete(call);
    if (isEnded()) {
      lifetime.completeOnOwnThread();
    } else {
      waits.readOnDemand();
      waits.wakePump();
    }
  }

  boolean cancel(PendingCall call, boolean mayInterrupt) {
    return calls.cancel(call, mayInterrupt);
  }

  void interruptWanted(PendingCall call) {
    try {
      settings.listener().onInterruptWanted(call.name, call.id);
    } catch (RuntimeException broken) {
      handlerFailed("onInterruptWanted", broken);
    }
  }

  void complete(PendingCall call) {
    calls.complete(call);
  }

  void run(PumpQueue.Work work, boolean nested) {
    if (work instanceof InboundCall call) {
      serving.run(call, nested);
    } else if (work instanceof PendingCall settled) {
      calls.complete(settled);
    } else if (work instanceof PumpQueue.Cancellation cancellation) {
      serving.cancelStage(cancellation.call());
    }
  }

  void serve(InboundCall call, boolean nested) {
    serving.run(call, nested);
  }

  boolean needsReader() {
    return table.needingReader() > 0;
  }

  boolean isBusy() {
    return table.inFlight() > 0
        || queue.size() > 0
        || !queue.isEmpty()
        || counters.serving.get() > 0;
  }

  /** A platform thread, other than this one, that is parked in a call. */
  @Nullable Thread anyWaiter(Thread butNot) {
    for (PendingCall call : table.list()) {
      Thread waiter = call.waiter;
      if (waiter != null && waiter != butNot && !call.needsReader && call.parked) {
        return waiter;
      }
    }
    return null;
  }

  /** Moves what a writer has taken in on to where it belongs, so that there is room again. */
  void makeRoom() {
    if (settings.channel().tryAcquireRole()) {
      try {
        reader.drain(settings.limits().maxQueued());
      } catch (RuntimeException | Error broken) {
        readFailed(broken);
      } finally {
        settings.channel().releaseRole();
      }
      waits.wakePump();
    }
  }

  Waiting waits() {
    return waits;
  }

  LaneReader reader() {
    return reader;
  }

  CallContexts contexts() {
    return settings.contexts();
  }

  /**
   * What the peer can be running for this side: the id of the one call in flight, or given up and
   * not yet answered; without one, that of the last notification, which may have ended; 0 for
   * neither; -1 if there are several.
   */
  public long soleCallOut() {
    return table.soleCall();
  }

  // --- diagnosis

  /** What was counted so far. */
  public CallStatistics statistics() {
    ChannelCounters channel = settings.channel().counters();
    return new CallStatistics(
        table.added(),
        counters.notificationsOut.sum(),
        reader.callsIn(),
        counters.notificationsIn.sum(),
        table.inFlight(),
        queue.size(),
        counters.serving.get(),
        counters.served.sum(),
        counters.servedNested.sum(),
        counters.refused.sum(),
        counters.lateRepliesDropped.sum(),
        counters.timeouts.sum(),
        counters.cancelled.sum(),
        reader.ownReplies(),
        counters.replyByPark.sum(),
        waits.handOvers(),
        channel.lateWakeups(),
        channel.sleeps(),
        channel.spinHits(),
        channel.bytesSent(),
        channel.bytesReceived());
  }

  /** Whether a thread of this engine reads or sleeps on the lane now. */
  public boolean isReaderPresent() {
    return waits.isReaderPresent();
  }

  /** Calls in flight, what they wait for, who reads: text for a person, several lines. */
  public String dump() {
    StringBuilder text = new StringBuilder();
    text.append(settings.side()).append(" end of ").append(settings.name()).append('\n');
    text.append("  ").append(waits.describe()).append('\n');
    text.append("  ").append(lifetime.describe()).append('\n');
    text.append("  ").append(statistics()).append('\n');
    text.append("  ").append(settings.channel().counters()).append('\n');
    for (PendingCall call : table.list()) {
      Thread waiter = call.waiter;
      text.append("  out: ").append(call).append(call.sent() ? "" : " (waits for READY)");
      text.append(waiter == null ? "" : " " + waiter.getState()).append('\n');
    }
    for (InboundCall call : serving.waitingCalls()) {
      text.append("  in: ").append(call).append('\n');
    }
    return text.toString();
  }
}
