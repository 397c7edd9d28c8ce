package dev.lockstep;

import dev.lockstep.codec.ValueType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A Java interface whose methods are calls of a worker's exports. */
final class InterfaceFacade implements InvocationHandler {
  private static final Duration EXPORTS_DEADLINE = Duration.ofSeconds(30);

  private final EngineSync sync;
  private final WorkerLife life;
  private final Class<?> api;
  private final Map<Method, Bound> bound;

  /** What a method calls, and how. */
  private record Bound(String export, Type result, boolean isAsync) {}

  private InterfaceFacade(
      EngineSync sync, WorkerLife life, Class<?> api, Map<Method, Bound> bound) {
    this.sync = sync;
    this.life = life;
    this.api = api;
    this.bound = bound;
  }

  static <T> T make(Class<T> api, EngineSync sync, WorkerLife life) {
    if (!api.isInterface()) {
      throw new IllegalArgumentException("not an interface: class=" + api.getName());
    }
    Map<Method, Bound> bound = bind(api, exports(life), life.name());
    Object proxy =
        Proxy.newProxyInstance(
            api.getClassLoader(),
            new Class<?>[] {api},
            new InterfaceFacade(sync, life, api, bound));
    return api.cast(proxy);
  }

  /** Asks the worker: what it exports may have changed since it was ready. */
  private static List<String> exports(WorkerLife life) {
    try {
      new ReadyFuture<>(life.ready, life::isServingBootCall, life.name()).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LockstepException cause) {
        throw cause;
      }
      throw e;
    }
    WorkerParts parts = life.parts();
    ValueType strings = parts.codec().typeOf(String[].class);
    Object names = parts.engine().builtin("exports", strings, EXPORTS_DEADLINE.toNanos());
    return names == null ? List.of() : List.of((String[]) names);
  }

  private static Map<Method, Bound> bind(Class<?> api, List<String> exports, String worker) {
    Set<String> offered = new HashSet<>(exports);
    Map<Method, Bound> bound = new HashMap<>();
    Set<String> missing = new TreeSet<>();
    for (Method method : api.getMethods()) {
      if (!Modifier.isAbstract(method.getModifiers()) || isOfObject(method)) {
        continue;
      }
      String own = method.getName();
      String snake = snakeCase(own);
      if (!offered.contains(own) && !offered.contains(snake)) {
        missing.add(own.equals(snake) ? own : own + " (or " + snake + ")");
        continue;
      }
      bound.put(method, bound(offered.contains(own) ? own : snake, method.getGenericReturnType()));
    }
    if (!missing.isEmpty()) {
      throw new NotExportedException(
          "worker "
              + worker
              + " does not export what "
              + api.getName()
              + " asks for: missing="
              + missing
              + ", exports="
              + new TreeSet<>(offered),
          List.copyOf(new TreeSet<>(offered)));
    }
    return bound;
  }

  private static Bound bound(String export, Type result) {
    if (result == CompletableFuture.class || result == CompletionStage.class) {
      return new Bound(export, Object.class, true);
    }
    if (result instanceof ParameterizedType generic
        && (generic.getRawType() == CompletableFuture.class
            || generic.getRawType() == CompletionStage.class)) {
      return new Bound(export, generic.getActualTypeArguments()[0], true);
    }
    return new Bound(export, result, false);
  }

  /** {@code equals} and its like, which an interface may declare again. */
  private static boolean isOfObject(Method method) {
    try {
      Object.class.getMethod(method.getName(), method.getParameterTypes());
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  /** {@code findPrimes} as {@code find_primes}, {@code parseURL2} as {@code parse_url2}. */
  static String snakeCase(String camel) {
    return camel
        .replaceAll("([a-z0-9])([A-Z])", "$1_$2")
        .replaceAll("([A-Z]+)([A-Z][a-z])", "$1_$2")
        .toLowerCase(Locale.ROOT);
  }

  @Override
  public @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
    @Nullable Object[] given = arguments == null ? new @Nullable Object[0] : arguments;
    Bound target = bound.get(method);
    if (target != null) {
      return target.isAsync
          ? sync.callTypedAsync(target.export, target.result, given)
          : sync.callTyped(target.export, target.result, given);
    }
    if (method.isDefault()) {
      return InvocationHandler.invokeDefault(proxy, method, given);
    }
    return switch (method.getName()) {
      case "equals" -> given.length == 1 && proxy == given[0];
      case "hashCode" -> System.identityHashCode(proxy);
      default -> api.getSimpleName() + " of worker " + life.name();
    };
  }
}
