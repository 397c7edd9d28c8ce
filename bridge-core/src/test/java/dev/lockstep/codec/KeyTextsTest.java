package dev.lockstep.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Keys that are found again are the keys that came, whatever else has come before. */
class KeyTextsTest {
  private final KeyTexts keys = new KeyTexts();

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void keep(String text) {
    byte[] bytes = utf8(text);
    keys.keep(bytes, 0, bytes.length, text);
  }

  private @Nullable String find(String text) {
    byte[] bytes = utf8("ab" + text + "c");
    return keys.find(bytes, 2, bytes.length - 3);
  }

  @Test
  void aKeptTextIsFoundWhereverItsBytesStand() {
    String kept = new String("name");
    keep(kept);
    assertThat(find("name")).isSameAs(kept);
    assertThat(find("namE")).isNull();
    assertThat(find("nam")).isNull();
  }

  @Test
  void textsOfOneSlotAreToldApart() {
    // First, middle and last byte are the same.
    keep("axbyc");
    assertThat(find("azbzc")).isNull();
    keep("azbzc");
    assertThat(find("azbzc")).isEqualTo("azbzc");
    assertThat(find("axbyc")).isNull();
  }

  @Test
  void onlyAsciiIsKept() {
    keep("größe");
    assertThat(find("größe")).isNull();
  }

  @Test
  void mapsOfAnyKeysArriveAsTheyWereTwice() {
    List<Map<Object, Object>> maps = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      Map<Object, Object> map = new LinkedHashMap<>();
      map.put("k" + i, i);
      map.put("ключ" + i, "x");
      map.put("a" + "b".repeat(i % 40) + "c", null);
      map.put("", i);
      map.put(i, "number");
      maps.add(map);
    }
    assertThat(Coding.echo(maps, Object.class)).isEqualTo(maps);
    assertThat(Coding.echo(maps, Object.class)).isEqualTo(maps);
  }
}
