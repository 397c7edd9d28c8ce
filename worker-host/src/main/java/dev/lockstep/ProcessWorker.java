package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.call.CallStatistics;
import dev.lockstep.call.Listener;
import dev.lockstep.process.WorkerProcess;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A worker that is a process of this machine: the public face of its {@link WorkerLife}. */
final class ProcessWorker implements PyWorker {
  private static final Duration STACKS_DEADLINE = Duration.ofSeconds(5);
  private static final long ANSWER_NANOS = 500_000_000;
  private static final CallStatistics NO_CALLS =
      new CallStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  private final WorkerLife life;
  private final Sync sync;
  private final ScriptRuns runs;
  private final long createdNanos = System.nanoTime();
  private final CompletableFuture<PyWorker> ready;

  ProcessWorker(
      String name, WorkerSettings settings, Services services, Consumer<ProcessWorker> onEnded) {
    this.life = new WorkerLife(name, settings, services, () -> onEnded.accept(this));
    this.sync = new EngineSync(life);
    this.runs = new ScriptRuns(life);
    this.ready = life.ready.thenApply(alive -> this);
  }

  void start() {
    life.start();
  }

  @Override
  public String name() {
    return life.name();
  }

  @Override
  public WorkerState state() {
    return life.state();
  }

  @Override
  public long pid() {
    WorkerParts parts = life.partsIfMade();
    WorkerProcess process = parts == null ? null : parts.process();
    return process == null ? 0 : process.pid();
  }

  @Override
  public CompletableFuture<PyWorker> ready() {
    return new ReadyFuture<>(ready, life::isServingBootCall, name());
  }

  boolean isServingBootCall() {
    return life.isServingBootCall();
  }

  @Override
  public Sync sync() {
    return sync;
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway"})
  public <T extends @Nullable Object> T run(Script script, Class<T> type) {
    return (T) runs.run(script, type);
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  public <T extends @Nullable Object> T run(Script script, Type type) {
    return (T) runs.run(script, type);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends @Nullable Object> CompletableFuture<T> runAsync(Script script, Class<T> type) {
    return (CompletableFuture<T>) runs.runAsync(script, type);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends @Nullable Object> CompletableFuture<T> runAsync(Script script, Type type) {
    return (CompletableFuture<T>) runs.runAsync(script, type);
  }

  @Override
  public void post(@Nullable Object message) {
    if (life.partsIfCallable() != null || !life.beforeStart().defer(() -> postDeferred(message))) {
      life.messages.post(life.parts(), message);
    }
  }

  private void postDeferred(@Nullable Object message) {
    try {
      life.messages.post(life.parts(), message);
    } catch (RuntimeException e) {
      life.onHandlerError(Listener.BUILTIN + Messages.NAME, e);
    }
  }

  @Override
  public void logLevel(String logger, System.Logger.Level level) {
    int number = WorkerLogs.number(level);
    if (life.partsIfCallable() != null
        || !life.beforeStart().defer(() -> logLevelNow(logger, number))) {
      logLevelNow(logger, number);
    }
  }

  private void logLevelNow(String logger, int number) {
    life.parts().engine().notifyBuiltin("log_level", logger, number);
  }

  @Override
  public List<String> missingImports(String script) {
    return runs.missingImports(script);
  }

  @Override
  public List<String> installMissingImports(String script) {
    return runs.installMissingImports(script);
  }

  @Override
  public PyWorker exposeAll(String name, List<? extends Type> parameters, FnAll function) {
    expose(List.of(ExposedFunction.of(name, parameters, function)));
    return this;
  }

  @Override
  public PyWorker expose(Object handlers) {
    expose(ExposedMethods.of(handlers));
    return this;
  }

  private void expose(List<ExposedFunction> functions) {
    if (life.settings().isSyncMainOnly()) {
      throw new IllegalStateException(
          "a sync_main_only worker cannot call Java, so nothing can be exposed to it: worker="
              + name());
    }
    if (life.partsIfCallable() != null
        || !life.beforeStart().defer(() -> exposeDeferred(functions))) {
      exposeNow(functions);
    }
  }

  /** Its failure is the start's, which {@code ready} tells, or nobody's. */
  private void exposeDeferred(List<ExposedFunction> functions) {
    try {
      exposeNow(functions);
    } catch (RuntimeException e) {
      life.onHandlerError("expose", e);
    }
  }

  private void exposeNow(List<ExposedFunction> functions) {
    WorkerParts parts = life.parts();
    Exposure exposure = new Exposure(parts.codec());
    functions.forEach(function -> exposure.expose(parts.engine(), function));
  }

  @Override
  public void interrupt() {
    WorkerParts parts = life.partsIfMade();
    if (parts != null && life.state() != WorkerState.ENDED) {
      parts.interrupt();
    }
  }

  @Override
  public void terminate() {
    life.terminate();
  }

  @Override
  public void close() {
    life.close();
  }

  @Override
  public CompletableFuture<ExitStatus> onExit() {
    return life.exit.copy();
  }

  @Override
  public WorkerStatistics statistics() {
    WorkerParts parts = life.partsIfMade();
    return new WorkerStatistics(
        name(),
        state(),
        Duration.ofNanos(System.nanoTime() - createdNanos),
        parts == null ? NO_CALLS : parts.engine().statistics(),
        life.output.stdoutLines(),
        life.output.stderrLines());
  }

  WorkerSummary summary() {
    Map<String, @Nullable Object> told = life.description();
    return new WorkerSummary(
        name(),
        state(),
        pid(),
        told == null ? List.of() : exports(told),
        statistics().calls().served());
  }

  @Override
  public WorkerDescription describe() {
    Map<String, @Nullable Object> told = life.description();
    if (told == null) {
      throw new IllegalStateException(
          "the worker is not ready yet: worker=" + name() + ", state=" + state());
    }
    return new WorkerDescription(
        name(),
        pid(),
        text(told, "python"),
        text(told, "implementation"),
        text(told, "executable"),
        text(told, "accelerator"),
        exports(told),
        life.settings().segmentKind,
        life.settings().laneCapacityBytes(),
        life.settings().isSyncMainOnly(),
        told);
  }

  private static String text(Map<String, @Nullable Object> told, String key) {
    return told.get(key) instanceof String text ? text : "";
  }

  private static List<String> exports(Map<String, @Nullable Object> told) {
    return told.get("exports") instanceof List<?> names
        ? names.stream().map(String::valueOf).toList()
        : List.of();
  }

  @Override
  public String dumpStacks() {
    WorkerParts parts = life.parts();
    CallEngine engine = parts.engine();
    long deadlineNanos = System.nanoTime() + STACKS_DEADLINE.toNanos();
    try {
      return String.valueOf(
          engine.builtin("stacks", parts.codec().typeOf(String.class), ANSWER_NANOS));
    } catch (CallTimeoutException busy) {
      // Nobody there reads the lane: user code runs, or holds the interpreter's lock in C.
      return parts
          .process()
          .stacks(deadlineNanos)
          .orElseThrow(
              () ->
                  new CallTimeoutException(
                      "the worker tells no stacks: worker="
                          + name()
                          + ", waited="
                          + STACKS_DEADLINE.toMillis()
                          + " ms; is its process stopped?"));
    }
  }

  @Override
  public String toString() {
    return "worker " + name() + " (" + state() + ", pid " + pid() + ")";
  }
}
