package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.codec.EncodedName;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Runs scripts in one worker: calls of the protocol's own functions that every worker has. */
final class ScriptRuns {
  private static final String RUN = "run";
  private static final String MISSING_IMPORTS = "missing_imports";

  private final WorkerLife life;

  ScriptRuns(WorkerLife life) {
    this.life = life;
  }

  @Nullable Object run(Script script, Type type) {
    WorkerParts parts = life.parts();
    Object result =
        parts
            .engine()
            .callBuiltin(
                name(parts.engine(), RUN),
                parts.codec().typeOf(EngineSync.isVoid(type) ? Object.class : type),
                arguments(script),
                keywords(script),
                script.timeoutNanos());
    return EngineSync.isVoid(type) ? null : result;
  }

  CompletableFuture<@Nullable Object> runAsync(Script script, Type type) {
    try {
      WorkerParts parts = life.parts();
      CompletableFuture<@Nullable Object> future =
          parts
              .engine()
              .callBuiltinAsync(
                  name(parts.engine(), RUN),
                  parts.codec().typeOf(EngineSync.isVoid(type) ? Object.class : type),
                  arguments(script),
                  keywords(script),
                  script.timeoutNanos());
      return EngineSync.isVoid(type) ? new EngineSync.VoidFuture(future) : future;
    } catch (LockstepException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  List<String> missingImports(String text) {
    WorkerParts parts = life.parts();
    Object names =
        parts
            .engine()
            .callBuiltin(
                name(parts.engine(), MISSING_IMPORTS),
                parts.codec().typeOf(Object.class),
                new @Nullable Object[] {text},
                Map.of(),
                0);
    return names instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }

  private static EncodedName name(CallEngine engine, String name) {
    return engine.name(name);
  }

  private static @Nullable Object[] arguments(Script script) {
    return new @Nullable Object[] {script.text(), script.context()};
  }

  private static Map<String, @Nullable Object> keywords(Script script) {
    return script.file().isEmpty() ? Map.of() : Map.of("file", script.file());
  }
}
