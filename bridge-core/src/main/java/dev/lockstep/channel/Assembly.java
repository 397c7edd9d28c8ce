package dev.lockstep.channel;

import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.ring.RingReader;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.FrameKind;
import dev.lockstep.wire.FrameLayout;
import dev.lockstep.wire.Limits;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts fragments together. Memory is taken as bytes arrive, never by what the peer announces.
 *
 * <p>For the holder of the reader's role.
 */
final class Assembly {
  private static final int FIRST_GROWTH = 2;

  private record Key(long callId, int kindClass) {}

  private static final class Partial {
    final int total;
    final int kind;
    final int flags;
    final int depth;
    final long parentCallId;
    byte[] bytes;
    int length;

    Partial(int total, RingReader first) {
      this.total = total;
      this.kind = first.kind();
      this.flags = first.flags() & ~FrameFlags.MORE;
      this.depth = first.depth();
      this.parentCallId = first.parentCallId();
      this.bytes = new byte[0];
    }
  }

  /** So many of the longest messages may be in the making at once, counted in bytes. */
  private static final long LONGEST_AT_ONCE = 4;

  private final int maxMessageBytes;
  private final Map<Key, Partial> partials = new HashMap<>();
  private long bytesInTheMaking;

  Assembly(Limits limits) {
    this.maxMessageBytes = limits.maxMessageBytes();
  }

  /** Adds the frame in view; the finished message, or null while fragments are missing. */
  @Nullable Message add(RingReader frame) {
    boolean more = (frame.flags() & FrameFlags.MORE) != 0;
    Key key = new Key(frame.callId(), classOf(frame.kind()));
    Partial partial;
    int from;
    if ((frame.flags() & FrameFlags.CONTINUATION) == 0) {
      partial = begin(frame, key);
      from = FrameLayout.FRAGMENT_TOTAL_BYTES;
    } else {
      partial = partials.get(key);
      if (partial == null) {
        throw new PeerFaultException(
            "call id of CONTINUATION", frame.callId(), "a message that was begun");
      }
      requireSame(partial, frame);
      from = 0;
    }
    append(partial, frame, from, more);
    if (more) {
      return null;
    }
    forget(key);
    return finish(partial, frame.callId());
  }

  private Partial begin(RingReader frame, Key key) {
    if (partials.size() >= Limits.MAX_PARTIAL_MESSAGES) {
      throw new PeerFaultException(
          "messages in the making", partials.size() + 1L, "at most " + Limits.MAX_PARTIAL_MESSAGES);
    }
    if (frame.payloadBytes() <= FrameLayout.FRAGMENT_TOTAL_BYTES) {
      throw new PeerFaultException(
          "length of a first fragment", frame.payloadBytes(), "more than its total's 8 bytes");
    }
    byte[] total = new byte[FrameLayout.FRAGMENT_TOTAL_BYTES];
    frame.copyPayload(0, total, 0, total.length);
    long totalBytes = ByteBuffer.wrap(total).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (totalBytes < 1 || totalBytes > maxMessageBytes) {
      throw new PeerFaultException("total of a message", totalBytes, "1 to " + maxMessageBytes);
    }
    Partial partial = new Partial((int) totalBytes, frame);
    if (partials.put(key, partial) != null) {
      throw new PeerFaultException(
          "call id of a first fragment", frame.callId(), "one not in the making");
    }
    return partial;
  }

  private static void requireSame(Partial partial, RingReader frame) {
    int flags = frame.flags() & ~(FrameFlags.MORE | FrameFlags.CONTINUATION);
    if (partial.kind != frame.kind()
        || partial.flags != flags
        || partial.depth != frame.depth()
        || partial.parentCallId != frame.parentCallId()) {
      throw new PeerFaultException(
          "header of CONTINUATION", frame.callId(), "what its first fragment says");
    }
  }

  private void append(Partial partial, RingReader frame, int from, boolean more) {
    int count = frame.payloadBytes() - from;
    int missing = partial.total - partial.length;
    if (count < 1 || count > missing || more == (count == missing)) {
      throw new PeerFaultException(
          "bytes of a fragment", count, (more ? "1 to " + (missing - 1) : "exactly " + missing));
    }
    long maxBytes = LONGEST_AT_ONCE * maxMessageBytes;
    if (bytesInTheMaking + count > maxBytes) {
      throw new PeerFaultException(
          "bytes of messages in the making", bytesInTheMaking + count, "at most " + maxBytes);
    }
    bytesInTheMaking += count;
    int needed = partial.length + count;
    if (partial.bytes.length < needed) {
      long grown = Math.max(needed, (long) partial.bytes.length * FIRST_GROWTH);
      partial.bytes = Arrays.copyOf(partial.bytes, (int) Math.min(grown, partial.total));
    }
    frame.copyPayload(from, partial.bytes, partial.length, count);
    partial.length = needed;
  }

  private static Message finish(Partial partial, long callId) {
    Message message = new Message();
    message.kind = partial.kind;
    message.flags = partial.flags;
    message.depth = partial.depth;
    message.callId = callId;
    message.parentCallId = partial.parentCallId;
    message.payload = partial.bytes;
    message.length = partial.length;
    return message;
  }

  private static int classOf(int kind) {
    return switch (kind) {
      case FrameKind.INVOKE, FrameKind.NOTIFY, FrameKind.CANCEL -> 0;
      default -> 1;
    };
  }

  /**
   * What a frame that is no fragment means for those in the making: a CANCEL is from a caller that
   * gave its call up between two of them.
   */
  void meetWhole(RingReader frame) {
    Key key = new Key(frame.callId(), classOf(frame.kind()));
    if (frame.kind() == FrameKind.CANCEL) {
      forget(key);
    } else if (partials.containsKey(key)) {
      throw new PeerFaultException(
          "flags of " + FrameKind.name(frame.kind()),
          frame.flags(),
          "CONTINUATION: fragments of call id " + frame.callId() + " are under way");
    }
  }

  private void forget(Key key) {
    Partial partial = partials.remove(key);
    if (partial != null) {
      bytesInTheMaking -= partial.length;
    }
  }

  /** Messages in the making. */
  int size() {
    return partials.size();
  }

  /** Drops what will not be finished any more. */
  void clear() {
    partials.clear();
    bytesInTheMaking = 0;
  }
}
