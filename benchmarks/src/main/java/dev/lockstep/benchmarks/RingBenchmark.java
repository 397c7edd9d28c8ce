package dev.lockstep.benchmarks;

import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.park.Signal;
import dev.lockstep.ring.RingReader;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.ring.RingWriter;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.LaneLayout;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.SegmentLayout;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one frame costs both ends of a ring when one thread is both: no cache line travels and
 * nobody waits.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RingBenchmark {
  @Param({"16", "1024"})
  public int payloadBytes;

  private byte[] payload = {};
  private byte[] copy = {};
  private @Nullable Segment host;
  private @Nullable Segment worker;
  private @Nullable RingWriter writer;
  private @Nullable RingReader reader;
  private @Nullable Signal signal;
  private long callId;

  /** Maps one segment twice, as two processes do. */
  @Setup(Level.Trial)
  public void open() {
    payload = new byte[payloadBytes];
    copy = new byte[payloadBytes];
    int capacityBytes = LaneLayout.MIN_CAPACITY_BYTES;
    byte[] nonce = new byte[SegmentLayout.NONCE_BYTES];
    SegmentSpec spec =
        new SegmentSpec("benchmark", capacityBytes, capacityBytes, Limits.DEFAULT, false);
    Segment created = Segment.createSealed(spec, nonce);
    host = created;
    Segment attached = Segment.attach(created.pathForPeer(), spec, nonce);
    worker = attached;
    RingRegion out = RingRegion.toWorker(created);
    writer = new RingWriter(out);
    reader = new RingReader(RingRegion.toWorker(attached));
    signal = new Signal(created, out.dataSignalIndex());
  }

  /** Leaves no mapping. */
  @TearDown(Level.Trial)
  public void close() {
    Objects.requireNonNull(worker).close();
    Objects.requireNonNull(host).close();
  }

  /** One frame: claimed, filled, committed; polled and checked, copied, released. */
  @Benchmark
  public byte[] frameThroughTheRing() {
    RingWriter out = Objects.requireNonNull(writer);
    int index = out.claim(payloadBytes);
    Objects.requireNonNull(host).putBytes(index, payload, 0, payloadBytes);
    callId += 2; // As a caller counts: the last bit says whose call it is.
    out.commit(payloadBytes, FrameKind.INVOKE, 0, 1, callId, 0);
    RingReader in = Objects.requireNonNull(reader);
    if (!in.poll()) {
      throw new IllegalStateException("the frame is not there");
    }
    in.copyPayload(0, copy, 0, payloadBytes);
    in.release();
    return copy;
  }

  /** Saying that there is something new, when nobody sleeps: one atomic step, no system call. */
  @Benchmark
  public void raiseWithoutSleeper() {
    Objects.requireNonNull(signal).raise();
  }
}
