package dev.lockstep;

import dev.lockstep.call.CallStatistics;
import java.time.Duration;

/**
 * What a worker has done so far; a frozen picture.
 *
 * @param age since its start
 * @param calls what the bridge counted: calls in both directions, queues, waits, bytes
 * @param stdoutLines lines delivered, pieces of long lines counted each
 * @param stderrLines the same for stderr
 */
public record WorkerStatistics(
    String name,
    WorkerState state,
    Duration age,
    CallStatistics calls,
    long stdoutLines,
    long stderrLines) {}
