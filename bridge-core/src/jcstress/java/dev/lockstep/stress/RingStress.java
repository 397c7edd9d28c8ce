package dev.lockstep.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.lockstep.memory.Segment;
import dev.lockstep.ring.RingReader;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.ring.RingWriter;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import java.util.Arrays;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** One producer and one consumer of a small ring, racing. */
public final class RingStress {
  private static final int MAX_PAYLOAD =
      FrameLayout.maxFrameBytes(Slots.RING_BYTES) - FrameLayout.HEADER_BYTES;
  private static final int NOTHING = -1;
  private static final int TORN = -2;

  private RingStress() {}

  private static final class Ring {
    final RingRegion region = Slots.ring();
    final Segment segment = region.segment();
    final RingWriter writer = new RingWriter(region);
    final RingReader reader = new RingReader(region);

    /** Writes a frame full of one byte; false if there is no room. */
    boolean write(int value, int payloadBytes) {
      int index = writer.claim(payloadBytes);
      if (index == RingWriter.NO_SPACE) {
        return false;
      }
      byte[] payload = new byte[payloadBytes];
      Arrays.fill(payload, (byte) value);
      segment.putBytes(index, payload, 0, payloadBytes);
      writer.commit(payloadBytes, FrameKind.INVOKE, 0, value, 2L * value, value);
      return true;
    }

    /** The value of the next frame if all of it says the same, NOTHING or TORN. */
    int read() {
      if (!reader.poll()) {
        return NOTHING;
      }
      int value = reader.depth();
      boolean whole = reader.callId() == 2L * value && reader.parentCallId() == value;
      byte[] payload = new byte[reader.payloadBytes()];
      reader.copyPayload(0, payload, 0, payload.length);
      for (byte b : payload) {
        whole &= b == value;
      }
      reader.release();
      return whole ? value : TORN;
    }
  }

  /** A frame is there whole or not at all. */
  @JCStressTest
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "not yet")
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "whole")
  @Outcome(expect = FORBIDDEN, desc = "torn")
  @State
  public static class Publish {
    private final Ring ring = new Ring();

    @Actor
    public void producer() {
      ring.write(7, MAX_PAYLOAD);
    }

    @Actor
    public void consumer(I_Result r) {
      r.r1 = ring.read();
    }
  }

  /** The same where a padding frame goes before it. */
  @JCStressTest
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "not yet")
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "whole, behind its padding")
  @Outcome(expect = FORBIDDEN, desc = "torn, or padding alone")
  @State
  public static class PublishAcrossTheEnd {
    private final Ring ring = new Ring();

    public PublishAcrossTheEnd() {
      for (int i = 0; i < 3; i++) {
        ring.write(1, MAX_PAYLOAD);
        ring.read();
      }
      ring.write(1, 0);
      ring.read();
    }

    @Actor
    public void producer() {
      ring.write(7, MAX_PAYLOAD);
    }

    @Actor
    public void consumer(I_Result r) {
      r.r1 = ring.read();
    }
  }

  /** Room given back is not written over before it is given back. */
  @JCStressTest
  @Outcome(id = "1, [01]", expect = ACCEPTABLE, desc = "the old frame, whole, then room or not")
  @Outcome(expect = FORBIDDEN, desc = "overwritten while it was read")
  @State
  public static class Reuse {
    private final Ring ring = new Ring();

    public Reuse() {
      for (int i = 0; i < FrameLayout.MAX_FRAME_DIVISOR; i++) {
        ring.write(1, MAX_PAYLOAD);
      }
    }

    @Actor
    public void consumer(II_Result r) {
      r.r1 = ring.read();
    }

    @Actor
    public void producer(II_Result r) {
      r.r2 = ring.write(9, MAX_PAYLOAD) ? 1 : 0;
    }
  }

  /** Two frames come in their order, and none comes twice. */
  @JCStressTest
  @Outcome(id = "-1, -1", expect = ACCEPTABLE, desc = "neither yet")
  @Outcome(id = "-1, 3", expect = ACCEPTABLE, desc = "the first, at the second look")
  @Outcome(id = "3, -1", expect = ACCEPTABLE, desc = "the first alone")
  @Outcome(id = "3, 4", expect = ACCEPTABLE, desc = "both")
  @Outcome(expect = FORBIDDEN, desc = "out of order, twice or torn")
  @State
  public static class InOrder {
    private final Ring ring = new Ring();
    private int rest;

    @Actor
    public void producer() {
      ring.write(3, 8);
      ring.write(4, MAX_PAYLOAD);
    }

    @Actor
    public void consumer(II_Result r) {
      r.r1 = ring.read();
      r.r2 = ring.read();
    }

    @Arbiter
    public void end() {
      while (ring.read() != NOTHING) {
        rest++;
      }
    }
  }
}
