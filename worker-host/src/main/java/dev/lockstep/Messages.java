package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.codec.ValueType;
import java.lang.reflect.Type;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What one worker is posted and posts: values that nobody waits for, in order. */
final class Messages {
  /** The protocol's name of both directions. */
  static final String NAME = "message";

  private final String worker;
  private final int maxUnhandled;
  private final WorkerErrors errors;
  private final AtomicInteger unhandled = new AtomicInteger();
  private final AtomicBoolean saidThatNobodyListens = new AtomicBoolean();

  Messages(String worker, WorkerSettings settings, WorkerErrors errors) {
    this.worker = worker;
    // The other half of what may be in flight is left to calls.
    this.maxUnhandled = Math.max(1, settings.limits().maxQueued() / 2);
    this.errors = errors;
  }

  /** Who takes the worker's messages. */
  record Listener(Type type, Consumer<? super @Nullable Object> consumer) {}

  static void listen(WorkerSettings settings, WorkerParts parts) {
    Listener listener = settings.messageListener;
    if (listener != null) {
      parts
          .engine()
          .exposeBuiltin(
              NAME,
              new ValueType[] {parts.codec().typeOf(listener.type)},
              (arguments, keywords) -> {
                listener.consumer.accept(arguments[0]);
                return null;
              });
    }
  }

  /** A message came, and there is no listener. */
  void nobodyListens() {
    if (saidThatNobodyListens.compareAndSet(false, true)) {
      errors.tell(
          WorkerError.Source.MESSAGE,
          NAME,
          new IllegalStateException(
              "the worker posts messages and nobody takes them: worker="
                  + worker
                  + "; give its builder an onMessage (this is said once)"));
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // Failures are told below.
  void post(WorkerParts parts, @Nullable Object message) {
    if (unhandled.incrementAndGet() > maxUnhandled) {
      unhandled.decrementAndGet();
      throw new QueueFullException(
          "too many messages wait for the worker: worker="
              + worker
              + ", unhandled="
              + maxUnhandled
              + ", limit="
              + maxUnhandled
              + "; post fewer, or call a function and wait for its answer");
    }
    CallEngine engine = parts.engine();
    boolean sent = false;
    try {
      engine
          .postBuiltin(engine.name(NAME), parts.codec().typeOf(Object.class), message)
          .whenComplete((nothing, failure) -> handled(failure));
      sent = true;
    } finally {
      if (!sent) {
        unhandled.decrementAndGet();
      }
    }
  }

  private void handled(@Nullable Throwable failure) {
    unhandled.decrementAndGet();
    // Its death is told to whoever asks for it, once and not for each message.
    if (failure != null && !(failure instanceof WorkerDiedException)) {
      errors.tell(WorkerError.Source.MESSAGE, NAME, failure);
    }
  }
}
