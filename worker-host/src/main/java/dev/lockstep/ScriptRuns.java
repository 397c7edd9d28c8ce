package dev.lockstep;

import dev.lockstep.codec.ValueType;
import java.lang.reflect.Type;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs scripts in one worker: calls of the protocol's own functions that every worker has. */
final class ScriptRuns {
  private static final String RUN = "run";
  private static final String MISSING_IMPORTS = "missing_imports";
  private static final long NO_OUTPUT = 0;

  private final WorkerLife life;
  private final MissingImports missing;

  ScriptRuns(WorkerLife life) {
    this.life = life;
    this.missing = new MissingImports(life, this);
  }

  @Nullable Object run(Script script, Type type) {
    if (script.installsMissingImports()) {
      missing.install(script.text());
    }
    long begunNanos = System.nanoTime();
    WorkerParts callable = life.partsIfCallable();
    WorkerParts parts =
        callable != null ? callable : life.partsBeforeStart(RUN, script.timeoutNanos());
    long timeoutNanos =
        callable != null
            ? script.timeoutNanos()
            : BeforeStart.leftNanos(script.timeoutNanos(), begunNanos);
    long output = registerOutput(script);
    try {
      Object result =
          parts
              .engine()
              .callBuiltin(
                  parts.engine().name(RUN),
                  valueType(parts, type),
                  arguments(script),
                  keywords(script, output),
                  timeoutNanos);
      return EngineSync.isVoid(type) ? null : result;
    } finally {
      if (output != NO_OUTPUT) {
        life.output.forget(output);
      } else if (hasConsumer()) {
        outputRead(parts).join();
      }
    }
  }

  CompletableFuture<@Nullable Object> runAsync(Script script, Type type) {
    return script.installsMissingImports()
        ? missing.installAsync(script.text(), () -> runAsyncAsItIs(script, type))
        : runAsyncAsItIs(script, type);
  }

  private CompletableFuture<@Nullable Object> runAsyncAsItIs(Script script, Type type) {
    CompletableFuture<@Nullable Object> later =
        life.partsIfCallable() != null
            ? null
            : life.beforeStart().later(RUN, script.timeoutNanos(), () -> runAsyncNow(script, type));
    return later == null ? runAsyncNow(script, type) : later;
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Whatever it completes with, the run is over.
  private CompletableFuture<@Nullable Object> runAsyncNow(Script script, Type type) {
    long output = NO_OUTPUT;
    CompletableFuture<@Nullable Object> future;
    try {
      WorkerParts parts = life.parts();
      output = registerOutput(script);
      long registered = output;
      future =
          parts
              .engine()
              .callBuiltinAsync(
                  parts.engine().name(RUN),
                  valueType(parts, type),
                  arguments(script),
                  keywords(script, output),
                  script.timeoutNanos());
      if (output != NO_OUTPUT) {
        future.whenComplete((value, failure) -> life.output.forget(registered));
      } else if (hasConsumer()) {
        future = FollowingFuture.ofRun(future, () -> outputRead(parts));
      }
    } catch (LockstepException e) {
      life.output.forget(output);
      return CompletableFuture.failedFuture(e);
    }
    return EngineSync.isVoid(type) ? FollowingFuture.withoutValue(future) : future;
  }

  List<String> missingImports(String text) {
    WorkerParts parts = life.parts();
    Object names =
        parts
            .engine()
            .callBuiltin(
                parts.engine().name(MISSING_IMPORTS),
                parts.codec().typeOf(Object.class),
                new @Nullable Object[] {text},
                Map.of(),
                0);
    return names instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }

  List<String> installMissingImports(String text) {
    return missing.install(text);
  }

  private long registerOutput(Script script) {
    Consumer<? super OutputLine> consumer = script.outputConsumer();
    if (consumer == null) {
      return NO_OUTPUT;
    }
    if (life.settings().isSyncMainOnly()) {
      throw new IllegalArgumentException(
          "a sync_main_only worker cannot say which run wrote what, so a run has no output of its"
              + " own; use onOutput of the builder: worker="
              + life.name());
    }
    return life.output.register(consumer);
  }

  private boolean hasConsumer() {
    return life.settings().outputConsumer != null;
  }

  /** Completes when all that the worker has written until now was delivered. */
  private static CompletableFuture<Void> outputRead(WorkerParts parts) {
    return parts.afterOutput(() -> {});
  }

  private static ValueType valueType(WorkerParts parts, Type type) {
    return parts.codec().typeOf(EngineSync.isVoid(type) ? Object.class : type);
  }

  private static @Nullable Object[] arguments(Script script) {
    return new @Nullable Object[] {script.text(), script.context()};
  }

  private static Map<String, @Nullable Object> keywords(Script script, long output) {
    Map<String, @Nullable Object> keywords = new HashMap<>();
    if (!script.file().isEmpty()) {
      keywords.put("file", script.file());
    }
    if (output != NO_OUTPUT) {
      keywords.put("output", output);
    }
    return keywords;
  }
}
