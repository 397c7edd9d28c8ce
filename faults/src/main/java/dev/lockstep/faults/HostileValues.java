package dev.lockstep.faults;

import com.sun.management.ThreadMXBean;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.env.ShimFolder;
import dev.lockstep.wire.Limits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Row 32: values that mean harm, under the default limits. Java and both Python twins give each the
 * verdict that stands in {@code hostile.txt} beside the corpus of the fuzzers.
 */
final class HostileValues {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final ValueCodec CODEC =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
  private static final int KEYS = 1_000_000;
  private static final int LEVELS = 100_000;
  private static final int DIGITS_IN_BITS = 332_193;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Value(String name, String verdict, byte[] bytes) {}

  private HostileValues() {}

  static void judged(Trial trial) throws Exception {
    Path file = Home.folder().resolveSibling("bridge-core/src/test/resources/fuzz/hostile.txt");
    List<Value> values = load(file);
    values.forEach(value -> verdict(value.bytes())); // classes are loaded
    for (int run = 0; run < trial.runs(); run++) {
      values.forEach(value -> trial.attempt(value.name(), () -> judge(trial, value)));
      unsendable()
          .forEach((name, value) -> trial.attempt(name + " to send", () -> refuse(trial, value)));
    }
    trial.fact("values", values.size());
    try (ShimFolder shim = ShimFolder.open()) {
      for (String twin : Pythons.twins(trial.combination().python())) {
        GarbageForPython.take(
            trial,
            twin,
            GarbageForPython.ask(
                trial.combination().python(),
                Home.python("hostile_values.py").toString(),
                shim.path().toString(),
                twin,
                file.toString(),
                Integer.toString(trial.runs())));
      }
    }
  }

  private static List<Value> load(Path file) throws IOException {
    List<Value> values = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      String[] parts = line.split("\\|", 3);
      values.add(new Value(parts[0], parts[1], bytes(parts[2])));
    }
    ByteBuffer map = ByteBuffer.allocate(5 + 6 * KEYS).put((byte) 0xBA).putInt(KEYS);
    for (int key = 0; key < KEYS; key++) {
      map.put((byte) 0x1A).putInt(key).put((byte) 0);
    }
    values.add(new Value("a map of 10^6 keys", "value", map.array()));
    return values;
  }

  private static byte[] bytes(String parts) {
    PayloadBuffer out = new PayloadBuffer();
    for (String part : parts.split(" ", -1)) {
      String[] times = part.split("\\*", 2);
      byte[] unit = HexFormat.of().parseHex(times[0]);
      for (int i = 0; i < (times.length == 1 ? 1 : Integer.parseInt(times[1])); i++) {
        out.putBytes(unit, 0, unit.length);
      }
    }
    return Arrays.copyOf(out.array(), out.length());
  }

  private static void judge(Trial trial, Value value) {
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    String found = verdict(value.bytes());
    long taken = System.nanoTime() - start;
    long bytes = THREADS.getCurrentThreadAllocatedBytes() - allocated;
    String expected = value.verdict().startsWith("refused") ? value.verdict() : "value";
    Trial.require(found.equals(expected), "corpus: " + expected + ", found: " + found);
    trial
        .micros(found.equals("value") ? "Java: time to read" : "Java: time to refuse")
        .record(taken);
    if (!found.equals("value")) {
      trial.figure("Java: allocated while refusing", "bytes").record(bytes);
    }
  }

  private static String verdict(byte[] bytes) {
    try {
      CODEC.decodeValue(bytes, 0, bytes.length, CODEC.typeOf(Object.class), "result");
      return "value";
    } catch (MalformedValueException refused) {
      return "refused " + refused.position() + " " + refused.reason().split(":", 2)[0];
    }
  }

  private static Map<String, Object> unsendable() {
    List<Object> cyclic = new ArrayList<>();
    cyclic.add(Map.of("me", cyclic));
    List<Object> deep = List.of();
    for (int level = 0; level < LEVELS; level++) {
      deep = List.of(deep);
    }
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("a cyclic object", cyclic);
    values.put("100,000 lists nested", deep);
    values.put("a lone surrogate", "\ud800");
    values.put("an integer of 100,000 digits", BigInteger.ONE.shiftLeft(DIGITS_IN_BITS));
    values.put("17 Mi items", Collections.nCopies(17 << 20, 0));
    return values;
  }

  private static void refuse(Trial trial, Object value) {
    long start = System.nanoTime();
    try {
      CODEC.encodeValue(new PayloadBuffer(), value, "result");
      throw new AssertionError("it was written");
    } catch (ValueException refused) {
      trial.micros("Java: time to refuse to send").record(System.nanoTime() - start);
    }
  }
}
