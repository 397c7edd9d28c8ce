package dev.lockstep.diagnostics;

/**
 * One frame that lies unread in a lane.
 *
 * @param position where it starts, counted like {@code head} and {@code tail}
 * @param lengthBytes header and payload, without padding
 * @param kind one of {@code FrameKind}, or whatever else stands there
 * @param flags bits of {@code FrameFlags}, or whatever else stands there
 * @param depth calls in its chain
 * @param callId the call that it belongs to, 0 for none
 * @param parentCallId the call in whose handler the call was made, 0 for none
 */
public record FramePicture(
    long position,
    int lengthBytes,
    int kind,
    int flags,
    int depth,
    long callId,
    long parentCallId) {}
