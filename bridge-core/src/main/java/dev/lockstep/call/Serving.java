package dev.lockstep.call;

import dev.lockstep.channel.ChannelClosedException;
import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.NameTable;
import dev.lockstep.codec.ValueException;
import dev.lockstep.codec.ValueType;
import dev.lockstep.codec.WrongArityException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the peer's calls and answers them. Any thread; which one is {@link LaneReader}'s choice.
 *
 * <p>Whatever a handler throws is an answer, errors of the JVM included: the thread that serves
 * lives on.
 */
final class Serving {
  private static final String FLUSH = "flush";
  private static final String EXPORTS = "exports";

  private final CallEngine engine;
  private final CallSettings settings;
  private final Outgoing outgoing;
  private final Counters counters;
  private final NameTable<Export> exports = new NameTable<>();
  private final NameTable<Export> builtins = new NameTable<>();
  private final @Nullable Executor engineNotifications;

  /** Calls that a CANCEL can reach: queued ones, and those whose stage is not complete. */
  private final ConcurrentHashMap<Long, InboundCall> cancellable = new ConcurrentHashMap<>();

  /** Calls whose stage is not complete: they occupy no thread, so nothing else bounds them. */
  private final AtomicInteger openStages = new AtomicInteger();

  Serving(CallEngine engine, CallSettings settings, Outgoing outgoing, Counters counters) {
    this.engine = engine;
    this.settings = settings;
    this.outgoing = outgoing;
    this.counters = counters;
    Executor executor = settings.handlerExecutor();
    this.engineNotifications = executor == null ? null : new SerialExecutor(executor);
  }

  void expose(Export export) {
    exports.put(export.name(), export);
  }

  void exposeBuiltin(Export export) {
    builtins.put(export.name(), export);
  }

  @Nullable Executor notificationsOn(@Nullable Executor executor) {
    return executor == null ? engineNotifications : new SerialExecutor(executor);
  }

  List<String> exposed() {
    List<String> names = new ArrayList<>(exports.names());
    Collections.sort(names);
    return names;
  }

  @Nullable Export find(CallReader reader, boolean builtin) {
    return reader.nameIn(builtin ? builtins : exports);
  }

  // --- calls that wait for their turn

  void queued(InboundCall call) {
    if (!call.isNotification()) {
      cancellable.put(call.id, call);
    }
  }

  /**
   * The peer no longer waits for this call of its own. The call if its stage is still to be
   * cancelled, where user code may run.
   */
  @Nullable InboundCall cancel(long callId) {
    InboundCall call = cancellable.remove(callId);
    if (call == null) {
      return null;
    }
    call.cancelled = true;
    return call.stage == null ? null : call;
  }

  /** Throws nothing: a stage may refuse. */
  void cancelStage(InboundCall call) {
    Future<?> stage = call.stage;
    try {
      if (stage != null) {
        stage.cancel(true);
      }
    } catch (Throwable refused) {
      engine.handlerFailed(call.name, refused);
    }
  }

  List<InboundCall> waitingCalls() {
    return new ArrayList<>(cancellable.values());
  }

  // --- running

  /** Runs one call or notification on this thread and answers it. Throws nothing. */
  void run(InboundCall call, boolean nested) {
    if (!cancellable.isEmpty()) {
      cancellable.remove(call.id);
    }
    if (call.cancelled) {
      return;
    }
    counters.serving.incrementAndGet();
    boolean goesOn = false;
    try {
      if (call.isNotification()) {
        runNotification(call);
      } else {
        goesOn = runCall(call);
        if (nested) {
          counters.servedNested.increment();
        }
      }
    } finally {
      if (!goesOn) {
        counters.serving.decrementAndGet();
      }
    }
  }

  private void runNotification(InboundCall call) {
    try {
      if (call.isBuiltin() && call.export == null) {
        settings.listener().onBuiltinNotify(call.name, read(call, null).positional);
      } else {
        invoke(call);
      }
    } catch (Throwable thrown) {
      engine.handlerFailed(nameOf(call), thrown);
    } finally {
      NotificationOrder.Group group = call.group;
      if (group != null) {
        group.handled();
      }
    }
  }

  private static String nameOf(InboundCall call) {
    return call.isBuiltin() ? Listener.BUILTIN + call.name : call.name;
  }

  /** True if the answer comes later, from a stage. */
  private boolean runCall(InboundCall call) {
    Object result;
    try {
      result = call.isBuiltin() && call.export == null ? builtin(call) : invoke(call);
    } catch (Refused refused) {
      counters.refused.increment();
      answerError(call, refused.error);
      return false;
    } catch (Throwable thrown) {
      answerError(call, describe(ErrorKind.EXCEPTION, thrown));
      return false;
    }
    if (result instanceof CompletionStage<?> stage) {
      return await(call, stage);
    }
    answer(call, result);
    return false;
  }

  private @Nullable Object invoke(InboundCall call) throws Throwable {
    Export export = call.export;
    if (export == null) {
      throw new Refused(notExported(call.name));
    }
    if (!call.isNotification() && export.returnsStages().get()) {
      requireRoomForStage(call);
    }
    ThreadState state = settings.contexts().state();
    CallContext context =
        new CallContext(
            engine, settings.name(), call.id, call.depth, call.name, call.parentContext);
    CallContext before = state.enter(context);
    try {
      Arguments arguments;
      try {
        arguments = read(call, export.parameters());
      } catch (ValueException doesNotFit) {
        throw new Refused(
            describe(ErrorKind.WRONG_ARGUMENTS, doesNotFit).withPath(doesNotFit.path()));
      } catch (WrongArityException wrongNumber) {
        throw new Refused(describe(ErrorKind.WRONG_ARGUMENTS, wrongNumber));
      } catch (MalformedValueException malformed) {
        engine.malformed(malformed);
        throw malformed;
      }
      return export.handler().call(arguments.positional, arguments.keywords);
    } catch (WrongArgumentsSignal refused) {
      throw new Refused(describe(ErrorKind.WRONG_ARGUMENTS, refused));
    } finally {
      state.leave(before);
    }
  }

  private @Nullable Object builtin(InboundCall call) throws Exception {
    if (call.name.equals(EXPORTS)) {
      return exposed();
    }
    Listener above = settings.listener();
    if (!above.hasBuiltin(call.name)) {
      throw new Refused(notExported(call.name));
    }
    return above.onBuiltinCall(call.name, read(call, null).positional);
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Arguments(@Nullable Object[] positional, Map<String, @Nullable Object> keywords) {}

  /** The arguments, as the types or, without any, as what they are by themselves. */
  private Arguments read(InboundCall call, ValueType @Nullable [] types) {
    ThreadState state = settings.contexts().state();
    CallReader reader = state.takeReader(settings.codec());
    try {
      reader.begin(call.payload, 0, call.payload.length, LaneReader.hasKeywords(call.flags));
      @Nullable Object[] positional = types == null ? reader.arguments() : reader.arguments(types);
      return new Arguments(positional, reader.keywords());
    } finally {
      state.giveBack(reader);
    }
  }

  /** Only what is known to need room: a plain call may be what the open stages wait for. */
  private void requireRoomForStage(InboundCall call) {
    int open = openStages.get();
    if (open >= settings.limits().maxQueued()) {
      throw new Refused(
          ErrorDescription.of(
              ErrorKind.QUEUE_FULL,
              "dev.lockstep.QueueFullException",
              "too many calls are unanswered here: name="
                  + call.name
                  + ", maxQueued="
                  + settings.limits().maxQueued()
                  + ", unanswered="
                  + open));
    }
  }

  /** Answers when the stage completes; no thread waits for it. */
  private boolean await(InboundCall call, CompletionStage<?> stage) {
    Export export = call.export;
    if (export != null) {
      export.returnsStages().set(true);
    }
    if (stage instanceof Future<?> future) {
      call.stage = future;
    }
    cancellable.put(call.id, call);
    openStages.incrementAndGet();
    try {
      stage.whenComplete((result, thrown) -> completed(call, result, thrown));
      return true;
    } catch (Throwable broken) {
      openStages.decrementAndGet();
      cancellable.remove(call.id);
      answerError(call, describe(ErrorKind.EXCEPTION, broken));
      return false;
    }
  }

  private void completed(InboundCall call, @Nullable Object result, @Nullable Throwable thrown) {
    counters.serving.decrementAndGet();
    openStages.decrementAndGet();
    boolean wanted = cancellable.remove(call.id) != null;
    if (!wanted || call.cancelled) {
      return;
    }
    if (thrown == null) {
      answer(call, result);
    } else {
      answerError(call, describe(ErrorKind.EXCEPTION, unwrapped(thrown)));
    }
  }

  /** Dependent stages wrap what their source threw. */
  private static Throwable unwrapped(Throwable thrown) {
    Throwable cause = thrown.getCause();
    boolean wrapper =
        thrown instanceof java.util.concurrent.CompletionException
            || thrown instanceof java.util.concurrent.ExecutionException;
    return wrapper && cause != null ? cause : thrown;
  }

  // --- answering

  /** A call whose function is answered elsewhere: {@code flush}, after all notified before it. */
  void answer(InboundCall call, @Nullable Object result) {
    try {
      counters.served.increment();
      outgoing.reply(call.id, result);
    } catch (Throwable failed) {
      answerFailed(call, failed);
    }
  }

  void refuse(InboundCall call, ErrorDescription error) {
    counters.refused.increment();
    if (call.isNotification()) {
      engine.handlerFailed(nameOf(call), new IllegalStateException(error.message()));
      NotificationOrder.Group group = call.group;
      if (group != null) {
        group.handled();
      }
      return;
    }
    answerError(call, error);
  }

  private void answerError(InboundCall call, ErrorDescription error) {
    try {
      counters.served.increment();
      outgoing.replyError(call.id, error);
    } catch (Throwable failed) {
      answerFailed(call, failed);
    }
  }

  private void answerFailed(InboundCall call, Throwable failed) {
    if (failed instanceof ChannelClosedException) {
      return;
    }
    engine.sendFailed(call.name, failed);
  }

  boolean isFlush(InboundCall call) {
    return call.isBuiltin() && !call.isNotification() && call.name.equals(FLUSH);
  }

  private ErrorDescription notExported(String name) {
    List<String> names = exposed();
    return ErrorDescription.of(
            ErrorKind.NOT_EXPORTED,
            "dev.lockstep.NotExportedException",
            "no function of this name is exposed: name=" + name + ", exposed=" + names)
        .withExports(names);
  }

  /** Describing may itself run out of memory or stack. */
  private static ErrorDescription describe(ErrorKind kind, Throwable thrown) {
    try {
      return ErrorEncoder.describe(kind, thrown);
    } catch (Throwable again) {
      return ErrorDescription.of(kind, thrown.getClass().getName(), "");
    }
  }

  /** An answer that is an error and was not thrown by a handler. */
  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final transient ErrorDescription error;

    Refused(ErrorDescription error) {
      super(error.message(), null, false, false);
      this.error = error;
    }
  }
}
