package dev.lockstep;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The keys that a configuration knows, each with what it takes. */
enum ConfigKey {
  TYPE(ConfigKey::requireType),
  INTERPRETER(ConfigKey::requireInterpreter),
  PACKAGES(ConfigKey::requirePackages),
  PACKAGES_INDEX((at, value) -> requireUrl(at, requireText(at, value))),
  FIND_LINKS((at, value) -> requireTexts(at, value)),
  OFFLINE(ConfigKey::requireBoolean),
  FILES((at, value) -> ConfigFiles.parse(requireTextMap(at, value))),
  ENV(ConfigKey::requireEnvironment),
  PATH((at, value) -> requireTexts(at, value)),
  SYNC_MAIN_ONLY(ConfigKey::requireBoolean),
  THREADS((at, value) -> requireWhole(at, value, 1, 256)),
  DEBUG(ConfigKey::requireBoolean),
  LIMITS(ConfigLimits::check);

  /** What pages have that there is nothing of here, with what to do instead. */
  private static final Map<String, String> OF_PAGES =
      Map.of(
          "fetch", "use files, from where to where",
          "js_modules", "there is no JavaScript here; expose a Java function and call it by sync",
          "js_main_only", "use sync_main_only");

  /** What stands before the host of a URL: it ends in logs otherwise. */
  static final Pattern WITH_PASSWORD = Pattern.compile("://[^/@\\s]+@");

  private static final int SHOWN_CHARACTERS = 200;

  @SuppressWarnings("ImmutableEnumChecker") // Each is a function without state.
  private final Check check;

  /** Throws a {@link ConfigurationException} that names the place. */
  interface Check {
    void of(String at, @Nullable Object value);
  }

  ConfigKey(Check check) {
    this.check = check;
  }

  /** As it is written in a configuration. */
  String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Stream<String> keys() {
    return Arrays.stream(values()).map(ConfigKey::key);
  }

  /** Refuses a wrong value of a known key, and a slip; any other key is the user's own. */
  static void check(String key, @Nullable Object value) {
    for (ConfigKey known : values()) {
      if (known.key().equals(key)) {
        known.check.of(key, value);
        return;
      }
    }
    String instead = OF_PAGES.get(key);
    if (instead != null) {
      throw new ConfigurationException(
          "a configuration has a key that only pages have: key=" + key + "; " + instead);
    }
    String meant = NearMiss.of(key, keys());
    if (meant != null) {
      throw new ConfigurationException(
          "a configuration has an unknown key: key="
              + key
              + ", meant: "
              + meant
              + "; correct it, or name a key of your own less alike (known: "
              + keys().collect(Collectors.joining(", "))
              + ")");
    }
  }

  static ConfigurationException wrong(String at, @Nullable Object value, String allowed) {
    String shown = value instanceof String text ? '"' + text + '"' : String.valueOf(value);
    shown = WITH_PASSWORD.matcher(shown).replaceAll("://…@");
    if (shown.length() > SHOWN_CHARACTERS) {
      shown = shown.substring(0, SHOWN_CHARACTERS) + "…";
    }
    return new ConfigurationException(
        "a configuration's value is wrong: key="
            + at
            + ", value="
            + shown
            + ", allowed: "
            + allowed);
  }

  static String requireText(String at, @Nullable Object value) {
    if (!(value instanceof String text) || text.indexOf('\0') >= 0) {
      throw wrong(at, value, "a text");
    }
    return text;
  }

  private static void requireBoolean(String at, @Nullable Object value) {
    if (!(value instanceof Boolean)) {
      throw wrong(at, value, "true or false");
    }
  }

  static int requireWhole(String at, @Nullable Object value, int least, int most) {
    if (!(value instanceof Integer || value instanceof Long)
        || ((Number) value).longValue() < least
        || ((Number) value).longValue() > most) {
      throw wrong(at, value, "a whole number from " + least + " to " + most);
    }
    return ((Number) value).intValue();
  }

  private static List<String> requireTexts(String at, @Nullable Object value) {
    if (value instanceof String one && !one.isBlank()) {
      return List.of(one);
    }
    if (!(value instanceof List<?> list)) {
      throw wrong(at, value, "a list of texts");
    }
    for (int i = 0; i < list.size(); i++) {
      if (requireText(at + "[" + i + "]", list.get(i)).isBlank()) {
        throw wrong(at + "[" + i + "]", list.get(i), "a text that is not empty");
      }
    }
    return list.stream().map(Objects::requireNonNull).map(String.class::cast).toList();
  }

  static List<String> texts(@Nullable Object value) {
    return value == null ? List.of() : requireTexts("", value);
  }

  static Map<String, String> requireTextMap(String at, @Nullable Object value) {
    if (!(value instanceof Map<?, ?> map)) {
      throw wrong(at, value, "a table of texts");
    }
    map.forEach((name, text) -> requireText(at + "[\"" + name + "\"]", text));
    @SuppressWarnings(
        "unchecked") // As just looked at; the keys come from JSON or are checked there.
    Map<String, String> checked = (Map<String, String>) map;
    return checked;
  }

  private static void requireEnvironment(String at, @Nullable Object value) {
    requireTextMap(at, value)
        .forEach(
            (name, text) -> {
              if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
                throw wrong(at, name, "names of variables, which are not empty and have no =");
              }
            });
  }

  private static void requirePackages(String at, @Nullable Object value) {
    if (value instanceof String) {
      throw wrong(at, value, "a list of texts");
    }
    List<String> packages = requireTexts(at, value);
    for (int i = 0; i < packages.size(); i++) {
      String requirement = packages.get(i).strip();
      if (requirement.startsWith("-") || requirement.indexOf('\n') >= 0) {
        throw wrong(
            at + "[" + i + "]",
            requirement,
            "a requirement such as \"numpy\", \"numpy>=2\" or the path of a wheel; options have keys"
                + " of their own: packages_index, find_links, offline");
      }
    }
  }

  private static void requireUrl(String at, String text) {
    if (!text.matches("(https?|file)://\\S+")) {
      throw wrong(at, text, "a URL of an index such as \"https://pypi.org/simple\"");
    }
  }

  private static void requireInterpreter(String at, @Nullable Object value) {
    String text = requireText(at, value);
    if (text.isBlank() || text.contains("://")) {
      throw wrong(
          at, value, "a version such as \"3.12\", a name on PATH such as \"pypy3\", or a path");
    }
  }

  private static void requireType(String at, @Nullable Object value) {
    if (!(value instanceof String text)) {
      throw wrong(at, value, "a text such as \"py\"");
    }
    try {
      WorkerType.parse(text).requireSupported();
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("a configuration's type cannot be used: " + e.getMessage());
    }
  }
}
