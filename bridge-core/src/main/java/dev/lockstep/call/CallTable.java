package dev.lockstep.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * The calls in flight, by id: fixed slots, no locks, no boxing.
 *
 * <p>An id is {@code counter << 1 | origin}; its slot is the counter modulo the number of slots. A
 * counter whose slot is still taken by an older call is skipped. Removing a call gives the right to
 * settle it, to one thread. Adding and removing cost three atomic steps in all, and nothing is
 * counted that the slots say themselves.
 */
final class CallTable {
  private static final int MAX_SLOTS = 1 << 20;

  private final AtomicReferenceArray<@Nullable PendingCall> slots;
  private final AtomicLong counter = new AtomicLong();

  /** Counters that became no call: skipped ones, and those of notifications. */
  private final LongAdder otherIds = new LongAdder();

  private final AtomicInteger needReader = new AtomicInteger();
  private volatile long lastNotificationId;

  private final GivenUpCalls givenUp;

  private final int originBit;

  CallTable(int maxInFlight, int originBit) {
    this.slots = new AtomicReferenceArray<>(Math.min(maxInFlight, MAX_SLOTS));
    this.givenUp = new GivenUpCalls(slots.length());
    this.originBit = originBit;
  }

  /** Gives the call an id and a slot; false if too many are in flight. */
  boolean add(PendingCall call) {
    if (call.needsReader) {
      needReader.incrementAndGet();
    }
    for (int tries = slots.length(); tries > 0; tries--) {
      call.id = nextId();
      if (slots.compareAndSet(slotOf(call.id), null, call)) {
        return true;
      }
      otherIds.increment();
    }
    if (call.needsReader) {
      needReader.decrementAndGet();
    }
    return false;
  }

  private long nextId() {
    return counter.incrementAndGet() << 1 | originBit;
  }

  /** An id that no slot belongs to, remembered until the next. */
  long nextNotificationId() {
    long id = nextId();
    otherIds.increment();
    lastNotificationId = id;
    return id;
  }

  /**
   * The one call that the peer can be running, given up or not, or if there is none the last
   * notification; 0: none, -1: several, or not known which.
   */
  long soleCall() {
    List<PendingCall> calls = list();
    long other = givenUp.sole();
    if (other != 0) {
      return calls.isEmpty() ? other : -1;
    }
    return switch (calls.size()) {
      case 0 -> lastNotificationId;
      case 1 -> calls.get(0).id;
      default -> -1;
    };
  }

  @Nullable PendingCall get(long id) {
    PendingCall call = slots.get(slotOf(id));
    return call != null && call.id == id ? call : null;
  }

  /** Takes the call out; true for the one caller who may settle it. */
  boolean remove(PendingCall call) {
    if (!slots.compareAndSet(slotOf(call.id), call, null)) {
      return false;
    }
    if (call.needsReader) {
      needReader.decrementAndGet();
    }
    return true;
  }

  /** As {@link #remove}, by somebody who no longer waits for its answer. */
  boolean giveUp(PendingCall call) {
    // First, so that an answer that comes just now finds it here.
    givenUp.add(call.id);
    boolean removed = remove(call);
    if (!removed || !call.sent()) {
      givenUp.remove(call.id);
    }
    return removed;
  }

  /** The answer of a call that is not in the table any more has come. */
  void answeredLate(long id) {
    givenUp.remove(id);
  }

  /** Whether this side ever made a call with this id. */
  boolean wasIssued(long id) {
    return (id & 1) == originBit && id >>> 1 <= counter.get();
  }

  /** Takes out every call. */
  List<PendingCall> removeAll() {
    List<PendingCall> removed = new ArrayList<>();
    for (PendingCall call : list()) {
      if (remove(call)) {
        removed.add(call);
      }
    }
    return removed;
  }

  List<PendingCall> list() {
    List<PendingCall> calls = new ArrayList<>();
    for (int i = 0; i < slots.length(); i++) {
      PendingCall call = slots.get(i);
      if (call != null) {
        calls.add(call);
      }
    }
    return calls;
  }

  int inFlight() {
    int taken = 0;
    for (int i = 0; i < slots.length(); i++) {
      taken += slots.get(i) == null ? 0 : 1;
    }
    return taken;
  }

  /** Calls added since the start. */
  long added() {
    return counter.get() - otherIds.sum();
  }

  /** Calls in flight that need another thread to read for them. */
  int needingReader() {
    return needReader.get();
  }

  int maxInFlight() {
    return slots.length();
  }

  private int slotOf(long id) {
    return ((int) (id >>> 1) & Integer.MAX_VALUE) % slots.length();
  }
}
