package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An engine's way from open over closing to ended: what is still taken on, and how everything in
 * flight is settled at the end, once.
 */
final class Lifetime {
  private final CallEngine engine;
  private final CallSettings settings;
  private final Channel channel;
  private final CallTable table;
  private final PumpQueue queue;
  private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
  private volatile boolean closing;

  /** Why nothing goes on: closed in good order, or the cause. */
  private record Ending(Throwable cause, boolean closed) {}

  Lifetime(CallEngine engine, CallSettings settings, CallTable table, PumpQueue queue) {
    this.engine = engine;
    this.settings = settings;
    this.channel = settings.channel();
    this.table = table;
    this.queue = queue;
  }

  void beginClose() {
    closing = true;
  }

  /** Settles every call in flight, closes the channel, stops the threads. The first cause wins. */
  void end(Throwable cause, boolean closed) {
    closing = true;
    if (!ending.compareAndSet(null, new Ending(cause, closed))) {
      return;
    }
    channel.close();
    for (PendingCall call : table.removeAll()) {
      call.settleDead(cause);
      if (call.waiter != null) {
        engine.waits().wake(call.waiter);
      } else {
        queue.complete(call);
      }
    }
    if (!queue.isEmpty()) {
      completeOnOwnThread();
    }
    engine.waits().stop();
  }

  /** The pump may be busy with a handler; what depends on a dead call's future is not to wait. */
  void completeOnOwnThread() {
    Thread settler = settings.threads().newThread(this::completeQueued);
    settler.setName("lockstep-settle-" + settings.name());
    settler.start();
  }

  private void completeQueued() {
    PendingCall settled;
    while ((settled = queue.takeCompletion()) != null) {
      engine.complete(settled);
    }
    PumpQueue.Work work;
    while (!hasFailed() && (work = queue.poll()) != null) {
      if (work instanceof PendingCall late) {
        engine.complete(late);
      }
    }
  }

  /** Whether the other side died, or was killed for what it wrote. */
  boolean hasFailed() {
    Ending how = ending.get();
    return how != null && !how.closed;
  }

  boolean isEnded() {
    return ending.get() != null;
  }

  /** What a caller gets after the end. */
  RuntimeException ended(String name) {
    Ending how = ending.get();
    return how == null || how.closed
        ? settings.failures().closed(name)
        : settings.failures().died(name, how.cause);
  }

  /** What a caller gets whose call was settled by {@code cause}. */
  RuntimeException ended(String name, Throwable cause) {
    Ending how = ending.get();
    return how != null && how.closed && how.cause == cause
        ? settings.failures().closed(name)
        : settings.failures().died(name, cause);
  }

  void requireOpen(String name, boolean nestedOrBuiltin) {
    if (isEnded()) {
      throw ended(name);
    }
    if (closing && !nestedOrBuiltin) {
      throw settings.failures().closed(name);
    }
  }

  /** Why a call from the peer is not run; null if it is. */
  @Nullable ErrorDescription refusal(InboundCall call, boolean nested) {
    if (closing && !nested && !call.isBuiltin()) {
      return ErrorDescription.of(
          ErrorKind.CLOSED,
          "dev.lockstep.LockstepException",
          "this side is closing: name=" + call.name);
    }
    return null;
  }

  String describe() {
    Ending how = ending.get();
    if (how == null) {
      return closing ? "closing" : "open";
    }
    return "ended: " + (how.closed ? "closed" : how.cause);
  }
}
