package dev.lockstep.benchmarks;

import dev.lockstep.Accelerator;
import dev.lockstep.PyWorker;
import dev.lockstep.Workers;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Scalar calls of and by a real worker through the public API. With {@code -prof gc}: the bytes
 * that one call allocates on the Java side.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class CallBenchmark {
  private static final int CALLS_BY_PYTHON = 1000;

  private static final String SCRIPT =
      """
      from lockstep import sync

      def echo(value):
          return value

      def repeat(count):
          echo = sync.echo
          for i in range(count):
              echo(i)

      __export__ = ["echo", "repeat"]
      """;

  /** A worker, closed with the trial. */
  @State(Scope.Benchmark)
  public abstract static class Running {
    @Param({"AUTO", "PY"})
    public Accelerator accelerator = Accelerator.AUTO;

    private @Nullable Workers workers;
    private @Nullable PyWorker worker;
    private int number;

    abstract PyWorker.Builder configured(PyWorker.Builder builder);

    /** Starts it. */
    @Setup(Level.Trial)
    public void start() {
      Workers opened = Workers.open();
      workers = opened;
      PyWorker.Builder builder = PyWorker.source(SCRIPT).accelerator(accelerator);
      worker = opened.start(configured(builder)).ready().join();
    }

    /** Leaves no process. */
    @TearDown(Level.Trial)
    public void stop() {
      Objects.requireNonNull(workers).close();
    }

    PyWorker worker() {
      return Objects.requireNonNull(worker);
    }

    int echoed() {
      return worker().sync().call("echo", int.class, number++);
    }
  }

  /** One that calls Java, too. */
  public static class Full extends Running {
    @Override
    PyWorker.Builder configured(PyWorker.Builder builder) {
      return builder.expose("echo", int.class, value -> value);
    }
  }

  /** One that only answers. */
  public static class MainOnly extends Running {
    @Override
    PyWorker.Builder configured(PyWorker.Builder builder) {
      return builder.syncMainOnly(true);
    }
  }

  /** Java calls Python: an int there and back. */
  @Benchmark
  public int hostToWorker(Full running) {
    return running.echoed();
  }

  /** The same into a worker that never calls. */
  @Benchmark
  public int syncMainOnly(MainOnly running) {
    return running.echoed();
  }

  /** Python calls Java. What the loop itself costs is divided by its calls. */
  @Benchmark
  @OperationsPerInvocation(CALLS_BY_PYTHON)
  public void workerToHost(Full running) {
    running.worker().sync().call("repeat", void.class, CALLS_BY_PYTHON);
  }
}
