/**
 * Calls over a channel: invoke, reply, error, cancel, notify; the table of calls in flight; the
 * re-entrant loop that serves the peer while it waits; the depth guard.
 *
 * <p>May use {@code wire}, {@code channel} and {@code codec}; knows no memory, no process and no
 * Python. A call's way in: {@link dev.lockstep.call.CallEngine}, then {@code OutboundCalls}, {@code
 * LaneReader}, {@code InboundCalls}.
 */
@NullMarked
package dev.lockstep.call;

import org.jspecify.annotations.NullMarked;
