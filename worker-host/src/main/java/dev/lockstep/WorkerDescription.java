package dev.lockstep;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker is made of, known once it is ready.
 *
 * @param python version of the language, as {@code 3.11.2}
 * @param implementation in small letters, as {@code sys.implementation} names it
 * @param executable the interpreter's path as it names itself
 * @param accelerator {@code c} or {@code py}: which twin serves
 * @param exports functions that could be called when the script had run
 * @param segmentKind where the shared memory comes from
 * @param laneCapacityBytes of each direction
 * @param isSyncMainOnly whether the worker cannot call Java
 * @param details whatever else the worker said of itself
 */
public record WorkerDescription(
    String name,
    long pid,
    String python,
    String implementation,
    String executable,
    String accelerator,
    List<String> exports,
    SegmentKind segmentKind,
    int laneCapacityBytes,
    boolean isSyncMainOnly,
    Map<String, @Nullable Object> details) {}
