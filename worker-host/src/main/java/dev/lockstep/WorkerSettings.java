package dev.lockstep;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.wire.Limits;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a builder has been told. A builder writes its own; a worker reads a copy. */
final class WorkerSettings {
  private static final String ACCELERATOR = "LOCKSTEP_ACCELERATOR";

  final ScriptSource source;
  @Nullable String name;
  WorkerType type = WorkerType.PY;
  WorkerConfig config = WorkerConfig.empty();
  @Nullable Boolean syncMainOnly;
  @Nullable String interpreter;
  List<String> arguments = List.of();
  Map<String, String> environment = new LinkedHashMap<>();
  @Nullable Path workingDirectory;
  Limits limits = Limits.DEFAULT;
  int laneCapacityBytes = Limits.DEFAULT_LANE_CAPACITY_BYTES;
  SegmentKind segmentKind = SegmentKind.MEMFD;
  Path segmentFolder = Path.of("/dev/shm");
  @Nullable Accelerator accelerator;
  Duration startTimeout = Duration.ofMillis(Limits.START_DEADLINE_MILLIS);
  Duration grace = Duration.ofMillis(Limits.GRACE_MILLIS);
  @Nullable Executor executor;
  @Nullable ObjectMapper objectMapper;
  boolean strictNanos;
  @Nullable Consumer<? super OutputLine> outputConsumer;
  @Nullable InputHandler inputHandler;
  @Nullable Consumer<? super ExitStatus> exitConsumer;
  @Nullable Consumer<? super Progress> progressConsumer;
  Map<String, ExposedFunction> exposed = new LinkedHashMap<>();

  WorkerSettings(ScriptSource source) {
    this.source = source;
  }

  void add(ExposedFunction function) {
    exposed.put(function.name(), function);
  }

  /** Refuses what can be refused before anything is started. */
  void requireConsistent() {
    type.requireSupported();
    if (isSyncMainOnly() && inputHandler != null) {
      throw new IllegalArgumentException(
          "a sync_main_only worker cannot call Java, so onInput would never be asked: worker="
              + (name == null ? source.defaultName() : name));
    }
    if (isSyncMainOnly() && !exposed.isEmpty()) {
      throw new IllegalArgumentException(
          "a sync_main_only worker cannot call Java, so nothing can be exposed to it: exposed="
              + exposed.keySet());
    }
  }

  /** For the start-up message: the builder's word, else the environment's, else auto. */
  String acceleratorName() {
    Accelerator chosen = accelerator;
    if (chosen != null) {
      return chosen.wireName();
    }
    String variable =
        environment.getOrDefault(ACCELERATOR, System.getenv().getOrDefault(ACCELERATOR, ""));
    return variable.isBlank() ? Accelerator.AUTO.wireName() : variable;
  }

  boolean isSyncMainOnly() {
    Boolean set = syncMainOnly;
    return set == null ? config.isSyncMainOnly() : set;
  }

  WorkerSettings copy() {
    WorkerSettings copy = new WorkerSettings(source);
    copy.name = name;
    copy.type = type;
    copy.config = config;
    copy.syncMainOnly = syncMainOnly;
    copy.interpreter = interpreter;
    copy.arguments = arguments;
    copy.environment = new LinkedHashMap<>(environment);
    copy.workingDirectory = workingDirectory;
    copy.limits = limits;
    copy.laneCapacityBytes = laneCapacityBytes;
    copy.segmentKind = segmentKind;
    copy.segmentFolder = segmentFolder;
    copy.accelerator = accelerator;
    copy.startTimeout = startTimeout;
    copy.grace = grace;
    copy.executor = executor;
    copy.objectMapper = objectMapper;
    copy.strictNanos = strictNanos;
    copy.outputConsumer = outputConsumer;
    copy.inputHandler = inputHandler;
    copy.exitConsumer = exitConsumer;
    copy.progressConsumer = progressConsumer;
    copy.exposed = new LinkedHashMap<>(exposed);
    return copy;
  }
}
