package dev.lockstep.channel;

import dev.lockstep.memory.SegmentPair;
import dev.lockstep.park.WaitTuning;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Both ends of a channel in one process, on the smallest lanes. Sleeps last longer than any test's
 * patience: a lost wake-up is a time-out, not a delay.
 */
final class ChannelPair implements AutoCloseable {
  static final long SLICE_NANOS = Duration.ofMinutes(5).toNanos();
  private static final long SPIN_NANOS = 20_000;

  private final SegmentPair segments;
  final Channel host;
  final Channel worker;

  ChannelPair() {
    this(Limits.DEFAULT, SPIN_NANOS);
  }

  ChannelPair(Limits limits, long spinNanos) {
    WaitTuning tuning = new WaitTuning(spinNanos, SLICE_NANOS, SLICE_NANOS);
    segments =
        SegmentPair.attached(
            SegmentPair.Form.SEALED, SegmentPair.spec(LaneLayout.MIN_CAPACITY_BYTES, limits));
    host = new Channel(segments.host(), Side.HOST, limits, tuning);
    worker = new Channel(segments.worker(), Side.WORKER, limits, tuning);
  }

  SegmentPair segments() {
    return segments;
  }

  static void send(Channel from, long callId, byte[] payload) {
    from.send(FrameKind.INVOKE, 0, 1, callId, 0, payload, 0, payload.length, Long.MAX_VALUE);
  }

  /** Reads as a side without a pump does: keeps the role, spins, sleeps. Null after a close. */
  static @Nullable Message receive(Channel channel) {
    while (!channel.tryAcquireRole()) {
      Thread.onSpinWait();
    }
    try {
      while (true) {
        Message message = channel.poll();
        if (message != null) {
          return message.detach();
        }
        if (channel.isClosed()) {
          return null;
        }
        if (!channel.spinForData()) {
          channel.sleepHoldingRole(SLICE_NANOS, true);
        }
      }
    } finally {
      channel.leaveRole();
    }
  }

  static Thread start(String name, Runnable task) {
    Thread thread = new Thread(task, "test-" + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Waits for a thread, and says what it does if it does not end. */
  static void join(Thread thread, Duration patience) throws InterruptedException {
    thread.join(patience.toMillis());
    if (thread.isAlive()) {
      AssertionError stuck = new AssertionError(thread.getName() + " does not end");
      stuck.setStackTrace(thread.getStackTrace());
      throw stuck;
    }
  }

  @Override
  public void close() {
    host.close();
    worker.close();
    segments.close();
  }
}
