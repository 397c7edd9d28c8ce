package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.CODEC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.wire.Limits;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The payload of a call: name, arguments, keywords. */
class CallPayloadTest {
  private static final EncodedName NAME = EncodedName.of("größe.of", Limits.DEFAULT);

  private static CallReader reader(Map<String, ?> keywords, @Nullable Object... arguments) {
    PayloadBuffer out = new PayloadBuffer();
    out.putByte(0);
    CODEC.encodeCall(out, NAME, arguments, keywords);
    return CODEC.readCall(out.array(), 1, out.length() - 1, !keywords.isEmpty());
  }

  private static CallReader reader(String hex, boolean keywords) {
    byte[] bytes = HexFormat.of().parseHex(hex);
    return CODEC.readCall(bytes, 0, bytes.length, keywords);
  }

  @Test
  void theNameIsFoundWithoutMakingAString() {
    NameTable<String> table = new NameTable<>();
    for (int i = 0; i < 100; i++) {
      table.put("f" + i, "value " + i);
    }
    assertThat(reader(Map.of()).nameIn(table)).isNull();
    table.put("größe.of", "found");
    CallReader reader = reader(Map.of());
    assertThat(reader.nameIn(table)).isEqualTo("found");
    assertThat(reader.name()).isEqualTo("größe.of");
    assertThat(reader.matches(NAME)).isTrue();
    assertThat(reader.matches(EncodedName.of("other", Limits.DEFAULT))).isFalse();
    assertThat(table.get("f7")).isEqualTo("value 7");
    assertThat(table.remove("f7")).isEqualTo("value 7");
    assertThat(table.get("f7")).isNull();
    assertThat(table.names()).hasSize(100).endsWith("größe.of");
    assertThat(table.put("f8", "new")).isEqualTo("value 8");
  }

  @Test
  void argumentsAndKeywordsArriveInOrderAndByType() {
    ValueType[] types = {CODEC.typeOf(long.class), CODEC.typeOf(String.class)};
    CallReader reader = reader(Map.of("x", List.of(1)), 7, "text");
    assertThat(reader.argumentCount()).isEqualTo(2);
    assertThat(reader.arguments(types)).containsExactly(7L, "text");
    assertThat(reader.keywords()).isEqualTo(Map.of("x", List.of(1)));
    assertThat(reader(Map.of(), 1, null).arguments()).containsExactly(1, null);
    assertThat(reader(Map.of()).arguments()).isEmpty();
  }

  @Test
  void anotherNumberOfArgumentsIsSaidWithBothNumbers() {
    ValueType[] one = {CODEC.typeOf(Object.class)};
    assertThatThrownBy(() -> reader(Map.of(), 1, 2).arguments(one))
        .isInstanceOf(WrongArityException.class)
        .hasMessage("wrong number of arguments: expected=1, actual=2");
    assertThatThrownBy(() -> reader(Map.of()).arguments(one))
        .isInstanceOf(WrongArityException.class);
  }

  @Test
  void anArgumentThatDoesNotFitIsNamed() {
    ValueType[] types = {CODEC.typeOf(Object.class), CODEC.typeOf(int.class)};
    assertThatThrownBy(() -> reader(Map.of(), 1, "x").arguments(types))
        .isInstanceOfSatisfying(
            ValueException.class, e -> assertThat(e.path()).isEqualTo("args[1]"));
    Object deep = 0;
    for (int i = 0; i < 64; i++) {
      deep = List.of(deep);
    }
    assertThat(reader(Map.of(), deep).arguments()).containsExactly(deep);
  }

  @Test
  void argumentsOfIndefiniteLengthAreRead() {
    CallReader reader = reader("61669f0102ff", false);
    assertThat(reader.argumentCount()).isEqualTo(2);
    assertThat(reader.arguments()).containsExactly(1, 2);
  }

  @Test
  void everyMalformedCallIsRefused() {
    for (String hex :
        List.of(
            "", "60", "01", "7f6166ff80", "61ff80", "6166", "616601", "6166a0", "61669affffffff")) {
      assertThatThrownBy(() -> reader(hex, false).arguments())
          .as(hex)
          .isInstanceOf(MalformedValueException.class);
    }
    assertThatThrownBy(() -> reader("61668000", false).arguments())
        .hasMessageContaining("bytes after the value");
    for (String hex : List.of("616680", "61668001", "616680a10101", "616680a0f6")) {
      assertThatThrownBy(
              () -> {
                CallReader reader = reader(hex, true);
                reader.arguments();
                reader.keywords();
              })
          .as(hex)
          .isInstanceOf(MalformedValueException.class);
    }
    byte[] longName = Arrays.copyOf(HexFormat.of().parseHex("790401"), 3 + 1025 + 1);
    Arrays.fill(longName, 3, 3 + 1025, (byte) 'x');
    assertThatThrownBy(() -> CODEC.readCall(longName, 0, longName.length, false))
        .hasMessageContaining("bytes=1025, allowed=1 to 1024");
  }

  @Test
  void aNameIsOneToSoManyBytesOfTextWithoutLoneSurrogates() {
    for (String name : List.of("", "x".repeat(1025), "ü".repeat(513), "\ud800")) {
      assertThatThrownBy(() -> EncodedName.of(name, Limits.DEFAULT))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(EncodedName.of("x".repeat(1024), Limits.DEFAULT).text()).hasSize(1024);
  }

  @Test
  void aBufferIsSmallAgainAfterAGiantMessage() {
    PayloadBuffer out = new PayloadBuffer();
    CODEC.encodeValue(out, new byte[3_000_000], "result");
    assertThat(out.array().length).isGreaterThanOrEqualTo(3_000_000);
    out.reset();
    assertThat(out.array().length).isLessThan(10_000);
    assertThat(out.length()).isZero();
  }
}
