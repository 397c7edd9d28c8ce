package dev.lockstep.call;

import dev.lockstep.codec.ValueType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call of ours in flight, from its slot in the table to its outcome.
 *
 * <p>Whoever removes it from the {@link CallTable} settles it, once: it writes the outcome, then
 * {@code settled}. A blocking call has a waiter and an inbox for the peer's calls nested in it; a
 * call without a waiter has a future.
 */
final class PendingCall implements PumpQueue.Work {
  private static final byte[] NOTHING = {};
  private static final VarHandle SETTLED;
  private static final VarHandle INBOX;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SETTLED = lookup.findVarHandle(PendingCall.class, "settled", boolean.class);
      INBOX = lookup.findVarHandle(PendingCall.class, "inbox", InboundCall.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** In the inbox: closed, the waiter has gone. */
  private static final InboundCall SEALED = InboundCall.marker();

  final String name;
  final ValueType resultType;
  final long timeoutNanos;

  /** What the caller was serving when it called. */
  final @Nullable CallContext context;

  /** The blocked thread; null for a call with a future. */
  final @Nullable Thread waiter;

  final @Nullable CompletableFuture<@Nullable Object> future;

  /** On the scale of {@link System#nanoTime}; {@link Long#MAX_VALUE} for none. */
  final long deadlineNanos;

  /** Whether another thread must read for it: the waiter is virtual, or there is none. */
  final boolean needsReader;

  /** Set by {@link CallTable#add}. */
  long id;

  /** The timer's task for a future with a deadline. */
  volatile @Nullable ScheduledFuture<?> deadlineTask;

  /** Whether the INVOKE goes to the channel as soon as the call is in the table. */
  boolean sentAtOnce;

  /** Whether it was handed to the channel later, when READY had come. */
  volatile boolean sentLater;

  /** Whether the waiter has the reader's role already; it gives it back before it parks. */
  boolean holdsRole;

  /** Whether the waiter is parked, or just about to be, and would read if it was woken. */
  volatile boolean parked;

  /** The waiter's own memory for a short answer; its owner takes it back with the outcome. */
  byte @Nullable [] spare;

  // The outcome: one of the two, written before settled.
  private @Nullable Throwable death;
  private byte[] payload = NOTHING;
  private int payloadBytes;
  private boolean error;

  /** Plain reads and writes go through {@link #SETTLED}. */
  @SuppressWarnings("UnusedVariable")
  private boolean settled;

  /** Newest first; {@link #SEALED} when the waiter has gone. */
  private volatile @Nullable InboundCall inbox;

  PendingCall(
      String name,
      ValueType resultType,
      long timeoutNanos,
      @Nullable CallContext context,
      @Nullable Thread waiter,
      boolean needsReader,
      @Nullable CompletableFuture<@Nullable Object> future) {
    this.name = name;
    this.resultType = resultType;
    this.timeoutNanos = timeoutNanos;
    this.context = context;
    this.waiter = waiter;
    this.needsReader = needsReader;
    this.deadlineNanos = timeoutNanos == 0 ? Long.MAX_VALUE : System.nanoTime() + timeoutNanos;
    this.future = future;
  }

  /** The answer as it came, copied. */
  void settle(byte[] answer, int bytes, boolean isError) {
    byte[] memory = spare;
    payload = memory != null && bytes <= memory.length ? memory : new byte[bytes];
    System.arraycopy(answer, 0, payload, 0, bytes);
    payloadBytes = bytes;
    error = isError;
    // Only a release: the waiter itself needs no more; for all others LaneReader adds the fence.
    SETTLED.setRelease(this, true);
  }

  /** No answer will come. */
  void settleDead(Throwable cause) {
    death = cause;
    SETTLED.setVolatile(this, true);
  }

  /** Nanoseconds until the deadline; {@link Long#MAX_VALUE} if there is none. */
  long nanosLeft() {
    return deadlineNanos == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNanos - System.nanoTime();
  }

  /** Whether the waiter has nothing to wait for any more: settled, too late, or interrupted. */
  boolean isOver() {
    return settled() || nanosLeft() <= 0 || Thread.currentThread().isInterrupted();
  }

  boolean settled() {
    return (boolean) SETTLED.getAcquire(this);
  }

  /** Whether the peer may have seen it. */
  boolean sent() {
    return sentAtOnce || sentLater;
  }

  @Nullable Throwable death() {
    return death;
  }

  /** The answer's bytes, from 0 to {@link #payloadBytes}. */
  byte[] payload() {
    return payload;
  }

  int payloadBytes() {
    return payloadBytes;
  }

  boolean isError() {
    return error;
  }

  /** Leaves a nested call for the waiter; false if it has gone. */
  boolean offer(InboundCall call) {
    InboundCall head;
    do {
      head = inbox;
      if (head == SEALED) {
        return false;
      }
      call.next = head;
    } while (!INBOX.compareAndSet(this, head, call));
    return true;
  }

  boolean hasInbox() {
    return inbox != null;
  }

  /** Everything in the inbox, oldest first; for the waiter. */
  @Nullable InboundCall takeInbox() {
    return inbox == null ? null : reversed((InboundCall) INBOX.getAndSet(this, null));
  }

  /** The same, and nothing can be left any more. */
  @Nullable InboundCall sealInbox() {
    return reversed((InboundCall) INBOX.getAndSet(this, SEALED));
  }

  private static @Nullable InboundCall reversed(@Nullable InboundCall newestFirst) {
    InboundCall oldestFirst = null;
    InboundCall at = newestFirst == SEALED ? null : newestFirst;
    while (at != null) {
      InboundCall next = at.next;
      at.next = oldestFirst;
      oldestFirst = at;
      at = next;
    }
    return oldestFirst;
  }

  @Override
  public String toString() {
    return "call " + id + " " + name + (waiter == null ? " (future)" : " of " + waiter.getName());
  }
}
