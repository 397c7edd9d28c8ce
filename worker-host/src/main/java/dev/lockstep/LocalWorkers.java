package dev.lockstep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
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
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("no worker can be started: this Workers is closed");
      }
      String name = settings.name;
      if (name == null) {
        do {
          name = settings.source.defaultName() + "-" + defaultNames.incrementAndGet();
        } while (live.containsKey(name));
      } else if (live.containsKey(name)) {
        throw new IllegalArgumentException(
            "a live worker has this name already: name="
                + name
                + ", live="
                + live.keySet()
                + "; close it first, or choose another name");
      }
      ProcessWorker worker = new ProcessWorker(name, settings, services, this::ended);
      live.put(name, worker);
      return worker;
    } finally {
      lock.unlock();
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
          : CompletableFuture.failedFuture(
              new NoSuchElementException(
                  "there is no live worker of this name: name="
                      + name
                      + ", live="
                      + live.keySet()));
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
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    List<Thread> closers = new ArrayList<>();
    for (ProcessWorker worker : live()) {
      Thread closer = Services.daemon(worker::close);
      closer.setName("lockstep-close-" + worker.name());
      closer.start();
      closers.add(closer);
    }
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
