package dev.lockstep;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.toml.TomlFactory;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Configurations as text: JSON and TOML. Their readers are made on first need: few are needed. */
final class ConfigText {
  private static final long LONGEST_FILE_BYTES = 16L * 1024 * 1024;
  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder().maxDocumentLength(LONGEST_FILE_BYTES).build();

  private ConfigText() {}

  private static final class Json {
    static final ObjectReader READER =
        reader(
            new ObjectMapper(
                JsonFactory.builder()
                    .streamReadConstraints(CONSTRAINTS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build()));
  }

  private static final class Toml {
    /** Keys that are there twice are refused by the grammar of TOML itself. */
    static final ObjectReader READER =
        reader(new ObjectMapper(TomlFactory.builder().streamReadConstraints(CONSTRAINTS).build()));
  }

  private static ObjectReader reader(ObjectMapper mapper) {
    return mapper
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .readerFor(new TypeReference<LinkedHashMap<String, Object>>() {});
  }

  static Map<String, @Nullable Object> json(String text) {
    return read(Json.READER, text, "a configuration is not a JSON object: ");
  }

  /** JSON or TOML, by the file's ending. */
  static Map<String, @Nullable Object> file(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    boolean toml = name.endsWith(".toml");
    if (!toml && !name.endsWith(".json")) {
      throw new ConfigurationException(
          "a configuration's format is told by the file's ending: file="
              + file.toAbsolutePath()
              + ", allowed: .json, .toml; an inline configuration is JSON and begins with {");
    }
    return read(
        toml ? Toml.READER : Json.READER,
        text(file),
        "a configuration is not "
            + (toml ? "TOML" : "a JSON object")
            + ": file="
            + file.toAbsolutePath()
            + ", ");
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > LONGEST_FILE_BYTES) {
        throw new ConfigurationException(
            "a configuration is too long: file="
                + file.toAbsolutePath()
                + ", bytes="
                + Files.size(file)
                + ", allowed="
                + LONGEST_FILE_BYTES);
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new ConfigurationException(
          "there is no such configuration: file="
              + file.toAbsolutePath()
              + "; correct the path (a relative one begins at "
              + Path.of("").toAbsolutePath()
              + ")");
    } catch (MalformedInputException e) {
      throw new ConfigurationException(
          "a configuration is not UTF-8: file=" + file.toAbsolutePath());
    } catch (IOException e) {
      throw new ConfigurationException(
          "a configuration cannot be read: file=" + file.toAbsolutePath() + ", " + e);
    }
  }

  private static Map<String, @Nullable Object> read(
      ObjectReader reader, String text, String problem) {
    try (JsonParser parser = reader.createParser(text)) {
      Map<String, @Nullable Object> map = reader.readValue(parser);
      if (map == null) {
        throw new ConfigurationException(problem + "it is " + text.strip());
      }
      return map;
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(problem + e.getOriginalMessage() + at(e.getLocation()));
    } catch (IOException e) {
      throw new ConfigurationException(problem + e);
    }
  }

  private static String at(@Nullable JsonLocation location) {
    return location == null
        ? ""
        : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
  }
}
