package dev.lockstep;

import dev.lockstep.wire.Limits;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The key {@code limits} of a configuration: what is not named there has its default. */
final class ConfigLimits {
  static final String AT = "limits";
  private static final String LANE_CAPACITY_BYTES = "lane_capacity_bytes";
  private static final String START_SECONDS = "start_seconds";
  private static final String INSTALL_SECONDS = "install_seconds";
  private static final int LEAST_LANE_BYTES = 64 * 1024;
  private static final int MOST_LANE_BYTES = 256 * 1024 * 1024;
  private static final int MOST_DEPTH = 0xFFFF;
  private static final int DAY_SECONDS = 24 * 60 * 60;

  /** Drafts of environments that are an hour old are taken for a dead maker's. */
  private static final int MOST_INSTALL_SECONDS = 50 * 60;

  private static final Duration INSTALL_DEFAULT = Duration.ofMinutes(10);

  private static final List<String> KNOWN =
      List.of(
          "max_message_bytes",
          "max_depth",
          "max_nesting",
          "max_items",
          "max_integer_bytes",
          "max_name_bytes",
          "max_queued",
          LANE_CAPACITY_BYTES,
          START_SECONDS,
          INSTALL_SECONDS);

  private final Map<?, ?> values;

  ConfigLimits(@Nullable Object values) {
    this.values = values instanceof Map<?, ?> map ? map : Map.of();
  }

  static void check(String at, @Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw ConfigKey.wrong(at, value, "a table of whole numbers");
    }
    map.forEach((key, limit) -> check(at + "." + key, String.valueOf(key), limit));
  }

  private static void check(String at, String key, @Nullable Object limit) {
    switch (key) {
      case LANE_CAPACITY_BYTES -> {
        int bytes = ConfigKey.requireWhole(at, limit, LEAST_LANE_BYTES, MOST_LANE_BYTES);
        if (Integer.bitCount(bytes) != 1) {
          throw ConfigKey.wrong(at, limit, "a power of two");
        }
      }
      case START_SECONDS -> ConfigKey.requireWhole(at, limit, 1, DAY_SECONDS);
      case INSTALL_SECONDS -> ConfigKey.requireWhole(at, limit, 1, MOST_INSTALL_SECONDS);
      case "max_depth" -> ConfigKey.requireWhole(at, limit, 1, MOST_DEPTH);
      default -> {
        if (!KNOWN.contains(key)) {
          throw new ConfigurationException(
              "a configuration has an unknown limit: key="
                  + at
                  + ", known: "
                  + String.join(", ", KNOWN));
        }
        ConfigKey.requireWhole(at, limit, 1, Integer.MAX_VALUE);
      }
    }
  }

  private int value(String key, int otherwise) {
    return values.get(key) instanceof Number number ? number.intValue() : otherwise;
  }

  Limits limits() {
    Limits otherwise = Limits.DEFAULT;
    return values.isEmpty()
        ? otherwise
        : new Limits(
            value("max_message_bytes", otherwise.maxMessageBytes()),
            value("max_depth", otherwise.maxDepth()),
            value("max_nesting", otherwise.maxNesting()),
            value("max_items", otherwise.maxItems()),
            value("max_integer_bytes", otherwise.maxIntegerBytes()),
            value("max_name_bytes", otherwise.maxNameBytes()),
            value("max_queued", otherwise.maxQueued()));
  }

  int laneCapacityBytes() {
    return value(LANE_CAPACITY_BYTES, Limits.DEFAULT_LANE_CAPACITY_BYTES);
  }

  Duration startTimeout() {
    int seconds = value(START_SECONDS, 0);
    return seconds == 0
        ? Duration.ofMillis(Limits.START_DEADLINE_MILLIS)
        : Duration.ofSeconds(seconds);
  }

  Duration installTimeout() {
    int seconds = value(INSTALL_SECONDS, 0);
    return seconds == 0 ? INSTALL_DEFAULT : Duration.ofSeconds(seconds);
  }
}
