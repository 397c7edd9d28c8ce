package dev.lockstep;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Workers that are processes of this machine. */
final class LocalWorkers implements Workers {
  private final Services services;
  private final boolean endsWithItsWorker;
  private final AtomicInteger defaultNames = new AtomicInteger();
  private final CallContext callContext = new ContextOfCalls();

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, ProcessWorker> live = new LinkedHashMap<>(); // guarded by lock
  private final AwaitedNames awaited = new AwaitedNames(); // guarded by lock
  private boolean closed; // guarded by lock
  private boolean servicesClosing; // guarded by lock

  LocalWorkers() {
    this(false);
  }

  private LocalWorkers(boolean endsWithItsWorker) {
    this(endsWithItsWorker, new Services());
  }

  LocalWorkers(boolean endsWithItsWorker, Services services) {
    this.endsWithItsWorker = endsWithItsWorker;
    this.services = services;
  }

  /** A worker whose {@code Workers} is closed when it ends. */
  static PyWorker startAlone(PyWorker.Builder builder) {
    LocalWorkers workers = new LocalWorkers(true);
    try {
      return workers.start(builder);
    } catch (RuntimeException e) {
      workers.close();
      throw e;
    }
  }

  @Override
  public PyWorker start(PyWorker.Builder builder) {
    WorkerSettings settings = builder.snapshot();
    settings.requireConsistent();
    ProcessWorker worker = register(settings);
    worker.start();
    return worker;
  }

  private ProcessWorker register(WorkerSettings settings) {
    List<CompletableFuture<ProcessWorker>> waiting;
    ProcessWorker worker;
    lock.lock();
    try {
      requireOpen();
      String name = settings.name;
      if (name == null) {
        do {
          name = settings.source.defaultName() + "-" + defaultNames.incrementAndGet();
        } while (live.containsKey(name));
      } else if (live.containsKey(name)) {
        throw new WorkerNameTakenException(
            "a live worker has this name already: name="
                + name
                + ", live="
                + live.keySet()
                + "; close it first, or choose another name");
      }
      worker = new ProcessWorker(name, settings, services, this::ended);
      live.put(name, worker);
      waiting = awaited.take(name);
    } finally {
      lock.unlock();
    }
    waiting.forEach(future -> future.complete(worker));
    return worker;
  }

  /** The lock is held. */
  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("no worker can be started: this Workers is closed");
    }
  }

  private void ended(ProcessWorker worker) {
    lock.lock();
    try {
      live.remove(worker.name(), worker);
    } finally {
      lock.unlock();
    }
    if (endsWithItsWorker) {
      closeServices();
    }
  }

  @Override
  public CompletableFuture<PyWorker> get(String name) {
    lock.lock();
    try {
      ProcessWorker worker = live.get(name);
      return worker != null
          ? worker.ready()
          : CompletableFuture.failedFuture(unknown("there is no live worker of this name", name));
    } finally {
      lock.unlock();
    }
  }

  /** The lock is held. */
  private UnknownWorkerException unknown(String problem, String name) {
    return new UnknownWorkerException(
        problem
            + ": name="
            + name
            + ", live="
            + live.keySet()
            + "; start it under this name, or await(name, Duration) one that is started later");
  }

  @Override
  public CompletableFuture<PyWorker> await(String name, Duration timeout) {
    Duration bound = PyWorker.Builder.requirePositive("timeout", timeout);
    CompletableFuture<ProcessWorker> created;
    lock.lock();
    try {
      ProcessWorker worker = live.get(name);
      if (worker != null) {
        return worker.ready();
      }
      if (closed) {
        return CompletableFuture.failedFuture(unknown("this Workers is closed", name));
      }
      created = awaited.add(name);
    } finally {
      lock.unlock();
    }
    giveUpAfter(bound, name, created);
    return new ReadyFuture<>(
        created.thenCompose(ProcessWorker::ready), () -> isServingBootCall(name), name);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // It only tidies up.
  private void giveUpAfter(
      Duration timeout, String name, CompletableFuture<ProcessWorker> created) {
    try {
      Future<?> deadline =
          services.timer.schedule(
              () -> giveUp(name, created, "no worker of this name was started within " + timeout),
              timeout.toNanos(),
              TimeUnit.NANOSECONDS);
      created.whenComplete((worker, failure) -> deadline.cancel(false));
    } catch (RejectedExecutionException closing) {
      giveUp(name, created, "this Workers is closed");
    }
  }

  @SuppressWarnings("FutureReturnValueIgnored") // It is the future itself.
  private void giveUp(String name, CompletableFuture<ProcessWorker> created, String problem) {
    UnknownWorkerException failure;
    lock.lock();
    try {
      awaited.remove(name, created);
      failure = unknown(problem, name);
    } finally {
      lock.unlock();
    }
    // Elsewhere: what depends on it is the user's, and may block this thread, the timer.
    created.completeAsync(
        () -> {
          throw failure;
        });
  }

  private boolean isServingBootCall(String name) {
    lock.lock();
    try {
      ProcessWorker worker = live.get(name);
      return worker != null && worker.isServingBootCall();
    } finally {
      lock.unlock();
    }
  }

  private List<ProcessWorker> live() {
    lock.lock();
    try {
      return List.copyOf(live.values());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<String> names() {
    return live().stream().map(ProcessWorker::name).toList();
  }

  @Override
  public List<WorkerSummary> list() {
    return live().stream().map(ProcessWorker::summary).toList();
  }

  @Override
  public CallContext callContext() {
    return callContext;
  }

  @Override
  public void close() {
    Map<String, List<CompletableFuture<ProcessWorker>>> waiting;
    lock.lock();
    try {
      closed = true;
      waiting = awaited.takeAll();
    } finally {
      lock.unlock();
    }
    waiting.forEach(
        (name, futures) ->
            futures.forEach(future -> giveUp(name, future, "this Workers was closed")));
    List<Thread> closers = new ArrayList<>();
    List<ProcessWorker> oneByOne = new ArrayList<>();
    for (ProcessWorker worker : live()) {
      Thread closer = Services.daemon(worker::close);
      closer.setName("lockstep-close-" + worker.name());
      try {
        closer.start();
        closers.add(closer);
      } catch (OutOfMemoryError noThread) { // what the JDK throws at a limit of threads
        oneByOne.add(worker);
      }
    }
    oneByOne.forEach(ProcessWorker::close);
    boolean interrupted = false;
    for (Thread closer : closers) {
      while (closer.isAlive()) {
        try {
          closer.join();
        } catch (InterruptedException e) {
          // Whoever is in a hurry: no more grace.
          interrupted = true;
          live().forEach(PyWorker::terminate);
        }
      }
    }
    closeServices();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void closeServices() {
    lock.lock();
    try {
      if (servicesClosing) {
        return;
      }
      servicesClosing = true;
    } finally {
      lock.unlock();
    }
    services.close();
  }

  /** The public face of the contexts that all engines share. */
  private final class ContextOfCalls implements CallContext {
    @Override
    public Runnable wrap(Runnable task) {
      return services.contexts.wrap(task);
    }

    @Override
    public <T extends @Nullable Object> Callable<T> wrapCallable(Callable<T> task) {
      return services.contexts.wrap(task);
    }

    @Override
    public Executor wrapExecutor(Executor executor) {
      return services.contexts.wrap(executor);
    }
  }
}
