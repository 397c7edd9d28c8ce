package dev.lockstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Bytes that were written once, by Java and by Python, and are to be read for ever. */
class GoldenFilesTest {
  private static final Path SOURCE = Path.of("src/test/resources/codec/golden-java.json");

  @TestFactory
  Stream<DynamicTest> javaStillWritesWhatItWrote() {
    return tests(
        "golden-java.json",
        (value, bytes) -> assertThat(Coding.hex(value)).isEqualTo(HexFormat.of().formatHex(bytes)));
  }

  @TestFactory
  Stream<DynamicTest> javaReadsWhatJavaWrote() {
    return tests("golden-java.json", GoldenFilesTest::readsBack);
  }

  @TestFactory
  Stream<DynamicTest> javaReadsWhatPythonWrote() {
    return tests("golden-python.json", GoldenFilesTest::readsBack);
  }

  @Test
  @EnabledIfSystemProperty(named = "lockstep.golden", matches = "write")
  void writesTheGoldenFileAnew() throws IOException {
    List<Map<String, String>> golden = new ArrayList<>();
    for (JsonNode entry : Notation.entries("golden-values.json")) {
      golden.add(
          Map.of(
              "name",
              entry.get("name").asText(),
              "hex",
              Coding.hex(Notation.value(entry.get("value")))));
    }
    Files.writeString(
        SOURCE,
        new ObjectMapper()
                .configure(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS, true)
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(golden)
            + "\n");
  }

  private static void readsBack(@Nullable Object value, byte[] bytes) {
    assertThat(Notation.text(Coding.decode(bytes))).isEqualTo(Notation.text(value));
  }

  private interface Check {
    void check(@Nullable Object value, byte[] bytes);
  }

  private static Stream<DynamicTest> tests(String file, Check check) {
    List<JsonNode> values = Notation.entries("golden-values.json");
    List<JsonNode> golden = Notation.entries(file);
    assertThat(golden).hasSameSizeAs(values);
    return IntStream.range(0, values.size())
        .mapToObj(
            i ->
                DynamicTest.dynamicTest(
                    values.get(i).get("name").asText(),
                    () ->
                        check.check(
                            Notation.value(values.get(i).get("value")),
                            Notation.bytes(golden.get(i)))));
  }
}
