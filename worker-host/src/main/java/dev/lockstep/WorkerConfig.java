package dev.lockstep;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A worker's configuration by the keys that web pages use: the script sees it as {@code config}.
 *
 * <p>This version knows {@code sync_main_only} (true or false: the worker cannot call Java, and is
 * lighter and faster for it) and {@code type} ({@code py}). Immutable.
 */
public final class WorkerConfig {
  private static final WorkerConfig EMPTY = new WorkerConfig(Map.of());
  private static final String KNOWN = "known: sync_main_only, type";
  private final Map<String, @Nullable Object> values;

  private WorkerConfig(Map<String, @Nullable Object> values) {
    this.values = values;
  }

  /** No configuration. */
  public static WorkerConfig empty() {
    return EMPTY;
  }

  /** Made on first need: most workers are configured without JSON. */
  private static final class Json {
    static final ObjectReader READER =
        new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .readerFor(new TypeReference<LinkedHashMap<String, Object>>() {})
            .with(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
  }

  /**
   * The configuration of a JSON object.
   *
   * @throws ConfigurationException naming the key or the place that is wrong
   */
  public static WorkerConfig parse(String json) {
    try {
      Map<String, @Nullable Object> map = Json.READER.readValue(json);
      return of(map);
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "a configuration is not a JSON object: " + e.getOriginalMessage());
    }
  }

  /**
   * The configuration of a JSON file.
   *
   * @throws ConfigurationException naming the file
   */
  public static WorkerConfig read(Path file) {
    String json;
    try {
      json = Files.readString(file);
    } catch (IOException e) {
      throw new ConfigurationException(
          "a configuration cannot be read: file=" + file.toAbsolutePath() + ", " + e);
    }
    return parse(json);
  }

  /**
   * The configuration of these keys.
   *
   * @throws ConfigurationException naming the key that is unknown or whose value is wrong
   */
  public static WorkerConfig of(Map<String, ? extends @Nullable Object> values) {
    values.forEach(WorkerConfig::check);
    return new WorkerConfig(Collections.unmodifiableMap(new LinkedHashMap<>(values)));
  }

  private static void check(String key, @Nullable Object value) {
    switch (key) {
      case "sync_main_only" -> {
        if (!(value instanceof Boolean)) {
          throw wrong(key, value, "true or false");
        }
      }
      case "type" -> {
        if (!(value instanceof String text)) {
          throw wrong(key, value, "a text such as \"py\"");
        }
        try {
          WorkerType.parse(text).requireSupported();
        } catch (IllegalArgumentException e) {
          throw new ConfigurationException(
              "a configuration's type cannot be used: " + e.getMessage());
        }
      }
      case "threads", "packages", "files", "env", "fetch", "paths" ->
          throw new ConfigurationException(
              "a configuration's key is not supported by this version: key="
                  + key
                  + "; remove it ("
                  + KNOWN
                  + ")");
      default ->
          throw new ConfigurationException(
              "a configuration has an unknown key: key=" + key + ", " + KNOWN);
    }
  }

  private static ConfigurationException wrong(String key, @Nullable Object value, String allowed) {
    return new ConfigurationException(
        "a configuration's value is wrong: key="
            + key
            + ", value="
            + value
            + ", allowed: "
            + allowed);
  }

  /** Whether the worker cannot call Java. */
  public boolean isSyncMainOnly() {
    return Boolean.TRUE.equals(values.get("sync_main_only"));
  }

  /** All keys and values, unmodifiable. */
  public Map<String, @Nullable Object> asMap() {
    return values;
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
