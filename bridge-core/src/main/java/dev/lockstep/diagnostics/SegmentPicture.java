package dev.lockstep.diagnostics;

/**
 * What stands in a segment at one moment. The segment lives on while it is read: each word is what
 * it was when its turn came, so two of them may be a few microseconds apart.
 *
 * @param versionWord the wire format, as {@code ProtocolVersion.text} prints it
 * @param segmentBytes size of the whole
 * @param flags bits of the header's flags
 * @param hostPid process of the host
 * @param workerPid process of the worker, 0 before it attached
 * @param hostState one of {@code SegmentLayout.HOST_…}
 * @param workerState one of {@code SegmentLayout.WORKER_…}
 * @param interruptCallId the call that is to be interrupted, 0 for none, -1 for whatever runs
 * @param hostLateWakeups waits of the host that ended by time-out with data there
 * @param workerLateWakeups the same on the worker's side
 * @param toWorker the lane from host to worker
 * @param toHost the lane from worker to host
 */
public record SegmentPicture(
    int versionWord,
    long segmentBytes,
    int flags,
    int hostPid,
    int workerPid,
    int hostState,
    int workerState,
    long interruptCallId,
    long hostLateWakeups,
    long workerLateWakeups,
    LanePicture toWorker,
    LanePicture toHost) {}
