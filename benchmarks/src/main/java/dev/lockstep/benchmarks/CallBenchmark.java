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
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A scalar call through the public API into a real worker. With {@code -prof gc}: the bytes that
 * one call allocates on the Java side.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CallBenchmark {
  @Param({"AUTO", "PY"})
  public Accelerator accelerator = Accelerator.AUTO;

  @Param({"false", "true"})
  public boolean syncMainOnly;

  private @Nullable Workers workers;
  private @Nullable PyWorker worker;
  private int number;

  /** Starts the worker. */
  @Setup(Level.Trial)
  public void start() {
    workers = Workers.open();
    worker =
        workers.start(
            PyWorker.source("def echo(x): return x\n__export__ = ['echo']")
                .accelerator(accelerator)
                .syncMainOnly(syncMainOnly));
    worker.ready().join();
  }

  /** Leaves no process. */
  @TearDown(Level.Trial)
  public void stop() {
    Objects.requireNonNull(workers).close();
  }

  /** Java calls Python: an int there and back. */
  @Benchmark
  public int hostToWorker() {
    return Objects.requireNonNull(worker).sync().call("echo", int.class, number++);
  }
}
