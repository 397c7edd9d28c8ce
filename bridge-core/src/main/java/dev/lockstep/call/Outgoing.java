package dev.lockstep.call;

import dev.lockstep.channel.Channel;
import dev.lockstep.channel.InboxFullException;
import dev.lockstep.channel.SendTimeoutException;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.wire.FrameKind;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Frames that answer or end calls, encoded and sent. Any thread. */
final class Outgoing {
  private static final long FULL_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long NO_DEADLINE = Long.MAX_VALUE;
  private static final long CANCEL_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final CallEngine engine;
  private final Channel channel;
  private final ValueCodec codec;
  private final CallContexts contexts;
  private final int maxMessageBytes;

  Outgoing(CallEngine engine, CallSettings settings) {
    this.engine = engine;
    this.channel = settings.channel();
    this.codec = settings.codec();
    this.contexts = settings.contexts();
    this.maxMessageBytes = settings.limits().maxMessageBytes();
  }

  /** Answers a call; a result that cannot cross becomes an error for the caller. */
  void reply(long callId, @Nullable Object result) {
    ThreadState state = contexts.state();
    PayloadBuffer out = state.takeBuffer();
    try {
      ErrorDescription refused = encodeResult(out, result);
      if (refused == null) {
        send(FrameKind.REPLY, callId, out, NO_DEADLINE);
      } else {
        replyError(callId, refused);
      }
    } finally {
      state.giveBack(out);
    }
  }

  /** Null if it was encoded. The user's getters run here and may throw anything. */
  private @Nullable ErrorDescription encodeResult(PayloadBuffer out, @Nullable Object result) {
    try {
      codec.encodeValue(out, result, "result");
      return null;
    } catch (ValueException cannotCross) {
      if (cannotCross.kind() == ValueException.Kind.TOO_LARGE) {
        return ErrorEncoder.describe(ErrorKind.TOO_LARGE, cannotCross);
      }
      return ErrorEncoder.describe(ErrorKind.UNSERIALIZABLE, cannotCross)
          .withPath(cannotCross.path());
    } catch (Throwable thrown) {
      return ErrorEncoder.describe(ErrorKind.UNSERIALIZABLE, thrown).withPath("result");
    }
  }

  /** Answers a call with an error. */
  void replyError(long callId, ErrorDescription error) {
    sendError(FrameKind.ERROR, callId, error);
  }

  /** A worker's last word. */
  void fatal(ErrorDescription error) {
    sendError(FrameKind.FATAL, 0, error);
  }

  /** A worker's first word. */
  void ready(Map<String, ? extends @Nullable Object> description) {
    ThreadState state = contexts.state();
    PayloadBuffer out = state.takeBuffer();
    try {
      codec.encodeValue(out, description, "ready");
      send(FrameKind.READY, 0, out, NO_DEADLINE);
    } finally {
      state.giveBack(out);
    }
  }

  private void sendError(int kind, long callId, ErrorDescription error) {
    ThreadState state = contexts.state();
    PayloadBuffer out = state.takeBuffer();
    try {
      encodeError(out, error);
      send(kind, callId, out, NO_DEADLINE);
    } finally {
      state.giveBack(out);
    }
  }

  private void encodeError(PayloadBuffer out, ErrorDescription error) {
    int limit = Math.min(ErrorEncoder.MAX_ENCODED_BYTES, maxMessageBytes);
    try {
      codec.encodeValue(out, ErrorEncoder.toMap(error), "error");
      if (out.length() <= limit) {
        return;
      }
    } catch (ValueException attributeCannotCross) {
      // The smaller map below has texts only.
    }
    out.reset();
    codec.encodeValue(out, ErrorEncoder.toSmallMap(error), "error");
  }

  /** Tells the peer that nobody waits for the call any more; given up if the lane stays full. */
  void cancel(long callId) {
    try {
      channel.send(
          FrameKind.CANCEL,
          0,
          0,
          callId,
          0,
          new byte[0],
          0,
          0,
          System.nanoTime() + CANCEL_PATIENCE_NANOS);
    } catch (SendTimeoutException | InboxFullException full) {
      // The peer does not read; it will find out by its reply being dropped.
    }
  }

  /** An answer is not given up when much has come in meanwhile: that is moved on, then again. */
  private void send(int kind, long callId, PayloadBuffer out, long deadlineNanos) {
    while (true) {
      try {
        channel.send(kind, 0, 0, callId, 0, out.array(), 0, out.length(), deadlineNanos);
        return;
      } catch (InboxFullException full) {
        engine.makeRoom();
        LockSupport.parkNanos(this, FULL_PAUSE_NANOS);
      }
    }
  }
}
