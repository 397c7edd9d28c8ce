package dev.lockstep.channel;

/**
 * What a channel has done so far.
 *
 * @param framesSent frames published, padding not counted
 * @param framesReceived frames consumed, padding not counted
 * @param bytesSent payload bytes published
 * @param bytesReceived payload bytes consumed
 * @param sleeps waits for data that went into the futex
 * @param lateWakeups sleeps that lasted a whole slice although there was something to read: 0, or a
 *     wake-up was lost
 * @param spinHits waits for data that spinning ended
 * @param spinMisses waits for data that spinning did not end
 * @param waitsForSpace times that a writer found the lane full and slept
 * @param inboxMessages messages moved in by a waiting writer and not yet handled
 */
public record ChannelCounters(
    long framesSent,
    long framesReceived,
    long bytesSent,
    long bytesReceived,
    long sleeps,
    long lateWakeups,
    long spinHits,
    long spinMisses,
    long waitsForSpace,
    int inboxMessages) {}
