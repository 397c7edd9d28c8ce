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

/**
 * What a builder has been told. A builder writes its own; a worker reads a copy. What begins with
 * {@code own} is what the builder's methods said, and wins over the configuration; the methods of
 * the same names give what holds.
 */
final class WorkerSettings {
  private static final String ACCELERATOR = "LOCKSTEP_ACCELERATOR";

  final ScriptSource source;
  @Nullable String name;
  WorkerType type = WorkerType.PY;
  WorkerConfig config = WorkerConfig.empty();
  @Nullable Boolean syncMainOnly;
  @Nullable String ownInterpreter;
  List<String> arguments = List.of();
  Map<String, String> ownEnvironment = new LinkedHashMap<>();
  @Nullable Path workingDirectory;
  @Nullable Limits ownLimits;
  @Nullable Integer ownLaneCapacityBytes;
  SegmentKind segmentKind = SegmentKind.MEMFD;
  Path segmentFolder = Path.of("/dev/shm");
  @Nullable Accelerator accelerator;
  @Nullable Duration ownStartTimeout;
  Duration grace = Duration.ofMillis(Limits.GRACE_MILLIS);
  @Nullable Executor executor;
  @Nullable ObjectMapper objectMapper;
  boolean strictNanos;
  @Nullable Consumer<? super OutputLine> outputConsumer;
  @Nullable InputHandler inputHandler;
  @Nullable Consumer<? super ExitStatus> exitConsumer;
  @Nullable Consumer<? super Progress> progressConsumer;
  @Nullable Consumer<? super WorkerError> errorConsumer;
  Messages.@Nullable Listener messageListener;
  boolean hostLogging = true;
  Map<String, Integer> logLevels = new LinkedHashMap<>();
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
    if (isSyncMainOnly() && messageListener != null) {
      throw new IllegalArgumentException(
          "a sync_main_only worker cannot post, so onMessage would never be told: worker="
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
        environment().getOrDefault(ACCELERATOR, System.getenv().getOrDefault(ACCELERATOR, ""));
    return variable.isBlank() ? Accelerator.AUTO.wireName() : variable;
  }

  @Nullable String interpreter() {
    return ownInterpreter == null ? config.interpreter() : ownInterpreter;
  }

  /** What is added to this process's environment: variable by variable the builder wins. */
  Map<String, String> environment() {
    Map<String, String> all = new LinkedHashMap<>(config.environment());
    all.putAll(ownEnvironment);
    return all;
  }

  Limits limits() {
    Limits own = ownLimits;
    return own == null ? config.limits() : own;
  }

  int laneCapacityBytes() {
    Integer own = ownLaneCapacityBytes;
    return own == null ? config.laneCapacityBytes() : own;
  }

  Duration startTimeout() {
    Duration own = ownStartTimeout;
    return own == null ? config.startTimeout() : own;
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
    copy.ownInterpreter = ownInterpreter;
    copy.arguments = arguments;
    copy.ownEnvironment = new LinkedHashMap<>(ownEnvironment);
    copy.workingDirectory = workingDirectory;
    copy.ownLimits = ownLimits;
    copy.ownLaneCapacityBytes = ownLaneCapacityBytes;
    copy.segmentKind = segmentKind;
    copy.segmentFolder = segmentFolder;
    copy.accelerator = accelerator;
    copy.ownStartTimeout = ownStartTimeout;
    copy.grace = grace;
    copy.executor = executor;
    copy.objectMapper = objectMapper;
    copy.strictNanos = strictNanos;
    copy.outputConsumer = outputConsumer;
    copy.inputHandler = inputHandler;
    copy.exitConsumer = exitConsumer;
    copy.progressConsumer = progressConsumer;
    copy.errorConsumer = errorConsumer;
    copy.messageListener = messageListener;
    copy.hostLogging = hostLogging;
    copy.logLevels = new LinkedHashMap<>(logLevels);
    copy.exposed = new LinkedHashMap<>(exposed);
    return copy;
  }
}
