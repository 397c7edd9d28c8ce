package dev.lockstep.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Words of a command line as the arguments of a Python function: {@code name=value} is a keyword
 * argument, anything else a positional one; a value is JSON if it parses as JSON, else text.
 *
 * @param positional values in the order in which they were written
 * @param keywords values by name, in the order in which they were written
 */
record CommandArguments(List<@Nullable Object> positional, Map<String, @Nullable Object> keywords) {
  private static final Pattern KEYWORD =
      Pattern.compile("([\\p{L}_][\\p{L}\\p{N}_]*)=(.*)", Pattern.DOTALL);
  private static final Pattern NUMBER = Pattern.compile("-[0-9.].*");

  private static final Map<String, @Nullable Object> PYTHON_CONSTANTS = pythonConstants();

  private static final ObjectReader JSON =
      new ObjectMapper()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .readerFor(Object.class);

  /**
   * Reads the words.
   *
   * @throws WrongUseException for a keyword that is given twice, a positional argument after a
   *     keyword, and a word that looks like an option that does not exist
   */
  static CommandArguments parse(List<String> words) {
    List<@Nullable Object> positional = new ArrayList<>();
    Map<String, @Nullable Object> keywords = new LinkedHashMap<>();
    for (String word : words) {
      Matcher keyword = KEYWORD.matcher(word);
      if (keyword.matches()) {
        String name = keyword.group(1);
        if (keywords.containsKey(name)) {
          throw new WrongUseException("an argument is given twice: name=" + name);
        }
        keywords.put(name, value(keyword.group(2)));
      } else if (word.startsWith("-") && !NUMBER.matcher(word).matches()) {
        throw new WrongUseException(
            "unknown option: "
                + word
                + " (a text that begins with a dash is written as JSON: '\""
                + word
                + "\"')");
      } else if (!keywords.isEmpty()) {
        throw new WrongUseException(
            "a positional argument follows a keyword argument: argument=" + word);
      } else {
        positional.add(value(word));
      }
    }
    return new CommandArguments(positional, keywords);
  }

  /**
   * One value. Python's spellings of true, false and null count too: as text they would be true.
   */
  static @Nullable Object value(String text) {
    if (PYTHON_CONSTANTS.containsKey(text)) {
      return PYTHON_CONSTANTS.get(text);
    }
    try {
      return text.isBlank() ? text : JSON.readValue(text);
    } catch (JsonProcessingException notJson) {
      return text;
    }
  }

  private static Map<String, @Nullable Object> pythonConstants() {
    Map<String, @Nullable Object> constants = new LinkedHashMap<>();
    constants.put("True", true);
    constants.put("False", false);
    constants.put("None", null);
    return constants;
  }
}
