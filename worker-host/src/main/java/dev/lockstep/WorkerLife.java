package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.call.ErrorDescription;
import dev.lockstep.call.Listener;
import dev.lockstep.env.EnvironmentException;
import dev.lockstep.memory.SegmentException;
import dev.lockstep.os.OsException;
import dev.lockstep.os.Platform;
import dev.lockstep.process.WorkerProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One worker from its start to its end.
 *
 * <p>However it ends, its process's exit is what settles everything: the thread made for it reads
 * what the process left in lane and pipes, fails the calls in flight, gives memory and descriptors
 * back, and completes {@code onExit}. {@code close}, {@code terminate}, the start-up deadline, a
 * violated protocol and a lifeline that ended only bring the exit about, and leave the reason.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Completion is what matters; nothing fails unheard.
final class WorkerLife implements Listener {
  /** A process that exits lets go of its lifeline a moment before it is reaped. */
  private static final long EXIT_AFTER_LIFELINE_MILLIS = 100;

  private final String name;
  private final WorkerSettings settings;
  private final Services services;
  private final Runnable onEnded;
  private final System.Logger log;
  final WorkerOutput output;
  final Messages messages;
  private final WorkerBuiltins builtins;
  final CompletableFuture<WorkerLife> ready = new CompletableFuture<>();
  final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final EndableWork work = new EndableWork();
  private final Preparation preparation;
  private final BeforeStart beforeStart;
  private final AtomicReference<WorkerState> state = new AtomicReference<>(WorkerState.STARTING);
  private final AtomicReference<@Nullable String> reason = new AtomicReference<>();
  private final AtomicBoolean wasReady = new AtomicBoolean();
  private volatile @Nullable WorkerParts parts;

  /** The same from when they can be called with: what was asked before has been done by then. */
  private volatile @Nullable WorkerParts callable;

  private volatile @Nullable Thread starter;
  private volatile @Nullable Launch launch;
  private volatile @Nullable Future<?> startDeadline;
  private volatile @Nullable WorkerEnd end;

  /** The thread that tells of the end, while it does. */
  private volatile @Nullable Thread teller;

  private volatile @Nullable ErrorDescription fatal;
  private volatile @Nullable Throwable fault;
  private volatile @Nullable Map<String, @Nullable Object> description;

  WorkerLife(String name, WorkerSettings settings, Services services, Runnable onEnded) {
    this.name = name;
    this.settings = settings;
    this.services = services;
    this.onEnded = onEnded;
    this.log = System.getLogger("dev.lockstep.worker." + name);
    this.output = new WorkerOutput(settings, name);
    WorkerErrors errors = new WorkerErrors(name, settings.errorConsumer, log);
    this.messages = new Messages(name, settings, errors);
    this.builtins =
        new WorkerBuiltins(
            name, settings, output, errors, messages, new WorkerLogs(name, log), this::partsIfMade);
    this.beforeStart = new BeforeStart(new CallFailures(name), services.timer);
    this.preparation = new Preparation(settings, services, work);
  }

  // --- start

  /** Throws nothing: what goes wrong fails {@code ready}. */
  void start() {
    if (!preparation.takesTime()) {
      startHere();
      return;
    }
    try {
      Thread thread = Services.daemon(this::startHere);
      thread.setName("lockstep-prepare-" + name);
      thread.start();
    } catch (RuntimeException | Error e) {
      startFailed(e.toString(), e);
      openForCalls();
    }
  }

  private void startHere() {
    starter = Thread.currentThread();
    try {
      Platform.requireSupported();
      StartChecks.requireProc();
      StartChecks.requireScript(settings.source);
      Launch prepared = preparation.run();
      launch = prepared;
      WorkerParts made =
          new WorkerParts(
              name, settings, services, new CallFailures(name), this, prepared, services.shim());
      parts = made;
      beforeStart.open();
      callable = made;
      made.start(name, output, new Lifeline(this::attached, this::lifelineEnded));
      made.process().onExit().thenAccept(this::endOnOwnThread);
      startDeadline = later(settings.startTimeout().toMillis(), this::startDeadlinePassed);
    } catch (InterruptedException e) {
      String why = reason.get();
      startFailed(why == null ? "it was interrupted" : why, e);
    } catch (EnvironmentException
        | SegmentException
        | OsException
        | WorkerStartException
        | ConfigurationException
        | UnsupportedOperationException e) {
      startFailed(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      startFailed(
          "the process cannot be started: interpreter="
              + settings.interpreter()
              + ", workingDirectory="
              + settings.workingDirectory
              + ", error="
              + e.getMessage(),
          e);
    } catch (RuntimeException | Error e) {
      // An error, too: a thread that cannot be made must not leave a process that nobody ends.
      startFailed(e.toString(), e);
    } finally {
      openForCalls();
    }
  }

  /** Also after a failure: then whoever calls is told of it. */
  private void openForCalls() {
    try {
      beforeStart.open();
    } finally {
      starter = null;
      beforeStart.tried();
    }
  }

  private void startFailed(String message, Throwable cause) {
    WorkerEnd failed =
        new WorkerEnd("worker " + name + " did not start: " + message, false, null, null, cause);
    WorkerParts made = parts;
    if (made != null) {
      made.kill();
      made.engine().fail(failed);
      made.release();
    }
    ended(failed, ExitStatus.withoutProcess(message));
  }

  private void startDeadlinePassed() {
    if (state.get() == WorkerState.STARTING && !wasReady.get()) {
      kill(
          "it was not ready within its start-up deadline: startTimeout="
              + settings.startTimeout().toMillis()
              + " ms");
    }
  }

  private @Nullable Future<?> later(long delayMillis, Runnable task) {
    try {
      return services.timer.schedule(task, delayMillis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      return null; // Everything is closing already.
    }
  }

  /** What waits for its time holds this worker's memory. */
  private void cancelStartDeadline() {
    Future<?> deadline = startDeadline;
    if (deadline != null) {
      deadline.cancel(false);
    }
  }

  private void lifelineEnded() {
    later(
        EXIT_AFTER_LIFELINE_MILLIS,
        () ->
            kill(
                "it replaced itself by another program, or closed the descriptors that are not its"
                    + " own"));
  }

  private void attached() {
    WorkerParts made = parts;
    if (made != null) {
      made.attached();
    }
  }

  // --- what the engine tells

  @Override
  public void onReady(Map<String, @Nullable Object> told) {
    description = told;
    cancelStartDeadline();
    wasReady.set(true);
    attached();
    state.compareAndSet(WorkerState.STARTING, WorkerState.READY);
    // Elsewhere: this thread has calls to send that waited, and what depends on ready may block.
    ready.completeAsync(() -> this);
  }

  @Override
  public void onFatal(ErrorDescription error) {
    fatal = error;
    later(settings.grace.toMillis(), () -> kill("its script did not boot"));
  }

  @Override
  public void onBuiltinNotify(String builtin, @Nullable Object[] arguments) {
    builtins.notified(builtin, arguments);
  }

  @Override
  public boolean hasBuiltin(String builtin) {
    return builtins.answers(builtin);
  }

  @Override
  public @Nullable Object onBuiltinCall(String builtin, @Nullable Object[] arguments) {
    return builtins.call(builtin, arguments);
  }

  @Override
  public void onPeerFault(RuntimeException violation) {
    fault = violation;
    kill("it broke the protocol: " + violation.getMessage());
  }

  @Override
  public void onHandlerError(String function, Throwable error) {
    builtins.notificationFailed(function, error);
  }

  @Override
  public void onInterruptWanted(String function, long callId) {
    WorkerParts made = parts;
    if (made != null && state.get() != WorkerState.ENDED) {
      made.interrupt(callId);
    }
  }

  // --- end

  /** Ends the process at once. The first reason is the one that is told. */
  private void kill(String why) {
    WorkerParts made = parts;
    WorkerProcess process = made == null ? null : made.process();
    if (made != null && process != null && process.isAlive()) {
      reason.compareAndSet(null, why);
      made.kill();
    }
  }

  void terminate() {
    if (isTellingOfTheEnd()) {
      return;
    }
    reason.compareAndSet(null, "it was terminated");
    work.end();
    if (Thread.currentThread() == starter) {
      return; // Whoever is told of the progress: this thread would wait for itself.
    }
    beforeStart.awaitTried();
    WorkerParts made = parts;
    if (made == null || state.get() == WorkerState.ENDED) {
      return;
    }
    made.kill();
    made.engine().fail(endWith(null));
  }

  void close() {
    if (isTellingOfTheEnd()) {
      return;
    }
    if (parts == null) {
      reason.compareAndSet(null, "it was closed");
      work.end();
    }
    if (Thread.currentThread() == starter) {
      return; // As above.
    }
    beforeStart.awaitTried();
    WorkerParts made = parts;
    if (made == null || exit.isDone()) {
      return;
    }
    reason.compareAndSet(null, "it was closed");
    boolean boots = state.get() == WorkerState.STARTING;
    state.updateAndGet(now -> now == WorkerState.ENDED ? now : WorkerState.CLOSING);
    boolean interrupted = false;
    if (boots) {
      made.kill();
    } else {
      interrupted = closeInOrder(made);
    }
    while (true) {
      try {
        exit.get();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        made.kill();
      } catch (ExecutionException e) {
        break; // It never fails.
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** True if the thread was interrupted meanwhile: then there is no more grace. */
  private boolean closeInOrder(WorkerParts made) {
    CallEngine engine = made.engine();
    Duration grace = settings.grace;
    // Whatever happens: also if the worker never makes room in its lane for the message below.
    Future<?> lastResort = later(grace.toMillis() * 2, made::kill);
    engine.beginClose();
    try {
      engine.awaitIdle(grace);
      engine.notifyBuiltin("close");
      exit.get(grace.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      made.kill();
      return true;
    } catch (RuntimeException | ExecutionException | TimeoutException e) {
      // It ended meanwhile, or it takes too long.
    } finally {
      // What waits for its time holds this worker's memory.
      if (lastResort != null) {
        lastResort.cancel(false);
      }
    }
    made.kill();
    return false;
  }

  /**
   * Whether this thread tells of the end, in whatever depends on {@code ready} or is told of the
   * exit: all is given back by then, and it would wait for itself.
   */
  private boolean isTellingOfTheEnd() {
    return Thread.currentThread() == teller;
  }

  private void endOnOwnThread(int exitCode) {
    Thread thread = Services.daemon(() -> end(exitCode));
    thread.setName("lockstep-end-" + name);
    try {
      thread.start();
    } catch (OutOfMemoryError noThread) { // what the JDK throws at a limit of threads
      end(exitCode);
    }
  }

  private void end(int exitCode) {
    beforeStart.awaitTried();
    WorkerParts made = parts;
    if (made == null) {
      return;
    }
    try {
      made.awaitLaneRead();
      made.drainOutput().join();
    } catch (RuntimeException | Error unreadable) {
      // What it said last is lost; its end must not be.
      log.log(System.Logger.Level.WARNING, "what a worker said last is lost", unreadable);
    }
    ExitStatus status = ExitStatus.of(exitCode, output.lastErrorLines(), reason.get());
    WorkerEnd how = endWith(status);
    if (state.get() == WorkerState.CLOSING) {
      made.engine().close();
    } else {
      made.engine().fail(how);
    }
    tellOfLateWakeups(made);
    builtins.awaitTold();
    made.release();
    ended(how, status);
  }

  /**
   * There must be none: what was lost cost a slice of waiting. Nobody else would ever hear of it.
   */
  private void tellOfLateWakeups(WorkerParts made) {
    long late = made.lateWakeups();
    if (late != 0) {
      log.log(
          System.Logger.Level.WARNING,
          "late wake-ups, please report this: worker=" + name + ", count=" + late);
    }
  }

  private WorkerEnd endWith(@Nullable ExitStatus status) {
    return WorkerEnd.of(name, wasReady.get(), status, fatal, reason.get(), fault);
  }

  private void ended(WorkerEnd how, ExitStatus status) {
    teller = Thread.currentThread();
    try {
      tellOfTheEnd(how, status);
    } finally {
      exit.complete(status);
      teller = null;
    }
  }

  private void tellOfTheEnd(WorkerEnd how, ExitStatus status) {
    end = how;
    work.end();
    work.awaitEnded();
    Launch launched = launch;
    if (launched != null) {
      launched.release().run();
    }
    cancelStartDeadline();
    state.set(WorkerState.ENDED);
    onEnded.run();
    if (!wasReady.get()) {
      ready.completeExceptionally(how.startException());
    }
    var consumer = settings.exitConsumer;
    if (consumer != null) {
      try {
        consumer.accept(status);
      } catch (RuntimeException | Error e) {
        log.log(System.Logger.Level.WARNING, "the consumer of a worker's exit failed", e);
      }
    }
  }

  // --- questions

  String name() {
    return name;
  }

  WorkerSettings settings() {
    return settings;
  }

  WorkerState state() {
    return Objects.requireNonNull(state.get());
  }

  /** What others do for this worker that takes its time. */
  EndableWork work() {
    return work;
  }

  Preparation preparation() {
    return preparation;
  }

  /** What a call fails with when this worker has ended. */
  RuntimeException endedException(String call) {
    WorkerEnd how = end;
    return new CallFailures(name).died(call, how == null ? endWith(null) : how);
  }

  RuntimeException cancelledException(String call) {
    return new CallFailures(name).cancelled(call);
  }

  BeforeStart beforeStart() {
    return beforeStart;
  }

  /**
   * The parts, to call with; waits until they are there.
   *
   * @throws WorkerStartException if the start failed before there were any
   */
  WorkerParts parts() {
    WorkerParts made = callable;
    return made != null ? made : partsBeforeStart("", 0);
  }

  /** The same with a deadline; 0: none. */
  WorkerParts partsBeforeStart(String call, long timeoutNanos) {
    if (Thread.currentThread() != starter) {
      beforeStart.awaitTried(call, timeoutNanos);
    }
    WorkerParts made = parts;
    if (made != null) {
      return made;
    }
    WorkerEnd how = end;
    throw how != null
        ? how.startException()
        : new IllegalStateException("the worker is being started: name=" + name);
  }

  @Nullable WorkerParts partsIfCallable() {
    return callable;
  }

  @Nullable WorkerParts partsIfMade() {
    return parts;
  }

  /** Whether this thread serves a call of the script that boots. */
  boolean isServingBootCall() {
    WorkerParts made = parts;
    return made != null && made.engine().isServingBootCall();
  }

  /** What READY said; null before. */
  @Nullable Map<String, @Nullable Object> description() {
    return description;
  }
}
