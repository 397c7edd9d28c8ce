package dev.lockstep.faults;

import dev.lockstep.PyWorker;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A worker that nobody harms, called again and again while others are: what the host owes it. Its
 * calls are measured for a while alone, then until it is closed.
 */
final class Bystander implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
  private static final long ALONE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Trial trial;
  private final PyWorker worker;
  private final Thread caller;
  private volatile Figure current;
  private volatile boolean closing;
  private volatile String wrong = "";

  /** Starts it, and returns when it has been measured alone. */
  Bystander(Trial trial) throws InterruptedException {
    this.trial = trial;
    this.worker = trial.start(trial.worker());
    callUntil(trial.micros("bystander, warm-up"), System.nanoTime() + ALONE_NANOS);
    callUntil(trial.micros("bystander alone"), System.nanoTime() + ALONE_NANOS);
    current = trial.micros("bystander meanwhile");
    caller = new Thread(this::callUntilClosed, "bystander");
    caller.start();
  }

  /** From now on its calls count for another figure. */
  void during(String what) {
    current = trial.micros("bystander " + what);
  }

  private void callUntil(Figure figure, long untilNanos) {
    while (System.nanoTime() - untilNanos < 0) {
      call(figure);
    }
  }

  private void callUntilClosed() {
    while (!closing && wrong.isEmpty()) {
      call(current);
    }
  }

  private void call(Figure figure) {
    long startNanos = System.nanoTime();
    Object value = Outcome.of(() -> worker.sync().call("echo", Integer.class, 1)).value();
    figure.record(System.nanoTime() - startNanos);
    if (!Objects.equals(value, 1)) {
      wrong = "a call of the bystander gave " + value;
    }
    LockSupport.parkNanos(PAUSE_NANOS);
  }

  /** Ends it; it must have had all its answers. */
  @Override
  public void close() {
    closing = true;
    boolean interrupted = false;
    while (caller.isAlive()) {
      try {
        caller.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    trial.attempt("bystander", () -> Trial.require(wrong.isEmpty(), wrong));
    trial.finish(worker);
  }
}
