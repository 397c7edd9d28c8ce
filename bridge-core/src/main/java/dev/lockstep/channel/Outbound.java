package dev.lockstep.channel;

import dev.lockstep.park.Signal;
import dev.lockstep.park.VirtualThreads;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.ring.RingWriter;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The outgoing lane: one frame at a time under the producer lock, which nobody holds while waiting.
 *
 * <p>Waiting for room is the rare way. One thread at a time sleeps in the futex of the lane's space
 * signal; others queue for that turn. A virtual thread looks again every 100 us instead: it must
 * not sleep in native code.
 */
final class Outbound {
  private static final long SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long VIRTUAL_LOOK_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final byte[] NOTHING = {};

  private final Channel channel;
  private final RingRegion region;
  private final RingWriter writer;
  private final Signal dataSignal;
  private final Signal spaceSignal;
  private final ReentrantLock producerLock = new ReentrantLock();
  private final ReentrantLock sleepersTurn = new ReentrantLock();
  private final LongAdder waits = new LongAdder();

  /**
   * Messages given up between two fragments: the next frame is preceded by a CANCEL of each, so
   * that the peer forgets.
   */
  private final Queue<Long> owedCancels = new ConcurrentLinkedQueue<>();

  private long frames;
  private long bytes;

  Outbound(Channel channel, RingRegion region) {
    this.channel = channel;
    this.region = region;
    this.writer = new RingWriter(region);
    this.dataSignal = new Signal(region.segment(), region.dataSignalIndex());
    this.spaceSignal = new Signal(region.segment(), region.spaceSignalIndex());
  }

  boolean trySend(
      int kind,
      int flags,
      int depth,
      long callId,
      long parentCallId,
      byte[] payload,
      int offset,
      int length) {
    if (length > writer.maxPayloadBytes()
        || !offer(kind, flags, depth, callId, parentCallId, NOTHING, payload, offset, length)) {
      return false;
    }
    raise();
    return true;
  }

  void send(
      int kind,
      int flags,
      int depth,
      long callId,
      long parentCallId,
      byte[] payload,
      int offset,
      int length,
      long deadlineNanos) {
    if (length <= writer.maxPayloadBytes()) {
      while (!trySend(kind, flags, depth, callId, parentCallId, payload, offset, length)) {
        waitForRoom(length, deadlineNanos);
      }
      return;
    }
    byte[] total =
        ByteBuffer.allocate(FrameLayout.FRAGMENT_TOTAL_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(length)
            .array();
    int done = 0;
    boolean complete = false;
    try {
      while (done < length) {
        byte[] prefix = done == 0 ? total : NOTHING;
        int count = Math.min(length - done, writer.maxPayloadBytes() - prefix.length);
        int fragment = flags;
        fragment |= done == 0 ? 0 : FrameFlags.CONTINUATION;
        fragment |= done + count < length ? FrameFlags.MORE : 0;
        while (!offer(
            kind, fragment, depth, callId, parentCallId, prefix, payload, offset + done, count)) {
          waitForRoom(prefix.length + count, deadlineNanos);
        }
        raise();
        done += count;
      }
      complete = true;
    } finally {
      if (!complete && done != 0 && (kind == FrameKind.INVOKE || kind == FrameKind.NOTIFY)) {
        owedCancels.add(callId);
      }
    }
  }

  /** One frame, unless there is no room for it; the caller raises the signal. */
  private boolean offer(
      int kind,
      int flags,
      int depth,
      long callId,
      long parentCallId,
      byte[] prefix,
      byte[] payload,
      int offset,
      int length) {
    if (channel.isClosed()) {
      throw new ChannelClosedException();
    }
    int payloadBytes = prefix.length + length;
    producerLock.lock();
    boolean committed = false;
    try {
      if (!owedCancels.isEmpty() && !payCancels()) {
        return false;
      }
      int index = writer.claim(payloadBytes);
      if (index == RingWriter.NO_SPACE) {
        return false;
      }
      if (prefix.length != 0) {
        region.segment().putBytes(index, prefix, 0, prefix.length);
      }
      region.segment().putBytes(index + prefix.length, payload, offset, length);
      writer.commit(payloadBytes, kind, flags, depth, callId, parentCallId);
      committed = true;
      frames++;
      bytes += payloadBytes;
      return true;
    } catch (InternalError e) {
      throw new PeerFaultException("the segment's file was cut", e);
    } finally {
      if (!committed) {
        writer.abort();
      }
      producerLock.unlock();
    }
  }

  private void raise() {
    if (dataSignal.isParked()) {
      channel.tellProcessor();
    }
    dataSignal.raise();
  }

  private boolean payCancels() {
    for (Long callId = owedCancels.peek(); callId != null; callId = owedCancels.peek()) {
      if (writer.claim(0) == RingWriter.NO_SPACE) {
        return false;
      }
      writer.commit(0, FrameKind.CANCEL, 0, 0, callId, 0);
      frames++;
      owedCancels.remove();
    }
    return true;
  }

  private void waitForRoom(int payloadBytes, long deadlineNanos) {
    channel.drainWhileWaiting();
    long left = deadlineNanos == Long.MAX_VALUE ? SLICE_NANOS : deadlineNanos - System.nanoTime();
    if (left <= 0) {
      throw new SendTimeoutException(payloadBytes);
    }
    waits.increment();
    long nanos = Math.min(left, SLICE_NANOS);
    if (VirtualThreads.isVirtual(Thread.currentThread())) {
      LockSupport.parkNanos(Math.min(nanos, VIRTUAL_LOOK_NANOS));
      return;
    }
    if (!takeTurn(nanos)) {
      return;
    }
    try {
      int word = spaceSignal.prepare();
      if (!hasRoom(payloadBytes) && !channel.isClosed()) {
        spaceSignal.await(word, nanos);
      }
    } finally {
      sleepersTurn.unlock();
    }
  }

  /**
   * An interrupted thread still sends what it has begun: the flag stays for whoever waits for the
   * answer.
   */
  private boolean takeTurn(long nanos) {
    if (sleepersTurn.tryLock()) {
      return true;
    }
    boolean interrupted = Thread.interrupted();
    try {
      return sleepersTurn.tryLock(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      return false;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private boolean hasRoom(int payloadBytes) {
    producerLock.lock();
    try {
      boolean room = writer.claim(payloadBytes) != RingWriter.NO_SPACE;
      writer.abort();
      return room;
    } finally {
      producerLock.unlock();
    }
  }

  long frames() {
    return frames;
  }

  long bytes() {
    return bytes;
  }

  long waits() {
    return waits.sum();
  }
}
