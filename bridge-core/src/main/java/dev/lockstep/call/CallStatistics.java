package dev.lockstep.call;

/**
 * What one engine has counted so far. Counts are since its start; each is read by itself, so sums
 * may be off by calls that run meanwhile.
 *
 * @param callsOut calls sent to the peer, builtin ones included
 * @param notificationsOut notifications sent
 * @param callsIn calls received from the peer
 * @param notificationsIn notifications received
 * @param inFlight calls sent or waiting for READY, and not settled, now
 * @param queued received calls and notifications that wait for the pump or an executor, now
 * @param serving received calls whose handler runs, or whose stage is not complete, now
 * @param served received calls answered
 * @param servedNested of those, run on the thread that waited for the call they were nested in
 * @param refused received calls refused: {@code queue_full} or {@code not_exported}
 * @param lateRepliesDropped replies to calls that had timed out or been cancelled
 * @param timeouts calls that ended at their deadline
 * @param cancelled calls cancelled or interrupted
 * @param replyBySpin blocking calls whose waiting thread read its reply itself, mostly without
 *     having parked
 * @param replyByPark blocking calls whose thread had to park
 * @param handOvers times a waiting thread took the place of a reader that was busy in user code
 * @param lateWakeups slices that ended with data there: 0, or a wake-up was lost
 * @param parks times a thread of this process slept in the futex
 * @param spins spins that found data within their budget
 * @param bytesOut payload bytes sent
 * @param bytesIn payload bytes received
 */
public record CallStatistics(
    long callsOut,
    long notificationsOut,
    long callsIn,
    long notificationsIn,
    int inFlight,
    int queued,
    int serving,
    long served,
    long servedNested,
    long refused,
    long lateRepliesDropped,
    long timeouts,
    long cancelled,
    long replyBySpin,
    long replyByPark,
    long handOvers,
    long lateWakeups,
    long parks,
    long spins,
    long bytesOut,
    long bytesIn) {}
