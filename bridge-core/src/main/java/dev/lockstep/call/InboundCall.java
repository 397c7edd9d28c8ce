package dev.lockstep.call;

import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A call or notification that the peer made, in private memory, from its arrival to its answer. */
final class InboundCall implements PumpQueue.Work {
  final int kind;
  final int flags;
  final int depth;
  final long id;
  final String name;
  final byte[] payload;

  /** Whether it is nested in a call of ours that is in flight. */
  final boolean nested;

  /** What the thread that made the call this one is nested in was serving. */
  final @Nullable CallContext parentContext;

  /** The function; null if nothing of that name is exposed. */
  final @Nullable Export export;

  /** For a notification: counts it for {@code flush}. */
  NotificationOrder.@Nullable Group group;

  /** The next in an inbox. */
  @Nullable InboundCall next;

  /** The peer no longer waits. */
  volatile boolean cancelled;

  /** What the handler returned, if it goes on without a thread. */
  volatile @Nullable Future<?> stage;

  InboundCall(
      int kind,
      int flags,
      int depth,
      long id,
      String name,
      byte[] payload,
      boolean nested,
      @Nullable CallContext parentContext,
      @Nullable Export export) {
    this.kind = kind;
    this.flags = flags;
    this.depth = depth;
    this.id = id;
    this.name = name;
    this.payload = payload;
    this.nested = nested;
    this.parentContext = parentContext;
    this.export = export;
  }

  /** A call that is none. */
  static InboundCall marker() {
    return new InboundCall(FrameKind.PAD, 0, 0, 0, "", new byte[0], false, null, null);
  }

  boolean isNotification() {
    return kind == FrameKind.NOTIFY;
  }

  boolean isBuiltin() {
    return (flags & FrameFlags.BUILTIN) != 0;
  }

  @Override
  public String toString() {
    return FrameKind.name(kind) + " " + id + " " + name;
  }
}
