package dev.lockstep.channel;

import dev.lockstep.memory.Segment;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.ring.RingWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Writes frames that a correct peer would not, below the channel, and reads them above it. */
final class HostileFragments {
  private final ChannelPair pair;
  private final Segment memory;
  private final RingWriter writer;

  HostileFragments(ChannelPair pair) {
    this.pair = pair;
    this.memory = pair.segments().worker();
    this.writer = new RingWriter(RingRegion.toHost(memory));
    if (!pair.host.tryAcquireRole()) {
      throw new IllegalStateException("somebody else reads");
    }
  }

  void frame(int kind, int flags, long callId, byte[] payload) {
    int index = writer.claim(payload.length);
    memory.putBytes(index, payload, 0, payload.length);
    writer.commit(payload.length, kind, flags, 0, callId, 0);
  }

  @Nullable Message poll() {
    return pair.host.poll();
  }

  /** The payload of a first fragment: the total, and some bytes of the message. */
  static byte[] total(long totalBytes, int bytes) {
    return ByteBuffer.allocate(8 + bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(totalBytes)
        .array();
  }
}
