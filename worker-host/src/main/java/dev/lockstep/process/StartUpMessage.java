package dev.lockstep.process;

import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.memory.Segment;
import dev.lockstep.memory.SegmentSpec;
import dev.lockstep.os.ProcFs;
import dev.lockstep.wire.Limits;
import dev.lockstep.wire.ProtocolVersion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker finds on its original stdin: where its segment is and what is in it, and what to
 * run. See "Start-up message" in the wire format.
 *
 * @param lifeline the path of the pipe to hold open
 * @param mode {@code script}, {@code source} or {@code module}
 * @param target path, text or module name
 * @param accelerator {@code auto}, {@code c} or {@code py}
 * @param threads on how many plain calls run; 0: on Python's main thread
 * @param logging whether what it logs comes to the host
 * @param logLevels loggers' names, "" for the root, to Python's numbers
 * @param path entries of {@code sys.path} behind the script's own folder
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record StartUpMessage(
    byte[] nonce,
    Segment segment,
    Path lifeline,
    String name,
    String mode,
    String target,
    List<String> arguments,
    String accelerator,
    Map<String, @Nullable Object> config,
    List<String> path,
    int threads,
    boolean logging,
    Map<String, Integer> logLevels) {

  /** Length and map, as they are written. */
  public byte[] encode(ValueCodec codec) {
    PayloadBuffer buffer = new PayloadBuffer();
    codec.encodeValue(buffer, asMap(), "start-up message");
    ByteBuffer message =
        ByteBuffer.allocate(Integer.BYTES + buffer.length()).order(ByteOrder.LITTLE_ENDIAN);
    return message.putInt(buffer.length()).put(buffer.array(), 0, buffer.length()).array();
  }

  private Map<String, @Nullable Object> asMap() {
    SegmentSpec spec = segment.spec();
    long hostPid = ProcessHandle.current().pid();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("nonce", nonce);
    map.put("host_pid", hostPid);
    map.put("host_start_time", ProcFs.startTime(hostPid).orElse(0));
    map.put("segment", segment.pathForPeer().toString());
    map.put("segment_bytes", spec.bytes());
    map.put("to_worker_capacity", spec.toWorkerCapacityBytes());
    map.put("to_host_capacity", spec.toHostCapacityBytes());
    map.put("sealed", segment.isSealed());
    map.put("version", ProtocolVersion.WORD);
    map.put("limits", limits(spec.limits()));
    map.put("sync_main_only", spec.syncMainOnly());
    map.put("lifeline", lifeline.toString());
    map.put("name", name);
    map.put("mode", mode);
    map.put("target", target);
    map.put("argv", arguments);
    map.put("accelerator", accelerator);
    map.put("config", config);
    map.put("path", path);
    map.put("threads", threads);
    map.put("logging", logging);
    map.put("log_levels", logLevels);
    return map;
  }

  private static Map<String, Object> limits(Limits limits) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("maxMessageBytes", limits.maxMessageBytes());
    map.put("maxDepth", limits.maxDepth());
    map.put("maxNesting", limits.maxNesting());
    map.put("maxItems", limits.maxItems());
    map.put("maxIntegerBytes", limits.maxIntegerBytes());
    map.put("maxNameBytes", limits.maxNameBytes());
    map.put("maxQueued", limits.maxQueued());
    return map;
  }
}
