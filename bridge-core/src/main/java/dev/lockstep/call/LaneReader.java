package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.Message;
import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sorts what comes in: replies to their callers, nested calls to the thread that waits for the call
 * they are nested in, everything else to the pump or an executor.
 *
 * <p>For the holder of the reader's role; runs no code of a user but the {@link Listener} at READY
 * and FATAL. What the peer may never send ends the engine.
 */
final class LaneReader {
  private static final int MAX_MESSAGES_AT_ONCE = 256;

  private final CallEngine engine;
  private final CallSettings settings;
  private final Channel channel;
  private final ValueCodec codec;
  private final CallTable table;
  private final Serving serving;
  private final PumpQueue queue;
  private final Counters counters;

  /** Reads the names of what comes in. Guarded by the reader's role. */
  private final CallReader names;

  private final NotificationOrder notifications = new NotificationOrder();

  /** A flush came that is nested in a call the pump may wait for. */
  private volatile boolean flushPending;

  /** Flushes that wait for notifications to be handled. */
  private final AtomicInteger waitingFlushes = new AtomicInteger();

  /** Guarded by the reader's role. */
  private boolean fatalCame;

  /** Guarded by the reader's role; others read slightly old counts. */
  private long callsIn;

  /** Replies that the waiting thread read itself. Likewise. */
  private long ownReplies;

  /** A parked caller was woken for its reply or a nested call. Guarded by the reader's role. */
  private boolean wokeWaiter;

  LaneReader(
      CallEngine engine,
      CallSettings settings,
      CallTable table,
      Serving serving,
      PumpQueue queue,
      Counters counters) {
    this.engine = engine;
    this.settings = settings;
    this.channel = settings.channel();
    this.codec = settings.codec();
    this.table = table;
    this.serving = serving;
    this.queue = queue;
    this.counters = counters;
    this.names = codec.newCallReader();
  }

  /**
   * Reads until there is nothing more, or something for this thread to run, or its own call is
   * settled; at most so many messages that a peer which never stops does not keep this thread from
   * its deadline. Whoever sleeps afterwards looks at the lane first.
   *
   * @param own the call that this thread waits for; null for the idle pump
   * @param onPump whether this thread is the idle pump, which runs what is not nested
   * @return what this thread must run now, after it has given the role up; or null
   */
  PumpQueue.@Nullable Work read(@Nullable PendingCall own, boolean onPump) {
    return read(own, onPump, Integer.MAX_VALUE);
  }

  /**
   * The same for a caller that spins, until as much waits for the pump as may: the rest stays in
   * the lane, which holds the peer back, until the pump has caught up.
   */
  PumpQueue.@Nullable Work readUnlessFull(PendingCall own) {
    return read(own, false, settings.limits().maxQueued());
  }

  private PumpQueue.@Nullable Work read(@Nullable PendingCall own, boolean onPump, int maxQueued) {
    for (int i = 0;
        i < MAX_MESSAGES_AT_ONCE && (own == null || !own.settled()) && queue.size() < maxQueued;
        i++) {
      Message message = channel.poll();
      if (message == null) {
        return null;
      }
      PumpQueue.Work work = dispatch(message, own, onPump);
      if (work != null) {
        return work;
      }
    }
    return null;
  }

  /**
   * Sorts up to {@code maxMessages} although nothing is awaited any more: they came while the role
   * was held here.
   */
  void drain(int maxMessages) {
    for (int i = 0; i < maxMessages && !queue.isFull(); i++) {
      Message message = channel.poll();
      if (message == null) {
        return;
      }
      dispatch(message, null, false);
    }
  }

  private PumpQueue.@Nullable Work dispatch(
      Message message, @Nullable PendingCall own, boolean onPump) {
    switch (message.kind()) {
      case FrameKind.REPLY, FrameKind.ERROR -> {
        return settle(message, own, onPump);
      }
      case FrameKind.INVOKE, FrameKind.NOTIFY -> {
        return route(message, own, onPump);
      }
      case FrameKind.CANCEL -> {
        return cancel(message, onPump);
      }
      case FrameKind.READY -> ready(message);
      case FrameKind.FATAL -> fatal(message);
      default -> throw new PeerFaultException("kind", message.kind(), "1 to 7");
    }
    return null;
  }

  // --- answers

  private PumpQueue.@Nullable Work settle(
      Message message, @Nullable PendingCall own, boolean onPump) {
    PendingCall call = table.get(message.callId());
    if (call == null || !table.remove(call)) {
      if (!table.wasIssued(message.callId())) {
        throw new PeerFaultException(
            "call id of " + FrameKind.name(message.kind()), message.callId(), "one of a call made");
      }
      counters.lateRepliesDropped.increment();
      table.answeredLate(message.callId());
      return null;
    }
    call.settle(message.payload(), message.length(), message.kind() == FrameKind.ERROR);
    if (call == own) {
      ownReplies++;
      return null;
    }
    // Settled first, seen second: by whoever parks, and by whoever starts a timer for it.
    VarHandle.fullFence();
    if (call.waiter != null) {
      wokeWaiter = true;
      engine.waits().wake(call.waiter);
      return null;
    }
    Executor executor = settings.completionExecutor();
    if (executor != null && submitted(executor, () -> engine.complete(call))) {
      return null;
    }
    if (onPump) {
      return call;
    }
    queue.complete(call);
    if (engine.isEnded()) {
      engine.lifetime().completeOnOwnThread();
    }
    engine.waits().wakePump();
    return null;
  }

  private static boolean submitted(Executor executor, Runnable task) {
    try {
      executor.execute(task);
      return true;
    } catch (RejectedExecutionException shutDown) {
      return false;
    }
  }

  /** Whether a parked caller was woken since this was asked last. Role holder only. */
  boolean takeWokeWaiter() {
    boolean woke = wokeWaiter;
    wokeWaiter = false;
    return woke;
  }

  // --- calls

  private PumpQueue.@Nullable Work cancel(Message message, boolean onPump) {
    InboundCall call = serving.cancel(message.callId());
    if (call == null) {
      return null;
    }
    Executor executor = executorOf(call);
    if (executor != null && submitted(executor, () -> serving.cancelStage(call))) {
      return null;
    }
    PumpQueue.Cancellation cancellation = new PumpQueue.Cancellation(call);
    if (onPump) {
      return cancellation;
    }
    queue.cancel(cancellation);
    engine.waits().wakePump();
    return null;
  }

  private PumpQueue.@Nullable Work route(
      Message message, @Nullable PendingCall own, boolean onPump) {
    long parentId = message.parentCallId();
    if (parentId != 0 && !table.wasIssued(parentId)) {
      throw new PeerFaultException("parent call id", parentId, "0 or the id of a call made to it");
    }
    PendingCall parent = parentId == 0 ? null : table.get(parentId);
    InboundCall call = accept(message, parent);
    if (serving.isFlush(call)) {
      flush(call);
      return null;
    }
    if (call.isNotification()) {
      counters.notificationsIn.increment();
      call.group = notifications.arrived();
    } else {
      callsIn++;
      ErrorDescription refused = engine.lifetime().refusal(call, parentId != 0);
      if (refused != null) {
        serving.refuse(call, refused);
        return null;
      }
    }
    Thread waiter = parent == null ? null : parent.waiter;
    if (parent != null && waiter != null) {
      if (parent == own) {
        return call;
      }
      // Even while the waiter runs another nested call: whatever the awaited call depends on must
      // not queue behind a pump that may be that waiter. But it counts among what waits.
      if (!queue.reserve(call)) {
        refuseFull(call);
        return null;
      }
      if (parent.offer(call)) {
        wokeWaiter = true;
        engine.waits().wake(waiter);
        return null;
      }
      queue.started(call);
    }
    return toPumpOrExecutor(call, onPump);
  }

  private PumpQueue.@Nullable Work toPumpOrExecutor(InboundCall call, boolean onPump) {
    Executor executor = executorOf(call);
    if (executor == null && onPump) {
      return call;
    }
    if (executor == null) {
      serving.queued(call);
      if (queue.offer(call)) {
        engine.waits().wakePump();
        return null;
      }
    } else if (queue.reserve(call)) {
      serving.queued(call);
      if (submitted(executor, () -> start(call))) {
        return null;
      }
      queue.started(call);
    }
    refuseFull(call);
    return null;
  }

  /** A nested call is not in its waiter's inbox any more. */
  void tookFromInbox(InboundCall call) {
    queue.started(call);
  }

  /** A nested call whose waiter has gone: as if it had not been nested. */
  void reroute(InboundCall call) {
    toPumpOrExecutor(call, false);
  }

  private void start(InboundCall call) {
    queue.started(call);
    serving.run(call, false);
  }

  private @Nullable Executor executorOf(InboundCall call) {
    Export export = call.export;
    if (export == null) {
      return null;
    }
    return call.isNotification() ? export.notifications() : export.executor();
  }

  private void refuseFull(InboundCall call) {
    serving.cancel(call.id);
    serving.refuse(
        call,
        ErrorDescription.of(
            ErrorKind.QUEUE_FULL,
            "dev.lockstep.QueueFullException",
            "too many calls wait here: name="
                + call.name
                + ", maxQueued="
                + settings.limits().maxQueued()
                + ", queued="
                + queue.size()));
  }

  private InboundCall accept(Message message, @Nullable PendingCall parent) {
    try {
      names.begin(message.payload(), 0, message.length(), hasKeywords(message.flags()));
      boolean builtin = (message.flags() & FrameFlags.BUILTIN) != 0;
      Export export = serving.find(names, builtin);
      String name = export == null ? names.name() : export.name();
      return new InboundCall(
          message.kind(),
          message.flags(),
          message.depth(),
          message.callId(),
          name,
          copyOf(message),
          parent != null,
          parent == null ? null : parent.context,
          export);
    } catch (MalformedValueException malformed) {
      throw faultOf(message, malformed);
    }
  }

  static boolean hasKeywords(int flags) {
    return (flags & FrameFlags.KEYWORDS) != 0;
  }

  private void flush(InboundCall call) {
    callsIn++;
    if (waitingFlushes.get() >= settings.limits().maxQueued()) {
      refuseFull(call);
      return;
    }
    waitingFlushes.incrementAndGet();
    var done = notifications.flush();
    if (!done.isDone()) {
      // The pump may be waiting, directly or not, for the very call that flushes.
      flushPending = true;
      engine.waits().wakePump();
    }
    done.thenRun(
            () -> {
              waitingFlushes.decrementAndGet();
              serving.answer(call, null);
            })
        .exceptionally(neverFails -> null);
  }

  /** The same, and it stays so. */
  boolean isFlushPending() {
    return flushPending;
  }

  /** Whether the pump, while it waits, must handle the notifications that are queued behind it. */
  boolean takeFlushPending() {
    if (!flushPending) {
      return false;
    }
    flushPending = false;
    return true;
  }

  // --- the peer's state

  private void ready(Message message) {
    Map<String, @Nullable Object> description = new LinkedHashMap<>();
    if (decode(message) instanceof Map<?, ?> map) {
      map.forEach((key, value) -> description.put(String.valueOf(key), value));
    }
    if (!engine.peerReady(description)) {
      throw new PeerFaultException("kind", message.kind(), "READY once");
    }
  }

  private void fatal(Message message) {
    if (fatalCame) {
      throw new PeerFaultException("kind", message.kind(), "FATAL once");
    }
    fatalCame = true;
    engine.peerFatal(ErrorEncoder.fromMap(decode(message)));
  }

  private @Nullable Object decode(Message message) {
    byte[] payload = copyOf(message);
    try {
      return codec.decodeValue(
          payload, 0, payload.length, codec.typeOf(Object.class), FrameKind.name(message.kind()));
    } catch (MalformedValueException malformed) {
      throw faultOf(message, malformed);
    }
  }

  private static PeerFaultException faultOf(Message message, MalformedValueException malformed) {
    return new PeerFaultException(
        "position in the payload of " + FrameKind.name(message.kind()),
        malformed.position(),
        "a well-formed value (" + malformed.reason() + ")");
  }

  long callsIn() {
    return callsIn;
  }

  long ownReplies() {
    return ownReplies;
  }

  private static byte[] copyOf(Message message) {
    return Arrays.copyOf(message.payload(), message.length());
  }
}
