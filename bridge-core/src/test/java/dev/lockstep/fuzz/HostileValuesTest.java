package dev.lockstep.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.wire.Limits;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Values that mean harm, under the default limits: the verdict is that of C and of pure Python,
 * whose {@code hostile.py} describes the file. Prints what each costs.
 */
class HostileValuesTest {
  private static final ValueCodec CODEC =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);
  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TestFactory
  Stream<DynamicTest> hostileValuesHaveTheirVerdicts() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    HostileValuesTest.class.getResourceAsStream("/fuzz/hostile.txt")),
                StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] parts = line.split("\\|", 3);
        tests.add(
            DynamicTest.dynamicTest(parts[0], () -> measure(parts[0], bytes(parts[2]), parts[1])));
      }
    }
    return tests.stream();
  }

  @Test
  void aMapOfAMillionKeysIsAValue() {
    int entries = 1_000_000;
    ByteBuffer map = ByteBuffer.allocate(5 + 6 * entries).put((byte) 0xBA).putInt(entries);
    for (int i = 0; i < entries; i++) {
      map.put((byte) 0x1A).putInt(i).put((byte) 0);
    }
    measure("a map of 10^6 keys", map.array(), "value a map of 1000000");
  }

  @Test
  void cyclicValuesAreRefusedBeforeTheyAreSent() {
    List<Object> cyclic = new ArrayList<>();
    cyclic.add(Map.of("me", cyclic));
    assertThatThrownBy(() -> CODEC.encodeValue(new PayloadBuffer(), cyclic, "result"))
        .isInstanceOf(ValueException.class);
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
    return java.util.Arrays.copyOf(out.array(), out.length());
  }

  private static void measure(String name, byte[] data, String expected) {
    verdict(data); // classes are loaded
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    String found = verdict(data);
    double millis = (System.nanoTime() - start) / 1e6;
    System.out.printf(
        "hostile: %s: %d bytes, %.3f ms, %d bytes allocated%n",
        name, data.length, millis, THREADS.getCurrentThreadAllocatedBytes() - allocated);
    assertThat(found).isEqualTo(expected);
  }

  private static String verdict(byte[] data) {
    try {
      Object value = CODEC.decodeValue(data, 0, data.length, CODEC.typeOf(Object.class), "result");
      return value instanceof Map<?, ?> map
          ? "value a map of " + map.size()
          : "value " + ValueText.of(value);
    } catch (MalformedValueException refused) {
      return "refused " + refused.position() + " " + Decoders.reasonClass(refused.reason());
    }
  }
}
