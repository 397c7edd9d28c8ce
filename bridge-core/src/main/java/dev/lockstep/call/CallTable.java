package dev.lockstep.call;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The calls in flight, by id: fixed slots, no locks, no boxing.
 *
 * <p>An id is {@code counter << 1 | origin}; its slot is the counter's low bits. A counter whose
 * slot is still taken by an older call is skipped. Removing a call gives the right to settle it, to
 * one thread.
 */
final class CallTable {
  private final AtomicReferenceArray<@Nullable PendingCall> slots;
  private final AtomicLong counter = new AtomicLong();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicInteger needReader = new AtomicInteger();
  private volatile long lastNotificationId;
  private final int mask;
  private final int maxInFlight;
  private final int originBit;

  CallTable(int maxInFlight, int originBit) {
    int size = 1;
    while (size < maxInFlight && size < 1 << 20) {
      size <<= 1;
    }
    this.slots = new AtomicReferenceArray<>(size);
    this.mask = size - 1;
    this.maxInFlight = Math.min(maxInFlight, size);
    this.originBit = originBit;
  }

  /** Gives the call an id and a slot; false if too many are in flight. */
  boolean add(PendingCall call) {
    if (inFlight.incrementAndGet() > maxInFlight) {
      inFlight.decrementAndGet();
      return false;
    }
    if (call.needsReader) {
      needReader.incrementAndGet();
    }
    do {
      call.id = nextId();
    } while (!slots.compareAndSet(slotOf(call.id), null, call));
    return true;
  }

  /** An id that no slot belongs to: for a notification. */
  long nextId() {
    return counter.incrementAndGet() << 1 | originBit;
  }

  /** The same, remembered until the next. */
  long nextNotificationId() {
    long id = nextId();
    lastNotificationId = id;
    return id;
  }

  /** The one call in flight, or if there is none the last notification; 0: none, -1: several. */
  long soleCall() {
    List<PendingCall> calls = inFlight() == 0 ? List.of() : list();
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
    inFlight.decrementAndGet();
    return true;
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
    return inFlight.get();
  }

  /** Calls in flight that need another thread to read for them. */
  int needingReader() {
    return needReader.get();
  }

  int maxInFlight() {
    return maxInFlight;
  }

  private int slotOf(long id) {
    return (int) (id >>> 1) & mask;
  }
}
