package dev.lockstep.channel;

import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.ring.PeerFaultException;
import dev.lockstep.ring.RingReader;
import dev.lockstep.wire.FrameKind;

/**
 * What the other side may send to this one: kinds by direction and mode, ids by whose counter they
 * come from, depth. Looked at on every frame, so that of what may not come not even a fragment is
 * kept.
 */
final class InboundRules {
  private static final int CALLS =
      1 << FrameKind.INVOKE | 1 << FrameKind.NOTIFY | 1 << FrameKind.CANCEL;
  private static final int ANSWERS = 1 << FrameKind.REPLY | 1 << FrameKind.ERROR;
  private static final int STATES = 1 << FrameKind.READY | 1 << FrameKind.FATAL;

  private final int ownOrigin;
  private final int kinds;
  private final int maxDepth;
  private final String mode;

  InboundRules(Side side, SegmentSpec spec) {
    this.ownOrigin = side.originBit();
    this.maxDepth = spec.limits().maxDepth();
    this.mode = spec.syncMainOnly() ? " in sync_main_only" : "";
    boolean callsBothWays = !spec.syncMainOnly();
    if (side == Side.HOST) {
      this.kinds = ANSWERS | STATES | (callsBothWays ? CALLS : 0);
    } else {
      this.kinds = CALLS | (callsBothWays ? ANSWERS : 0);
    }
  }

  /** Checks the frame in view, whose fields are those of its kind. */
  void check(RingReader frame) {
    int kind = frame.kind();
    int bit = 1 << kind;
    if ((kinds & bit) == 0) {
      throw new PeerFaultException("kind", kind, allowedKinds());
    }
    if ((bit & STATES) != 0) {
      return;
    }
    int origin = (bit & ANSWERS) != 0 ? ownOrigin : 1 - ownOrigin;
    if ((frame.callId() & 1) != origin) {
      throw new PeerFaultException(
          "call id of " + FrameKind.name(kind),
          frame.callId(),
          origin == 0 ? "an even number" : "an odd number");
    }
    if (frame.depth() > maxDepth) {
      throw new PeerFaultException(
          "depth of " + FrameKind.name(kind), frame.depth(), "at most maxDepth=" + maxDepth);
    }
  }

  private String allowedKinds() {
    StringBuilder names = new StringBuilder("one of");
    for (int kind = FrameKind.INVOKE; kind <= FrameKind.FATAL; kind++) {
      if ((kinds & 1 << kind) != 0) {
        names.append(' ').append(FrameKind.name(kind));
      }
    }
    return names.append(mode).toString();
  }
}
