package dev.lockstep.call;

import dev.lockstep.wire.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the pump: calls and notifications, bounded by count and bytes, and completions of
 * futures, bounded by the calls in flight. In the order of arrival.
 */
final class PumpQueue {
  /** A settled future whose dependents run on the pump, a call to serve, or to cancel. */
  sealed interface Work permits InboundCall, PendingCall, Cancellation {}

  /** The peer gave a call up that a stage is to answer: what depends on the stage is user code. */
  record Cancellation(InboundCall call) implements Work {}

  private final ConcurrentLinkedQueue<Work> queue = new ConcurrentLinkedQueue<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicLong bytes = new AtomicLong();
  private final int maxCalls;
  private final long maxBytes;

  PumpQueue(Limits limits) {
    this.maxCalls = limits.maxQueued();
    this.maxBytes = limits.maxMessageBytes();
  }

  /** False if as much waits as may. */
  boolean offer(InboundCall call) {
    if (!reserve(call)) {
      return false;
    }
    queue.add(call);
    return true;
  }

  /** Counts a call that waits elsewhere, for an executor; {@link #started} undoes it. */
  boolean reserve(InboundCall call) {
    int waiting = calls.incrementAndGet();
    long waitingBytes = bytes.addAndGet(call.payload.length);
    boolean room = waiting <= maxCalls && (waitingBytes <= maxBytes || waiting == 1);
    if (!room) {
      started(call);
    }
    return room;
  }

  /** The call no longer waits. */
  void started(InboundCall call) {
    calls.decrementAndGet();
    bytes.addAndGet(-call.payload.length);
  }

  void complete(PendingCall settled) {
    queue.add(settled);
  }

  /** Bounded by the calls that stages are to answer. */
  void cancel(Cancellation cancellation) {
    queue.add(cancellation);
  }

  /** The oldest; a call among it no longer counts as waiting. */
  @Nullable Work poll() {
    Work work = queue.poll();
    if (work instanceof InboundCall call) {
      started(call);
    }
    return work;
  }

  /** The oldest settled future, whatever waits before it. */
  @Nullable PendingCall takeCompletion() {
    for (Work work : queue) {
      if (work instanceof PendingCall settled && queue.remove(work)) {
        return settled;
      }
    }
    return null;
  }

  /** Takes out all notifications: for a flush that the pump would else wait for itself. */
  List<InboundCall> takeNotifications() {
    List<InboundCall> taken = new ArrayList<>();
    for (Work work : queue) {
      if (work instanceof InboundCall call && call.isNotification() && queue.remove(work)) {
        started(call);
        taken.add(call);
      }
    }
    return taken;
  }

  /** The oldest that a stand-in may run: no call to serve but what is nested in another. */
  @Nullable Work takeForStandIn() {
    for (Work work : queue) {
      if (isForStandIn(work) && queue.remove(work)) {
        if (work instanceof InboundCall call) {
          started(call);
        }
        return work;
      }
    }
    return null;
  }

  boolean hasForStandIn() {
    for (Work work : queue) {
      if (isForStandIn(work)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isForStandIn(Work work) {
    return !(work instanceof InboundCall call) || call.nested;
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  /** Whether a reader should leave what comes in the lane, for back-pressure. */
  boolean isFull() {
    return calls.get() >= maxCalls;
  }

  /** Calls and notifications that wait, executors' included. */
  int size() {
    return calls.get();
  }
}
