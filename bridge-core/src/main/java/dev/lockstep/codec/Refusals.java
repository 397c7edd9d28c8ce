package dev.lockstep.codec;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Proxy;
import java.nio.Buffer;
import java.nio.channels.Channel;
import java.time.OffsetTime;
import java.util.Calendar;
import java.util.Date;
import java.util.Iterator;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.locks.Lock;
import java.util.stream.BaseStream;
import org.jspecify.annotations.Nullable;

/** Classes that are never data, and why. */
final class Refusals {
  private Refusals() {}

  /** Why instances of a class cannot cross, or null if that is not known from the class alone. */
  static @Nullable String reason(Class<?> type) {
    if (Throwable.class.isAssignableFrom(type)) {
      return "an exception is not data: throw it instead";
    }
    if (type.isHidden() || type.isSynthetic()) {
      return "a function cannot cross";
    }
    if (Proxy.isProxyClass(type)) {
      return "a proxy cannot cross";
    }
    if (is(type, Thread.class, ThreadGroup.class, Executor.class, Lock.class, ClassLoader.class)) {
      return "a thread, executor, lock or class loader cannot cross";
    }
    if (is(
        type, InputStream.class, OutputStream.class, Reader.class, Writer.class, Channel.class)) {
      return "an open stream or channel cannot cross";
    }
    if (is(type, BaseStream.class, Iterator.class, Iterable.class)) {
      return "a stream or iterator cannot cross: collect it first";
    }
    if (is(type, Future.class, CompletionStage.class)) {
      return "a future cannot cross: join it first";
    }
    if (AnnotatedElement.class.isAssignableFrom(type)) {
      return "a class or member cannot cross";
    }
    if (Buffer.class.isAssignableFrom(type)) {
      return "of buffers only ByteBuffer crosses: use an array or NdArray";
    }
    if (type == OffsetTime.class) {
      return "a time of day with a zone cannot cross";
    }
    if (Calendar.class.isAssignableFrom(type) || Date.class.isAssignableFrom(type)) {
      return "of the old date classes only java.util.Date itself crosses: use java.time";
    }
    return null;
  }

  private static boolean is(Class<?> type, Class<?>... bases) {
    for (Class<?> base : bases) {
      if (base.isAssignableFrom(type)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a class is the JDK's: its getters are not properties of data. */
  static boolean isJdk(Class<?> type) {
    ClassLoader loader = type.getClassLoader();
    return loader == null || loader == ClassLoader.getPlatformClassLoader();
  }
}
