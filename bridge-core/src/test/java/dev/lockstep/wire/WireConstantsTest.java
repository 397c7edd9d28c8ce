package dev.lockstep.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Java's constants and {@code wire-constants.properties}, the list that every language is tested
 * against, hold the same numbers under the same names, with nothing missing on either side.
 */
class WireConstantsTest {
  /** What is computed from listed numbers, or says nothing about bytes on the wire. */
  private static final Set<String> NOT_LISTED =
      Set.of("FrameFlags.ALL", "ProtocolVersion.WORD", "FrameLayout.FRAGMENT_TOTAL_BYTES");

  @Test
  void everyListedNumberIsAConstantOfThatNameAndEveryConstantIsListed() {
    assertThat(constants()).containsExactlyInAnyOrderEntriesOf(listed());
  }

  @Test
  void theTotalLengthInAFirstFragmentIsAnUnsignedLong() {
    assertThat(FrameLayout.FRAGMENT_TOTAL_BYTES).isEqualTo(Long.BYTES);
  }

  @Test
  void magicReadsLockstepInTheFile() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Long.BYTES; i++) {
      text.append((char) (SegmentLayout.MAGIC >>> (8 * i) & 0xFF));
    }
    assertThat(text).hasToString("LOCKSTEP");
  }

  @Test
  void theVersionWordIsMajorAboveMinor() {
    assertThat(ProtocolVersion.WORD).isEqualTo(ProtocolVersion.MAJOR << 16 | ProtocolVersion.MINOR);
    assertThat(ProtocolVersion.text(ProtocolVersion.WORD))
        .isEqualTo(ProtocolVersion.MAJOR + "." + ProtocolVersion.MINOR);
  }

  @Test
  void anotherMinorVersionIsCompatibleAndAnotherMajorOneIsNot() {
    assertThat(ProtocolVersion.isCompatible(ProtocolVersion.WORD + 1)).isTrue();
    assertThat(ProtocolVersion.isCompatible(ProtocolVersion.WORD + (1 << 16))).isFalse();
    assertThat(ProtocolVersion.isCompatible(0)).isFalse();
  }

  @Test
  void wordsThatAreWrittenWhileCallsRunNeverShareTwoCacheLines() {
    int[] words = {
      LaneLayout.HEAD_OFFSET,
      LaneLayout.TAIL_OFFSET,
      LaneLayout.DATA_SIGNAL_OFFSET,
      LaneLayout.SPACE_SIGNAL_OFFSET,
      LaneLayout.BYTES
    };
    for (int i = 1; i < words.length; i++) {
      assertThat(words[i] - words[i - 1]).isGreaterThanOrEqualTo(128);
      assertThat(words[i] % 128).isZero();
    }
    assertThat(SegmentLayout.TO_WORKER_LANE_OFFSET % 128).isZero();
    assertThat(SegmentLayout.TO_HOST_LANE_OFFSET + LaneLayout.BYTES)
        .isLessThanOrEqualTo(SegmentLayout.HEADER_BYTES);
  }

  private static Map<String, Long> constants() {
    Map<String, Long> found = new TreeMap<>();
    collect(found, ProtocolVersion.class, "version.");
    collect(found, SegmentLayout.class, "segment.");
    collect(found, LaneLayout.class, "lane.");
    collect(found, FrameLayout.class, "frame.");
    collect(found, FrameKind.class, "kind.");
    collect(found, FrameFlags.class, "flag.");
    collect(found, Limits.class, "limit.");
    found.put("limit.maxMessageBytes", (long) Limits.DEFAULT.maxMessageBytes());
    found.put("limit.maxDepth", (long) Limits.DEFAULT.maxDepth());
    found.put("limit.maxNesting", (long) Limits.DEFAULT.maxNesting());
    found.put("limit.maxItems", (long) Limits.DEFAULT.maxItems());
    found.put("limit.maxIntegerBytes", (long) Limits.DEFAULT.maxIntegerBytes());
    found.put("limit.maxNameBytes", (long) Limits.DEFAULT.maxNameBytes());
    found.put("limit.maxQueued", (long) Limits.DEFAULT.maxQueued());
    return found;
  }

  private static void collect(Map<String, Long> found, Class<?> owner, String prefix) {
    for (Field field : owner.getDeclaredFields()) {
      int modifiers = field.getModifiers();
      boolean isNumber = field.getType() == int.class || field.getType() == long.class;
      if (!Modifier.isStatic(modifiers)
          || !isNumber
          || NOT_LISTED.contains(owner.getSimpleName() + '.' + field.getName())) {
        continue;
      }
      try {
        found.put(propertyName(prefix, field.getName()), field.getLong(null));
      } catch (IllegalAccessException e) {
        throw new AssertionError("constant is not public: " + field, e);
      }
    }
  }

  private static String propertyName(String prefix, String constant) {
    if (constant.startsWith("HOST_") && !constant.endsWith("_OFFSET")) {
      return "hostState." + camel(constant.substring("HOST_".length()));
    }
    if (constant.startsWith("WORKER_") && !constant.endsWith("_OFFSET")) {
      return "workerState." + camel(constant.substring("WORKER_".length()));
    }
    if (constant.startsWith("SIGNAL_")) {
      return "signal." + camel(constant.substring("SIGNAL_".length()));
    }
    if (constant.startsWith("FLAG_")) {
      return prefix + "flag." + camel(constant.substring("FLAG_".length()));
    }
    if (constant.endsWith("_OFFSET")) {
      String word = constant.substring(0, constant.length() - "_OFFSET".length());
      return prefix + "offset." + camel(word);
    }
    String word =
        constant.replaceFirst("^DEFAULT_", "").replaceFirst("_CAPACITY_BYTES$", "_CAPACITY");
    return prefix + camel(prefix.equals("limit.") ? constant.replaceFirst("^DEFAULT_", "") : word);
  }

  private static String camel(String upperCase) {
    StringBuilder text = new StringBuilder();
    for (String part : upperCase.toLowerCase(Locale.ROOT).split("_", -1)) {
      boolean isFirst = text.isEmpty();
      text.append(isFirst ? part : Character.toUpperCase(part.charAt(0)) + part.substring(1));
    }
    return text.toString();
  }

  private static Map<String, Long> listed() {
    Properties properties = new Properties();
    try (InputStream in =
        WireConstantsTest.class.getResourceAsStream("/wire-constants.properties")) {
      assertThat(in).as("wire-constants.properties on the class path").isNotNull();
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, Long> found = new TreeMap<>();
    properties.forEach((key, value) -> found.put((String) key, Long.valueOf((String) value)));
    return found;
  }
}
