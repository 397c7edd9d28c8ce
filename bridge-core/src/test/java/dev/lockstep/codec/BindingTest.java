package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.echo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.lockstep.wire.Limits;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Records, beans, enums and generics: what Jackson binds arrives as it was. */
class BindingTest {
  @Test
  void aRecordOfEverythingArrivesAsItWas() {
    Everything sent =
        new Everything(
            new BigDecimal("1.2300"),
            UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"),
            OffsetDateTime.parse("2024-02-29T12:34:56.123456789+05:30"),
            ZonedDateTime.parse("2024-07-01T00:00:00+02:00[Europe/Berlin]"),
            Duration.ofSeconds(-5, 7),
            new byte[] {0, -1},
            Double.NaN,
            (1L << 53) + 1,
            List.of(Map.of("p", new Point(1, 2))),
            new double[] {-0.0, Double.MIN_VALUE},
            Optional.of(new Point(3, 4)),
            Color.GREEN,
            Map.of(5, List.of("x")));
    assertThat(echo(sent, Everything.class))
        .usingRecursiveComparison()
        .withComparatorForType(Double::compare, Double.class)
        .isEqualTo(sent);
  }

  @Test
  void genericsOfRecordsAreBound() {
    assertThat(
            echo(
                List.of(Map.of("p", new Point(1, 2))),
                new TypeReference<List<Map<String, Point>>>() {}.getType()))
        .isEqualTo(List.of(Map.of("p", new Point(1, 2))));
  }

  @Test
  void aModuleOfTheUsersIsUsedBothWays() {
    SimpleModule module = new SimpleModule();
    module.addSerializer(
        Money.class,
        new StdSerializer<Money>(Money.class) {
          private static final long serialVersionUID = 1L;

          @Override
          public void serialize(Money value, JsonGenerator out, SerializerProvider provider)
              throws IOException {
            out.writeStartArray();
            out.writeNumber(value.amount);
            out.writeString(value.currency);
            out.writeEndArray();
          }
        });
    module.addDeserializer(
        Money.class,
        new StdDeserializer<Money>(Money.class) {
          private static final long serialVersionUID = 1L;

          @Override
          public Money deserialize(JsonParser in, DeserializationContext context)
              throws IOException {
            in.nextToken();
            BigDecimal amount = in.getDecimalValue();
            String currency = in.nextTextValue();
            in.nextToken();
            return new Money(amount, currency);
          }
        });
    ValueCodec codec =
        new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper().registerModule(module), false);
    PayloadBuffer out = new PayloadBuffer();
    List<Money> sent = List.of(new Money(new BigDecimal("1.50"), "EUR"));
    codec.encodeValue(out, sent, "result");
    byte[] bytes = Arrays.copyOf(out.array(), out.length());
    assertThat(Coding.decode(bytes)).isEqualTo(List.of(List.of(new BigDecimal("1.50"), "EUR")));
    assertThat(
            codec.decodeValue(
                bytes,
                0,
                bytes.length,
                codec.typeOf(new TypeReference<List<Money>>() {}.getType()),
                "result"))
        .isEqualTo(sent);
  }

  @Test
  void aBeanIsWrittenByItsGettersAndReadByItsSetters() {
    Bean bean = new Bean();
    bean.setName("n");
    bean.setParent(new Bean());
    assertThat(echo(bean))
        .isEqualTo(
            new LinkedHashMap<>(
                Map.of("name", "n", "parent", new LinkedHashMap<>(mapOfNulls("name", "parent")))));
    Bean back = (Bean) echo(bean, Bean.class);
    assertThat(back).isNotNull();
    assertThat(back.getName()).isEqualTo("n");
    assertThat(back.getParent()).isNotNull();
  }

  @Test
  void subtypesByNameKeepTheirEmbeddedValuesHoweverTheKeysAreOrdered() {
    Shape circle = new Circle(new BigDecimal("2.50"), UUID.randomUUID(), Set.of(1));
    assertThat(echo(circle, Shape.class)).isEqualTo(circle);
    Map<String, Object> reordered = new LinkedHashMap<>();
    reordered.put("radius", new BigDecimal("2.50"));
    reordered.put("id", new UUID(1, 2));
    reordered.put("tags", Set.of(1));
    reordered.put("kind", "circle");
    assertThat(echo(reordered, Shape.class))
        .isEqualTo(new Circle(new BigDecimal("2.50"), new UUID(1, 2), Set.of(1)));
  }

  @Test
  void noClassNameIsTakenFromData() {
    assertThatThrownBy(
            () -> echo(Map.of("@class", "java.util.ArrayList", "x", 1), ByClassName.class))
        .isInstanceOf(ValueException.class);
    assertThat(echo(List.of("java.util.ArrayList", List.of()), Object.class))
        .isEqualTo(List.of("java.util.ArrayList", List.of()));
  }

  private static Map<String, @Nullable Object> mapOfNulls(String... names) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (String name : names) {
      map.put(name, null);
    }
    return map;
  }

  record Money(BigDecimal amount, String currency) {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes(@JsonSubTypes.Type(value = Circle.class, name = "circle"))
  interface Shape {}

  record Circle(BigDecimal radius, UUID id, Set<Integer> tags) implements Shape {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
  interface ByClassName {}

  public static class Bean {
    private @Nullable String name;
    private @Nullable Bean parent;

    public @Nullable String getName() {
      return name;
    }

    public void setName(@Nullable String name) {
      this.name = name;
    }

    public @Nullable Bean getParent() {
      return parent;
    }

    public void setParent(@Nullable Bean parent) {
      this.parent = parent;
    }
  }

  enum Color {
    RED,
    GREEN
  }

  record Point(int x, long y) {}

  @SuppressWarnings("ArrayRecordComponent")
  record Everything(
      BigDecimal decimal,
      UUID id,
      OffsetDateTime offset,
      ZonedDateTime zoned,
      Duration duration,
      byte[] bytes,
      double nan,
      long large,
      List<Map<String, Point>> nested,
      double[] numbers,
      Optional<Point> optional,
      Color color,
      Map<Integer, List<String>> byNumber) {}
}
