package dev.lockstep.benchmarks;

import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.EncodedName;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueType;
import dev.lockstep.wire.Limits;
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
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to turn calls and values into bytes and back. With {@code -prof gc}: bytes each.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
  private static final Map<String, Object> SMALL_DICT =
      Map.of("name", "PyScript", "xs", List.of(1, 2, 3, 4, 5, 6));

  /** The small dict as a record, which Jackson binds. */
  public record Named(String name, List<Integer> xs) {}

  private final ValueCodec codec =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
  private final EncodedName name = EncodedName.of("echo", Limits.DEFAULT);
  private final ValueType intType = codec.typeOf(int.class);
  private final ValueType[] intParameter = {intType};
  private final ValueType untyped = codec.typeOf(Object.class);
  private final ValueType named = codec.typeOf(Named.class);
  private final Named smallRecord = new Named("PyScript", List.of(1, 2, 3, 4, 5, 6));
  private final double[] doubles = new double[128 * 1024];
  private final PayloadBuffer out = new PayloadBuffer();
  private final PayloadBuffer call = new PayloadBuffer();
  private final PayloadBuffer answer = new PayloadBuffer();
  private int number;

  /** What the decoding benchmarks read. */
  @Setup
  public void encode() {
    codec.encodeCall(call, name, new Object[] {664_579}, Map.of());
    codec.encodeValue(answer, 664_579, "result");
  }

  /** The caller's first half: name and one int. */
  @Benchmark
  public int encodeCall() {
    out.reset();
    codec.encodeCall(out, name, new Object[] {number++}, Map.of());
    return out.length();
  }

  /** The other side's first half: the name is looked at, one int is decoded to its parameter. */
  @Benchmark
  public @Nullable Object decodeCall() {
    CallReader reader = codec.readCall(call.array(), 0, call.length(), false);
    return reader.arguments(intParameter)[0];
  }

  /** The other side's second half. */
  @Benchmark
  public int encodeResult() {
    out.reset();
    codec.encodeValue(out, number++, "result");
    return out.length();
  }

  /** The caller's second half. */
  @Benchmark
  public @Nullable Object decodeResult() {
    return codec.decodeValue(answer.array(), 0, answer.length(), intType, "result");
  }

  /** A small map, written and read as what it is. */
  @Benchmark
  public @Nullable Object smallDictRoundTrip() {
    out.reset();
    codec.encodeValue(out, SMALL_DICT, "result");
    return codec.decodeValue(out.array(), 0, out.length(), untyped, "result");
  }

  /** The same as a record, bound by Jackson both ways. */
  @Benchmark
  public @Nullable Object smallRecordRoundTrip() {
    out.reset();
    codec.encodeValue(out, smallRecord, "result");
    return codec.decodeValue(out.array(), 0, out.length(), named, "result");
  }

  /** One MiB of doubles, written and read as an array. */
  @Benchmark
  public @Nullable Object mebibyteOfDoubles() {
    out.reset();
    codec.encodeValue(out, doubles, "result");
    return codec.decodeValue(out.array(), 0, out.length(), untyped, "result");
  }
}
