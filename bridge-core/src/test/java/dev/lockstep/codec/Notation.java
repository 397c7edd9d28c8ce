package dev.lockstep.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The fixtures' way of writing values, and a text that tells any two different values apart. */
final class Notation {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Notation() {}

  /** The entries of a fixture. */
  static List<JsonNode> entries(String file) {
    try (InputStream in = Notation.class.getResourceAsStream("/codec/" + file)) {
      List<JsonNode> entries = new ArrayList<>();
      JSON.readTree(in).forEach(entries::add);
      return entries;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The bytes of an entry. */
  static byte[] bytes(JsonNode entry) {
    if (entry.has("hex")) {
      return HexFormat.of().parseHex(entry.get("hex").asText());
    }
    PayloadBuffer out = new PayloadBuffer();
    for (JsonNode part : entry.get("parts")) {
      byte[] unit = HexFormat.of().parseHex(part.get(0).asText());
      for (int i = 0; i < part.get(1).asInt(); i++) {
        out.putBytes(unit, 0, unit.length);
      }
    }
    return java.util.Arrays.copyOf(out.array(), out.length());
  }

  /** The Java value that a node stands for. */
  static @Nullable Object value(JsonNode node) {
    if (node.isArray()) {
      return values(node);
    } else if (node.isNull()) {
      return null;
    } else if (node.isTextual()) {
      return node.asText();
    } else if (node.isBoolean()) {
      return node.asBoolean();
    }
    Map.Entry<String, JsonNode> entry = node.properties().iterator().next();
    JsonNode content = entry.getValue();
    return switch (entry.getKey()) {
      case "int" -> smallest(new BigInteger(content.asText()));
      case "float" -> floating(content.asText());
      case "bytes" -> HexFormat.of().parseHex(content.asText());
      case "map" -> map(content);
      case "set" -> new LinkedHashSet<>(values(content));
      case "decimal" ->
          new BigDecimal(new BigInteger(content.get(1).asText()), -content.get(0).asInt());
      case "uuid" -> UUID.fromString(content.asText());
      case "datetime" -> OffsetDateTime.parse(content.asText());
      case "zoned" ->
          OffsetDateTime.parse(content.get(0).asText())
              .atZoneSameInstant(ZoneId.of(content.get(1).asText()));
      case "local_datetime" -> LocalDateTime.parse(content.asText());
      case "date" -> LocalDate.parse(content.asText());
      case "time" -> LocalTime.parse(content.asText());
      case "duration" -> Duration.ofSeconds(content.get(0).asLong(), content.get(1).asLong());
      case "array" -> TypedArrays.plain(array(content.get(0), content.get(1), null));
      case "ndarray" -> array(content.get(0), content.get(2), content.get(1));
      default -> throw new IllegalArgumentException("unknown notation: " + node);
    };
  }

  private static List<@Nullable Object> values(JsonNode nodes) {
    List<@Nullable Object> values = new ArrayList<>();
    nodes.forEach(node -> values.add(value(node)));
    return values;
  }

  private static Map<@Nullable Object, @Nullable Object> map(JsonNode entries) {
    Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
    entries.forEach(entry -> map.put(value(entry.get(0)), value(entry.get(1))));
    return map;
  }

  private static Number smallest(BigInteger value) {
    return value.bitLength() < 64 ? CborCursor.smallest(value.longValueExact()) : value;
  }

  private static double floating(String text) {
    return switch (text) {
      case "nan" -> Double.NaN;
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  private static NdArray array(JsonNode typeName, JsonNode elements, @Nullable JsonNode sizes) {
    ElementType type = ElementType.valueOf(typeName.asText().toUpperCase(Locale.ROOT));
    ByteBuffer data =
        ByteBuffer.allocate(elements.size() * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (JsonNode element : elements) {
      Object value = value(element);
      long bits = value instanceof Number number ? number.longValue() : 0;
      switch (type) {
        case BOOL -> data.put((byte) (element.asBoolean() ? 1 : 0));
        case UINT8, INT8 -> data.put((byte) bits);
        case UINT16, INT16 -> data.putShort((short) bits);
        case UINT32, INT32 -> data.putInt((int) bits);
        case UINT64, INT64 -> data.putLong(bits);
        case FLOAT32 -> data.putFloat(((Number) value).floatValue());
        case FLOAT64 -> data.putDouble(((Number) value).doubleValue());
        case FLOAT16 -> throw new IllegalArgumentException("no notation of float16");
      }
    }
    int[] shape = new int[sizes == null ? 1 : sizes.size()];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = sizes == null ? elements.size() : sizes.get(i).asInt();
    }
    return new NdArray(type, shape, data.flip());
  }

  /** Class and content, however deep: 1, 1L, 1.0 and -0.0 all differ, NaN is one. */
  static String text(@Nullable Object value) {
    if (value == null) {
      return "null";
    } else if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> text(entry.getKey()) + ": " + text(entry.getValue()))
          .collect(Collectors.joining(", ", "{", "}"));
    } else if (value instanceof List<?> list) {
      return list.stream().map(Notation::text).collect(Collectors.joining(", ", "[", "]"));
    } else if (value instanceof Set<?> set) {
      return set.stream().map(Notation::text).collect(Collectors.joining(", ", "{(", ")}"));
    } else if (value.getClass().isArray()) {
      int length = Array.getLength(value);
      return Stream.iterate(0, i -> i < length, i -> i + 1)
          .map(i -> String.valueOf(Array.get(value, i)))
          .collect(Collectors.joining(" ", value.getClass().getSimpleName() + "(", ")"));
    } else if (value instanceof NdArray array) {
      byte[] data = new byte[array.data().remaining()];
      array.data().get(data);
      return array + HexFormat.of().formatHex(data);
    } else if (value instanceof ZonedDateTime time) {
      return "ZonedDateTime " + time + " " + time.getOffset();
    }
    return value.getClass().getSimpleName() + " " + value;
  }
}
