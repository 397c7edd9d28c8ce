package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.ChannelClosedException;
import dev.lockstep.channel.InboxFullException;
import dev.lockstep.channel.SendTimeoutException;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.codec.ValueType;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.Limits;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Calls of ours: encoded, put into the table, sent, waited for, and turned into what is thrown. */
final class OutboundCalls {
  /** Not on the wire: a builtin function that runs user code, and so has no precedence. */
  static final int IN_ORDER = 1 << 16;

  /** Not on the wire: no part of the chain of calls that this thread serves. */
  static final int NOT_NESTED = 1 << 17;

  private final CallEngine engine;
  private final CallSettings settings;
  private final Channel channel;
  private final ValueCodec codec;
  private final Limits limits;
  private final Failures failures;
  private final CallTable table;
  private final ReadyGate gate;
  private final Outgoing outgoing;
  private final LaneReader reader;
  private final Counters counters;
  private final ValueType untyped;

  OutboundCalls(
      CallEngine engine,
      CallSettings settings,
      CallTable table,
      ReadyGate gate,
      Outgoing outgoing,
      LaneReader reader,
      Counters counters) {
    this.engine = engine;
    this.settings = settings;
    this.channel = settings.channel();
    this.codec = settings.codec();
    this.limits = settings.limits();
    this.failures = settings.failures();
    this.table = table;
    this.gate = gate;
    this.outgoing = outgoing;
    this.reader = reader;
    this.counters = counters;
    this.untyped = codec.typeOf(Object.class);
  }

  @Nullable Object call(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos,
      int flags) {
    ThreadState state = settings.contexts().state();
    Thread me = Thread.currentThread();
    if (me.isInterrupted()) {
      throw failures.cancelled(name.text());
    }
    PendingCall call =
        new PendingCall(
            name.text(), result, timeoutNanos, state.context(), me, state.virtual(), null);
    byte[] spare = state.takeSpare();
    call.spare = spare;
    try {
      if (CallContext.parentIdFor(engine, call.context) == 0) {
        engine.waits().standInLine(call, state);
      }
      begin(call, name, arguments, keywords, flags, state);
      Waiting.End end = engine.waits().await(call, state);
      if (end != Waiting.End.SETTLED && abandon(call)) {
        throw givenUp(call, end);
      }
      if (call.hasInbox()) {
        finishInbox(call);
      }
      return outcome(call);
    } finally {
      state.giveBack(spare);
    }
  }

  private RuntimeException givenUp(PendingCall call, Waiting.End end) {
    if (end == Waiting.End.TIMED_OUT) {
      counters.timeouts.increment();
      return failures.timeout(call.name, call.timeoutNanos);
    }
    counters.cancelled.increment();
    return failures.cancelled(call.name);
  }

  CallFuture callAsync(
      EncodedName name,
      ValueType result,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      long timeoutNanos,
      int flags) {
    ThreadState state = settings.contexts().state();
    CallFuture future = new CallFuture(engine);
    CallContext context = (flags & NOT_NESTED) == 0 ? state.context() : null;
    PendingCall call =
        new PendingCall(name.text(), result, timeoutNanos, context, null, true, future);
    future.of(call);
    begin(call, name, arguments, keywords, flags, state);
    if (timeoutNanos != 0) {
      startTimer(call);
    }
    return future;
  }

  void notify(
      EncodedName name,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      int flags) {
    ThreadState state = settings.contexts().state();
    CallContext context = state.context();
    PayloadBuffer out = state.takeBuffer();
    try {
      encode(out, name, arguments, keywords);
      long parentId = CallContext.parentIdFor(engine, context);
      engine.lifetime().requireOpen(name.text(), parentId != 0 || flags != 0);
      counters.notificationsOut.increment();
      int depth = nextDepth(context, name.text());
      long id = table.nextNotificationId();
      if (mustWait(flags, parentId)) {
        holdNotification(name, flags | keywordFlag(keywords), depth, id, out);
        return;
      }
      int frameFlags = flags | keywordFlag(keywords);
      send(name.text(), FrameKind.NOTIFY, frameFlags, depth, id, parentId, out, Long.MAX_VALUE);
    } finally {
      state.giveBack(out);
    }
  }

  // --- sending

  private void begin(
      PendingCall call,
      EncodedName name,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords,
      int flags,
      ThreadState state) {
    PayloadBuffer out = state.takeBuffer();
    try {
      encode(out, name, arguments, keywords);
      long parentId = CallContext.parentIdFor(engine, call.context);
      engine.lifetime().requireOpen(call.name, parentId != 0 || hasPrecedence(flags));
      int depth = nextDepth(call.context, call.name);
      boolean now = !mustWait(flags, parentId);
      call.sentAtOnce = now;
      if (!table.add(call)) {
        throw failures.queueFull(call.name, table.maxInFlight());
      }
      if (call.needsReader) {
        engine.waits().readOnDemand();
      }
      if (engine.isEnded() && table.remove(call)) {
        throw engine.lifetime().ended(call.name);
      }
      int frameFlags = (flags & FrameFlags.ALL) | keywordFlag(keywords);
      if (now) {
        sendOrRemove(call, frameFlags, depth, parentId, out, state);
      } else {
        hold(call, frameFlags, depth, out);
      }
    } finally {
      state.giveBack(out);
    }
  }

  private void encode(
      PayloadBuffer out,
      EncodedName name,
      @Nullable Object[] arguments,
      Map<String, ? extends @Nullable Object> keywords) {
    try {
      codec.encodeCall(out, name, arguments, keywords);
    } catch (ValueException cannotCross) {
      if (cannotCross.kind() == ValueException.Kind.TOO_LARGE) {
        throw failures.tooLarge(name.text(), limits.maxMessageBytes(), cannotCross.reason());
      }
      throw failures.unserializable(
          name.text(), cannotCross.path(), cannotCross.type(), cannotCross.reason());
    }
  }

  private static int keywordFlag(Map<String, ?> keywords) {
    return keywords.isEmpty() ? 0 : FrameFlags.KEYWORDS;
  }

  private int nextDepth(@Nullable CallContext context, String name) {
    int depth = context == null ? 1 : context.depth() + 1;
    if (depth > limits.maxDepth()) {
      throw failures.depthExceeded(name, limits.maxDepth(), CallContext.chain(context, name));
    }
    return depth;
  }

  /** Before READY only what is nested in a boot-time call, or builtin, is sent. */
  private boolean mustWait(int flags, long parentId) {
    return !gate.isOpen() && parentId == 0 && !hasPrecedence(flags);
  }

  /** Whether it is one of the protocol's own, which nothing holds back. */
  private static boolean hasPrecedence(int flags) {
    return (flags & (FrameFlags.BUILTIN | IN_ORDER)) == FrameFlags.BUILTIN;
  }

  private void hold(PendingCall call, int flags, int depth, PayloadBuffer out) {
    byte[] payload = Arrays.copyOf(out.array(), out.length());
    boolean held =
        gate.hold(
            () -> {
              if (table.get(call.id) == call) {
                call.sentLater = true;
                sendHeld(call.name, FrameKind.INVOKE, flags, depth, call.id, payload);
              }
            });
    if (!held && table.remove(call)) {
      throw failures.queueFull(call.name, limits.maxQueued());
    }
  }

  private void holdNotification(
      EncodedName name, int flags, int depth, long id, PayloadBuffer out) {
    byte[] payload = Arrays.copyOf(out.array(), out.length());
    if (!gate.hold(() -> sendHeld(name.text(), FrameKind.NOTIFY, flags, depth, id, payload))) {
      throw failures.queueFull(name.text(), limits.maxQueued());
    }
  }

  /** What waited for READY has no parent. */
  private void sendHeld(String name, int kind, int flags, int depth, long id, byte[] payload) {
    try {
      channel.send(kind, flags, depth, id, 0, payload, 0, payload.length, Long.MAX_VALUE);
    } catch (RuntimeException failed) {
      PendingCall call = table.get(id);
      if (call != null && table.remove(call)) {
        engine.settleDead(call, failed);
      } else {
        engine.sendFailed(name, failed);
      }
    }
  }

  private void sendOrRemove(
      PendingCall call, int flags, int depth, long parentId, PayloadBuffer out, ThreadState state) {
    boolean sent = false;
    try {
      if (call.waiter != null) {
        engine.waits().aboutToSend(call, state);
      }
      send(call, flags, depth, parentId, out);
      sent = true;
    } catch (SendTimeoutException noRoom) {
      counters.timeouts.increment();
      throw failures.timeout(call.name, call.timeoutNanos);
    } finally {
      if (!sent) {
        engine.waits().sentNothing(call);
        table.remove(call);
      }
    }
  }

  /** Nobody waits for room with the role: who writes to this side may wait for room, too. */
  private void send(PendingCall call, int flags, int depth, long parentId, PayloadBuffer out) {
    int kind = FrameKind.INVOKE;
    if (call.holdsRole) {
      try {
        if (channel.trySend(kind, flags, depth, call.id, parentId, out.array(), 0, out.length())) {
          return;
        }
      } catch (ChannelClosedException | PeerFaultException broken) {
        // The next attempt says so, too.
      }
      engine.waits().sentNothing(call);
    }
    send(call.name, kind, flags, depth, call.id, parentId, out, call.deadlineNanos);
  }

  private void send(
      String name,
      int kind,
      int flags,
      int depth,
      long id,
      long parentId,
      PayloadBuffer out,
      long deadlineNanos) {
    try {
      channel.send(kind, flags, depth, id, parentId, out.array(), 0, out.length(), deadlineNanos);
    } catch (InboxFullException full) {
      throw failures.queueFull(name, limits.maxQueued());
    } catch (ChannelClosedException closed) {
      engine.channelClosed();
      throw engine.lifetime().ended(name);
    } catch (PeerFaultException fault) {
      engine.peerFault(fault);
      throw engine.lifetime().ended(name);
    }
  }

  // --- endings

  /** Nobody waits any more; false if an answer came first. */
  private boolean abandon(PendingCall call) {
    if (!table.giveUp(call)) {
      // Whoever took it out is about to settle it.
      while (!call.settled()) {
        Thread.onSpinWait();
      }
      return false;
    }
    sealInbox(call);
    if (call.sent()) {
      tellCancelled(call);
    }
    return true;
  }

  /** What was notified within the call is handled before its result is. */
  private void finishInbox(PendingCall call) {
    InboundCall left = call.sealInbox();
    while (left != null) {
      InboundCall next = left.next;
      left.next = null;
      reader.tookFromInbox(left);
      if (left.isNotification()) {
        engine.serve(left, true);
      } else {
        reader.reroute(left);
      }
      left = next;
    }
  }

  private void sealInbox(PendingCall call) {
    InboundCall left = call.sealInbox();
    while (left != null) {
      InboundCall next = left.next;
      left.next = null;
      reader.tookFromInbox(left);
      reader.reroute(left);
      left = next;
    }
  }

  private void tellCancelled(PendingCall call) {
    try {
      outgoing.cancel(call.id);
    } catch (ChannelClosedException closed) {
      engine.channelClosed();
    } catch (PeerFaultException fault) {
      engine.peerFault(fault);
    }
  }

  /** The future's deadline passed. On the timer's thread: what depends on it runs elsewhere. */
  private void expire(PendingCall call) {
    if (table.giveUp(call)) {
      counters.timeouts.increment();
      call.settleDead(new DeadlinePassed());
      engine.completeElsewhere(call);
      if (call.sent()) {
        tellCancelled(call);
      }
    }
  }

  /** The future was cancelled. */
  boolean cancel(PendingCall call, boolean mayInterrupt) {
    if (!table.giveUp(call)) {
      return false;
    }
    counters.cancelled.increment();
    call.settleDead(new java.util.concurrent.CancellationException());
    cancelTimer(call);
    if (call.sent()) {
      tellCancelled(call);
      if (mayInterrupt) {
        engine.interruptWanted(call);
      }
    }
    return true;
  }

  private void startTimer(PendingCall call) {
    try {
      call.deadlineTask =
          settings.timer().schedule(() -> expire(call), call.timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException closing) {
      return; // Closing settles the call.
    }
    if (call.settled()) {
      cancelTimer(call);
    }
  }

  private static void cancelTimer(PendingCall call) {
    var task = call.deadlineTask;
    if (task != null) {
      task.cancel(false);
    }
  }

  /** Completes a settled call's future on this thread; what depends on it may run here. */
  void complete(PendingCall call) {
    cancelTimer(call);
    var future = call.future;
    if (future == null) {
      return;
    }
    CallContext before = settings.contexts().state().enter(call.context);
    try {
      future.complete(outcome(call));
    } catch (Throwable failure) {
      future.completeExceptionally(failure);
    } finally {
      settings.contexts().state().leave(before);
    }
  }

  /** The result of a settled call; throws what the caller gets instead. */
  private @Nullable Object outcome(PendingCall call) {
    Throwable death = call.death();
    if (death != null) {
      throw death instanceof DeadlinePassed
          ? failures.timeout(call.name, call.timeoutNanos)
          : engine.lifetime().ended(call.name, death);
    }
    byte[] payload = call.payload();
    try {
      if (call.isError()) {
        Object map = codec.decodeValue(payload, 0, call.payloadBytes(), untyped, "error");
        throw failures.remote(call.name, ErrorEncoder.fromMap(map));
      }
      return codec.decodeValue(payload, 0, call.payloadBytes(), call.resultType, "result");
    } catch (ValueException doesNotFit) {
      throw failures.unfit(call.name, doesNotFit.path(), doesNotFit.reason());
    } catch (MalformedValueException malformed) {
      engine.malformed(malformed);
      throw engine.lifetime().ended(call.name);
    }
  }

  /** Settles a future whose deadline passed. */
  private static final class DeadlinePassed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DeadlinePassed() {
      super("deadline", null, false, false);
    }
  }
}
