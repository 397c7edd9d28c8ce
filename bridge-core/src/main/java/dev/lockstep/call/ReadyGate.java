package dev.lockstep.call;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Holds back what is sent before READY, and lets it go in order.
 *
 * <p>While the gate lets go, whatever comes queues behind: so nothing overtakes. A sender that
 * queued and then finds the gate open lets go itself, so nothing is left behind.
 */
final class ReadyGate {
  private enum State {
    CLOSED,
    LETTING_GO,
    OPEN
  }

  private final AtomicReference<State> state;
  private final ConcurrentLinkedQueue<Runnable> held = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();
  private final int maxHeld;

  ReadyGate(boolean open, int maxHeld) {
    this.state = new AtomicReference<>(open ? State.OPEN : State.CLOSED);
    this.maxHeld = maxHeld;
  }

  boolean isOpen() {
    return state.get() == State.OPEN;
  }

  /** Whether READY came, though not all that waited may have been sent. */
  boolean isOpening() {
    return state.get() != State.CLOSED;
  }

  /**
   * Sends later, in order; false if as much waits as may.
   *
   * @param send must not throw
   */
  boolean hold(Runnable send) {
    if (count.incrementAndGet() > maxHeld) {
      count.decrementAndGet();
      return false;
    }
    held.add(send);
    if (isOpen()) {
      letGo();
    }
    return true;
  }

  /** READY came. False if it had come before. */
  boolean open() {
    if (!state.compareAndSet(State.CLOSED, State.LETTING_GO)) {
      return false;
    }
    letGo();
    state.set(State.OPEN);
    letGo();
    return true;
  }

  private void letGo() {
    Runnable send;
    while ((send = held.poll()) != null) {
      count.decrementAndGet();
      send.run();
    }
  }
}
