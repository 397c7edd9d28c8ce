package dev.lockstep.call;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/** What one thread keeps between calls. Used by that thread only. */
final class ThreadState {
  /** {@code Thread.isVirtual}; null before JDK 21. */
  private static final @Nullable MethodHandle IS_VIRTUAL = findIsVirtual();

  private final boolean virtual = isVirtual(Thread.currentThread());
  private @Nullable CallContext context;

  boolean virtual() {
    return virtual;
  }

  @Nullable CallContext context() {
    return context;
  }

  /** Sets the context, and returns what {@link #leave} must restore. */
  @Nullable CallContext enter(@Nullable CallContext next) {
    CallContext before = context;
    context = next;
    return before;
  }

  void leave(@Nullable CallContext before) {
    context = before;
  }

  private static @Nullable MethodHandle findIsVirtual() {
    try {
      return MethodHandles.publicLookup()
          .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
    } catch (NoSuchMethodException | IllegalAccessException before21) {
      return null;
    }
  }

  private static boolean isVirtual(Thread thread) {
    if (IS_VIRTUAL == null) {
      return false;
    }
    try {
      return (boolean) IS_VIRTUAL.invokeExact(thread);
    } catch (Throwable impossible) {
      return false;
    }
  }
}
