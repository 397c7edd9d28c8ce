package dev.lockstep;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of an object that are marked {@link Exposed}, as functions. */
final class ExposedMethods {
  private ExposedMethods() {}

  static List<ExposedFunction> of(Object handlers) {
    Map<String, ExposedFunction> found = new LinkedHashMap<>();
    Map<String, Method> methods = new LinkedHashMap<>();
    for (Method method : handlers.getClass().getMethods()) {
      Exposed mark = markOf(method);
      if (mark == null || method.isBridge()) {
        continue;
      }
      String name = mark.value().isEmpty() ? method.getName() : mark.value();
      Method other = methods.put(name, method);
      if (other != null) {
        throw new IllegalArgumentException(
            "two methods are exposed by one name: name="
                + name
                + ", methods="
                + List.of(other, method));
      }
      found.put(name, function(name, mark, handlers, method));
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "no public method is marked @Exposed: class=" + handlers.getClass().getName());
    }
    return List.copyOf(found.values());
  }

  private static @Nullable Exposed markOf(Method method) {
    Exposed own = method.getAnnotation(Exposed.class);
    if (own != null) {
      return own;
    }
    for (Class<?> type = method.getDeclaringClass(); type != null; type = type.getSuperclass()) {
      for (Class<?> api : type.getInterfaces()) {
        try {
          Exposed mark =
              api.getMethod(method.getName(), method.getParameterTypes())
                  .getAnnotation(Exposed.class);
          if (mark != null) {
            return mark;
          }
        } catch (NoSuchMethodException e) {
          // Another interface may have it.
        }
      }
    }
    return null;
  }

  private static ExposedFunction function(
      String name, Exposed mark, Object handlers, Method method) {
    MethodHandle handle;
    try {
      // A public method of a class that is not public is reached if its package is open to us.
      if (!method.canAccess(Modifier.isStatic(method.getModifiers()) ? null : handlers)) {
        method.setAccessible(true);
      }
      handle = MethodHandles.lookup().unreflect(method);
    } catch (IllegalAccessException | RuntimeException e) {
      throw new IllegalArgumentException(
          "an exposed method cannot be called: method="
              + method
              + "; make its class public and export its package",
          e);
    }
    if (!Modifier.isStatic(method.getModifiers())) {
      handle = handle.bindTo(handlers);
    }
    MethodHandle spread =
        handle
            .asFixedArity()
            .asType(handle.type().generic())
            .asSpreader(Object[].class, method.getParameterCount());
    Type[] types = method.getGenericParameterTypes();
    return ExposedFunction.of(
        name, Arrays.asList(types), names(mark, method), at -> invoke(spread, at));
  }

  private static @Nullable Object invoke(MethodHandle spread, @Nullable Object[] arguments)
      throws Exception {
    try {
      return (Object) spread.invokeExact(arguments);
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new LockstepException("an exposed method threw what is neither exception nor error", e);
    }
  }

  private static List<String> names(Exposed mark, Method method) {
    if (mark.parameters().length > 0) {
      return List.of(mark.parameters());
    }
    List<String> names = new ArrayList<>();
    for (Parameter parameter : method.getParameters()) {
      if (!parameter.isNamePresent()) {
        return List.of();
      }
      names.add(parameter.getName());
    }
    return names;
  }
}
