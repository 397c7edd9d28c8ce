package dev.lockstep.call;

import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.park.VirtualThreads;
import org.jspecify.annotations.Nullable;

/** What one thread keeps between calls. Used by that thread only. */
final class ThreadState {
  private static final int SPARE_BYTES = 512;

  private final boolean virtual = VirtualThreads.isVirtual(Thread.currentThread());
  private @Nullable CallContext context;
  private @Nullable PayloadBuffer buffer;
  private @Nullable CallReader reader;
  private byte @Nullable [] spare = new byte[SPARE_BYTES];

  /** The pump that this thread is; null for all others. */
  @Nullable Pump pump;

  boolean virtual() {
    return virtual;
  }

  @Nullable CallContext context() {
    return context;
  }

  /** Sets the context, and returns what {@link #leave} must restore. */
  @Nullable CallContext enter(@Nullable CallContext next) {
    CallContext before = context;
    context = next;
    return before;
  }

  void leave(@Nullable CallContext before) {
    context = before;
  }

  /** Memory for a short answer; null for calls nested in the one that has it. */
  byte @Nullable [] takeSpare() {
    byte[] taken = spare;
    spare = null;
    return taken;
  }

  void giveBack(byte @Nullable [] taken) {
    if (taken != null) {
      spare = taken;
    }
  }

  /** A reader of this codec. A value's constructor that is called back meanwhile gets another. */
  CallReader takeReader(ValueCodec codec) {
    CallReader taken = reader;
    reader = null;
    return taken == null || taken.codec() != codec ? codec.newCallReader() : taken;
  }

  void giveBack(CallReader taken) {
    taken.forget();
    reader = taken;
  }

  /** An empty buffer. A value's getters that call again while it is in use get another. */
  PayloadBuffer takeBuffer() {
    PayloadBuffer taken = buffer;
    buffer = null;
    return taken == null ? new PayloadBuffer() : taken;
  }

  /** Keeps the buffer for the next call; virtual threads are too many to keep one each. */
  void giveBack(PayloadBuffer taken) {
    taken.reset();
    if (!virtual) {
      buffer = taken;
    }
  }
}
