package dev.lockstep.benchmarks;

import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueType;
import dev.lockstep.wire.Limits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to turn a call into bytes and back. With {@code -prof gc}: bytes per call. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
  private final ValueCodec codec =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
  private final EncodedName name = EncodedName.of("echo", Limits.DEFAULT);
  private final ValueType[] intType = {codec.typeOf(int.class)};
  private final ValueType untyped = codec.typeOf(Object.class);
  private final Map<String, Object> smallMap = smallMap();
  private final double[] doubles = new double[128 * 1024];
  private final PayloadBuffer out = new PayloadBuffer();
  private int number;

  private static Map<String, Object> smallMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("count", 664_579);
    map.put("name", "find_primes");
    map.put("first", List.of(2, 3, 5, 7, 11));
    map.put("ratio", 0.5);
    return map;
  }

  /** A call with one int, written and read again, as the two sides of a call do. */
  @Benchmark
  public @Nullable Object scalarCall() {
    out.reset();
    codec.encodeCall(out, name, new Object[] {number++}, Map.of());
    CallReader reader = codec.readCall(out.array(), 0, out.length(), false);
    return reader.arguments(intType)[0];
  }

  /** A small map, written and read as what it is. */
  @Benchmark
  public @Nullable Object smallMapRoundTrip() {
    out.reset();
    codec.encodeValue(out, smallMap, "result");
    return codec.decodeValue(out.array(), 0, out.length(), untyped, "result");
  }

  /** One MiB of doubles, written and read as an array. */
  @Benchmark
  public @Nullable Object mebibyteOfDoubles() {
    out.reset();
    codec.encodeValue(out, doubles, "result");
    return codec.decodeValue(out.array(), 0, out.length(), untyped, "result");
  }
}
