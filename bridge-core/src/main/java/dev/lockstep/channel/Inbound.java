package dev.lockstep.channel;

import dev.lockstep.park.Signal;
import dev.lockstep.ring.RingReader;
import dev.lockstep.ring.RingRegion;
import dev.lockstep.wire.FrameFlags;
import dev.lockstep.wire.Limits;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The incoming lane as whole messages, with the inbox that a waiting writer moves them into.
 *
 * <p>For the holder of the reader's role, but for {@link #hasData} and {@link #size}.
 */
final class Inbound {
  private static final int FRAGMENT_FLAGS = FrameFlags.MORE | FrameFlags.CONTINUATION;
  private static final long MAX_INBOX_BYTES = 64L * 1024 * 1024;
  private static final int FIRST_BUFFER_BYTES = 4096;
  private static final int FRAMES_IN_ONE_GO = 4096;

  private final RingReader reader;
  private final Signal spaceSignal;
  private final InboundRules rules;
  private final Assembly assembly;
  private final int maxInboxMessages;
  private final ArrayDeque<Message> inbox = new ArrayDeque<>();
  private final Message current = new Message();
  private byte[] buffer = new byte[FIRST_BUFFER_BYTES];
  private long inboxBytes;
  private volatile int inboxSize;
  private long frames;
  private long bytes;

  Inbound(RingRegion region, Side side, Limits limits) {
    this.reader = new RingReader(region);
    this.spaceSignal = new Signal(region.segment(), region.spaceSignalIndex());
    this.rules = new InboundRules(side, region.segment().spec());
    this.assembly = new Assembly(limits);
    this.maxInboxMessages = limits.maxQueued();
  }

  /**
   * Whether there is something to poll; any thread. Fragments count, though they may not make a
   * message yet.
   */
  boolean hasData() {
    return inboxSize != 0 || reader.hasData();
  }

  /** The next message: from the inbox first, then from the lane; null if there is none. */
  @Nullable Message poll() {
    if (inboxSize != 0) {
      Message first = inbox.poll();
      if (first != null) {
        inboxBytes -= first.length;
        inboxSize = inbox.size();
        return first;
      }
    }
    return pollLane();
  }

  private @Nullable Message pollLane() {
    // A peer that goes on with fragments must not keep its reader from looking at a deadline.
    for (int i = 0; i < FRAMES_IN_ONE_GO && reader.poll(); i++) {
      rules.check(reader);
      frames++;
      bytes += reader.payloadBytes();
      Message message;
      if ((reader.flags() & FRAGMENT_FLAGS) == 0) {
        if (assembly.size() != 0) {
          assembly.meetWhole(reader);
        }
        message = whole();
      } else {
        message = assembly.add(reader);
      }
      reader.release();
      spaceSignal.raise();
      if (message != null) {
        return message;
      }
    }
    return null;
  }

  private Message whole() {
    int length = reader.payloadBytes();
    if (buffer.length < length) {
      buffer = new byte[Integer.highestOneBit(length - 1) << 1];
    }
    reader.copyPayload(0, buffer, 0, length);
    current.kind = reader.kind();
    current.flags = reader.flags();
    current.depth = reader.depth();
    current.callId = reader.callId();
    current.parentCallId = reader.parentCallId();
    current.payload = buffer;
    current.length = length;
    return current;
  }

  /**
   * Moves everything in the lane into the inbox, without handling it. True if something was moved.
   */
  boolean drain() {
    boolean moved = false;
    while (reader.hasData()) {
      if (inboxSize >= maxInboxMessages) {
        throw new InboxFullException("messages", inboxSize, maxInboxMessages);
      }
      if (inboxBytes > MAX_INBOX_BYTES) {
        throw new InboxFullException("bytes", inboxBytes, MAX_INBOX_BYTES);
      }
      Message message = pollLane();
      if (message != null) {
        Message kept = message == current ? message.detach() : message;
        inbox.add(kept);
        inboxBytes += kept.length;
        inboxSize = inbox.size();
        moved = true;
      }
    }
    return moved;
  }

  int size() {
    return inboxSize;
  }

  /** How far the lane was read; from another thread than the role's holder, at some time before. */
  long position() {
    return reader.position();
  }

  long frames() {
    return frames;
  }

  long bytes() {
    return bytes;
  }

  void clear() {
    inbox.clear();
    inboxSize = 0;
    assembly.clear();
  }
}
