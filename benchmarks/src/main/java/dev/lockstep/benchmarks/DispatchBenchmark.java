package dev.lockstep.benchmarks;

import dev.lockstep.call.CallEngine;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.ValueType;
import java.util.Map;
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
 * A scalar call between two engines of this JVM: encode, publish, find the function, decode, run
 * it, and the answer back, on two threads; the Java share of a call, twice, and no Python.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class DispatchBenchmark {
  @Param({"false", "true"})
  public boolean syncMainOnly;

  private @Nullable TwoEngines engines;
  private @Nullable CallEngine caller;
  private @Nullable EncodedName name;
  private @Nullable ValueType result;
  private int number;

  /** Starts both engines. */
  @Setup(Level.Trial)
  public void open() {
    TwoEngines both = new TwoEngines(syncMainOnly);
    engines = both;
    ValueType intType = both.codec.typeOf(int.class);
    both.worker.expose("echo", new ValueType[] {intType}, (at, keywords) -> at[0], null);
    both.start();
    caller = both.host;
    name = both.host.name("echo");
    result = intType;
  }

  /** Leaves no thread. */
  @TearDown(Level.Trial)
  public void close() {
    Objects.requireNonNull(engines).close();
  }

  /** An int there and back. */
  @Benchmark
  public @Nullable Object call() {
    return Objects.requireNonNull(caller)
        .call(
            Objects.requireNonNull(name),
            Objects.requireNonNull(result),
            new Object[] {number++},
            Map.of(),
            0);
  }
}
