package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.ValueType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Calls through one worker's engine, with one deadline or none. */
final class EngineSync implements Sync {
  private final WorkerLife life;
  private final long timeoutNanos;
  private final Names names;

  /** What is resolved once per worker: types, and names as they are on the wire. */
  private static final class Names {
    /** Names may come from anywhere; these many are remembered. */
    static final int MAX_REMEMBERED = 4096;

    final ConcurrentHashMap<String, EncodedName> encoded = new ConcurrentHashMap<>();
    final ConcurrentHashMap<Type, ValueType> types = new ConcurrentHashMap<>();
  }

  EngineSync(WorkerLife life) {
    this(life, 0, new Names());
  }

  private EngineSync(WorkerLife life, long timeoutNanos, Names names) {
    this.life = life;
    this.timeoutNanos = timeoutNanos;
    this.names = names;
  }

  /** A call's arguments, taken apart. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Arguments(@Nullable Object[] positional, Map<String, @Nullable Object> keywords) {
    @SuppressWarnings("NullAway") // call("f", X.class, null) passes no array at all.
    static Arguments of(@Nullable Object[] given) {
      if (given == null) {
        return new Arguments(new @Nullable Object[] {null}, Map.of());
      }
      int last = given.length - 1;
      if (last >= 0 && given[last] instanceof Kwargs kwargs) {
        return new Arguments(Arrays.copyOf(given, last), kwargs.asMap());
      }
      return new Arguments(given, Map.of());
    }
  }

  private EncodedName encoded(CallEngine engine, String name) {
    EncodedName known = names.encoded.get(name);
    if (known != null) {
      return known;
    }
    EncodedName made = engine.name(name);
    if (names.encoded.size() < Names.MAX_REMEMBERED) {
      names.encoded.put(name, made);
    }
    return made;
  }

  private ValueType type(Type type) {
    ValueType known = names.types.get(type);
    if (known != null) {
      return known;
    }
    ValueType made = life.parts().codec().typeOf(isVoid(type) ? Object.class : type);
    if (names.types.size() < Names.MAX_REMEMBERED) {
      names.types.put(type, made);
    }
    return made;
  }

  static boolean isVoid(Type type) {
    return type == void.class || type == Void.class;
  }

  @Nullable Object callTyped(String name, Type type, @Nullable Object[] given) {
    WorkerParts parts = life.partsIfCallable();
    return parts == null
        ? callBeforeStart(name, type, given)
        : callTyped(parts, name, type, given, timeoutNanos);
  }

  private @Nullable Object callTyped(
      WorkerParts parts, String name, Type type, @Nullable Object[] given, long withinNanos) {
    CallEngine engine = parts.engine();
    Arguments arguments = Arguments.of(given);
    Object result =
        engine.call(
            encoded(engine, name),
            type(type),
            arguments.positional,
            arguments.keywords,
            withinNanos);
    return isVoid(type) ? null : result;
  }

  /** Waits for the worker to be prepared; its time counts, too. */
  private @Nullable Object callBeforeStart(String name, Type type, @Nullable Object[] given) {
    long begunNanos = System.nanoTime();
    WorkerParts parts = life.partsBeforeStart(name, timeoutNanos);
    return callTyped(parts, name, type, given, BeforeStart.leftNanos(timeoutNanos, begunNanos));
  }

  CompletableFuture<@Nullable Object> callTypedAsync(
      String name, Type type, @Nullable Object[] given) {
    CompletableFuture<@Nullable Object> later =
        life.partsIfCallable() != null
            ? null
            : life.beforeStart()
                .later(name, timeoutNanos, () -> callTypedAsyncNow(name, type, given));
    return later == null ? callTypedAsyncNow(name, type, given) : later;
  }

  private CompletableFuture<@Nullable Object> callTypedAsyncNow(
      String name, Type type, @Nullable Object[] given) {
    try {
      CallEngine engine = life.parts().engine();
      Arguments arguments = Arguments.of(given);
      CompletableFuture<@Nullable Object> future =
          engine.callAsync(
              encoded(engine, name),
              type(type),
              arguments.positional,
              arguments.keywords,
              timeoutNanos);
      return isVoid(type) ? FollowingFuture.withoutValue(future) : future;
    } catch (LockstepException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway"})
  public <T extends @Nullable Object> T call(
      String name, Class<T> type, @Nullable Object... arguments) {
    return (T) callTyped(name, type, arguments);
  }

  @Override
  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  public <T extends @Nullable Object> T call(
      String name, Type type, @Nullable Object... arguments) {
    return (T) callTyped(name, type, arguments);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String name, Class<T> type, @Nullable Object... arguments) {
    return (CompletableFuture<T>) callTypedAsync(name, type, arguments);
  }

  @Override
  @SuppressWarnings("unchecked")
  public <T extends @Nullable Object> CompletableFuture<T> callAsync(
      String name, Type type, @Nullable Object... arguments) {
    return (CompletableFuture<T>) callTypedAsync(name, type, arguments);
  }

  @Override
  public void notify(String name, @Nullable Object... given) {
    if (life.partsIfCallable() != null
        || !life.beforeStart().defer(() -> notifyDeferred(name, given))) {
      notifyNow(name, given);
    }
  }

  /** Nobody waits for it: that the worker did not start is told by its {@code ready}. */
  private void notifyDeferred(String name, @Nullable Object[] given) {
    try {
      notifyNow(name, given);
    } catch (RuntimeException e) {
      life.onHandlerError(name, e);
    }
  }

  private void notifyNow(String name, @Nullable Object[] given) {
    CallEngine engine = life.parts().engine();
    Arguments arguments = Arguments.of(given);
    engine.notify(encoded(engine, name), arguments.positional, arguments.keywords);
  }

  @Override
  public Sync within(Duration deadline) {
    return new EngineSync(life, nanosOf(deadline), names);
  }

  /** A deadline as an engine takes it; one that is too long for a long is one of centuries. */
  static long nanosOf(Duration deadline) {
    if (deadline.isNegative() || deadline.isZero()) {
      throw new IllegalArgumentException("a deadline must be positive: deadline=" + deadline);
    }
    try {
      return deadline.toNanos();
    } catch (ArithmeticException tooLong) {
      return Long.MAX_VALUE / 2;
    }
  }

  @Override
  public <T> T as(Class<T> api) {
    return InterfaceFacade.make(api, this, life);
  }
}
