package dev.lockstep;

import dev.lockstep.call.CallEngine;
import dev.lockstep.call.ErrorDescription;
import dev.lockstep.call.Listener;
import dev.lockstep.env.EnvironmentException;
import dev.lockstep.memory.SegmentException;
import dev.lockstep.os.OsException;
import dev.lockstep.os.Platform;
import dev.lockstep.process.WorkerProcess;
import dev.lockstep.stdio.ByteSink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
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

  private static final int ERROR_LINES_IN_MESSAGE = 20;

  private final String name;
  private final WorkerSettings settings;
  private final Services services;
  private final Runnable onEnded;
  private final System.Logger log;
  final WorkerOutput output;
  private final WorkerBuiltins builtins;
  final CompletableFuture<WorkerLife> ready = new CompletableFuture<>();
  final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final CountDownLatch startTried = new CountDownLatch(1);
  private final AtomicReference<WorkerState> state = new AtomicReference<>(WorkerState.STARTING);
  private final AtomicReference<@Nullable String> reason = new AtomicReference<>();
  private final AtomicBoolean wasReady = new AtomicBoolean();
  private volatile @Nullable WorkerParts parts;
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
    this.builtins = new WorkerBuiltins(name, settings, output, this::partsIfMade);
  }

  // --- start

  /** Throws nothing: what goes wrong fails {@code ready}. */
  void start() {
    try {
      Platform.requireSupported();
      StartChecks.requireProc();
      StartChecks.requireScript(settings.source);
      Path interpreter = services.interpreters.find(settings.interpreter);
      Path shim = services.shim();
      List<String> command =
          List.of(interpreter.toString(), shim.resolve("__main__.py").toString());
      WorkerParts made =
          new WorkerParts(name, settings, services, new CallFailures(name), this, command);
      parts = made;
      made.start(name, output, new Lifeline());
      made.process().onExit().thenAccept(this::endOnOwnThread);
      startDeadline = later(settings.startTimeout.toMillis(), this::startDeadlinePassed);
    } catch (EnvironmentException
        | SegmentException
        | OsException
        | WorkerStartException
        | UnsupportedOperationException e) {
      startFailed(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      startFailed(
          "the process cannot be started: interpreter="
              + settings.interpreter
              + ", workingDirectory="
              + settings.workingDirectory
              + ", error="
              + e.getMessage(),
          e);
    } catch (RuntimeException | Error e) {
      // An error, too: a thread that cannot be made must not leave a process that nobody ends.
      startFailed(e.toString(), e);
    } finally {
      startTried.countDown();
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
    ended(failed, new ExitStatus(OptionalInt.empty(), OptionalInt.empty(), List.of(), message));
  }

  private void startDeadlinePassed() {
    if (state.get() == WorkerState.STARTING && !wasReady.get()) {
      kill(
          "it was not ready within its start-up deadline: startTimeout="
              + settings.startTimeout.toMillis()
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

  /** The pipe that the worker holds open while it is the program that was started. */
  private final class Lifeline implements ByteSink {
    @Override
    public void onBytes(byte[] buffer, int length) {
      attached();
    }

    @Override
    public void onEnd() {
      later(
          EXIT_AFTER_LIFELINE_MILLIS,
          () ->
              kill(
                  "it replaced itself by another program, or closed the descriptors that are not its"
                      + " own"));
    }
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
    log.log(
        System.Logger.Level.WARNING,
        "nobody waits for this failure: worker=" + name + ", function=" + function,
        error);
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
    awaitStartTried();
    reason.compareAndSet(null, "it was terminated");
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
    awaitStartTried();
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

  private void awaitStartTried() {
    boolean interrupted = false;
    while (true) {
      try {
        startTried.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
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
    awaitStartTried();
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
    ExitStatus status = status(exitCode);
    WorkerEnd how = endWith(status);
    if (state.get() == WorkerState.CLOSING) {
      made.engine().close();
    } else {
      made.engine().fail(how);
    }
    tellOfLateWakeups(made);
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

  private ExitStatus status(int exitCode) {
    String why = reason.get();
    return ExitStatus.of(exitCode, output.lastErrorLines(), why == null ? "" : why);
  }

  private WorkerEnd endWith(@Nullable ExitStatus status) {
    String why = reason.get();
    ErrorDescription raised = fatal;
    StringBuilder text = new StringBuilder();
    if (raised != null) {
      text.append("its script raised ").append(raised.type()).append(": ").append(raised.message());
    } else if (why != null) {
      text.append(why);
    } else if (status != null) {
      text.append("its process ended with ").append(status.describe());
    }
    if (status != null && raised == null) {
      appendErrorLines(text, status.lastErrorLines());
    }
    boolean started = wasReady.get();
    String message = started ? text.toString() : "worker " + name + " did not start: " + text;
    return new WorkerEnd(message, started, status, raised, fault);
  }

  private static void appendErrorLines(StringBuilder text, List<String> lines) {
    if (!lines.isEmpty()) {
      List<String> last =
          lines.subList(Math.max(0, lines.size() - ERROR_LINES_IN_MESSAGE), lines.size());
      text.append(", stderr ended with: ").append(String.join(" | ", last));
    }
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

  /**
   * The parts, to call with.
   *
   * @throws WorkerStartException if the start failed before there were any
   */
  WorkerParts parts() {
    WorkerParts made = parts;
    if (made != null) {
      return made;
    }
    WorkerEnd how = end;
    if (how != null) {
      throw how.startException();
    }
    throw new IllegalStateException("the worker is being started: name=" + name);
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
