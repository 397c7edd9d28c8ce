package dev.lockstep;

import dev.lockstep.wire.Limits;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A worker's configuration by the keys that web pages use: the script sees it as {@code config}.
 *
 * <p>Known are {@code interpreter}, {@code packages}, {@code packages_index}, {@code find_links},
 * {@code offline}, {@code files}, {@code env}, {@code path}, {@code sync_main_only}, {@code
 * threads}, {@code debug}, {@code limits} and {@code type}; see docs/configuration.md. Any other
 * key is the user's own, unless it is nearly one of these. What a builder's method says wins over
 * what the configuration says. Immutable.
 */
public final class WorkerConfig {
  private static final WorkerConfig EMPTY = new WorkerConfig(Map.of(), null);
  private final Map<String, @Nullable Object> values;
  private final @Nullable Path folder;

  private WorkerConfig(Map<String, @Nullable Object> values, @Nullable Path folder) {
    this.values = values;
    this.folder = folder;
  }

  /** No configuration. */
  public static WorkerConfig empty() {
    return EMPTY;
  }

  /** A builder for one. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * What a page's attribute holds: a JSON object, which begins with a brace, or the path of a JSON
   * or TOML file.
   *
   * @throws ConfigurationException naming the key or the place that is wrong
   */
  public static WorkerConfig parse(String jsonOrPath) {
    String text = jsonOrPath.strip();
    return text.startsWith("{") || text.startsWith("[") || text.isEmpty()
        ? of(ConfigText.json(text))
        : read(path(text));
  }

  /**
   * The configuration of a file, JSON or TOML by its ending. Relative paths in it begin at the
   * file's folder; those of any other configuration begin where this JVM was started.
   *
   * @throws ConfigurationException naming the file, and the key or the place that is wrong
   */
  public static WorkerConfig read(Path file) {
    Map<String, @Nullable Object> map = ConfigText.file(file);
    try {
      return of(map, file.toAbsolutePath().normalize().getParent());
    } catch (ConfigurationException e) {
      throw new ConfigurationException(e.getMessage() + " (file=" + file.toAbsolutePath() + ")");
    }
  }

  /**
   * The configuration of these keys.
   *
   * @throws ConfigurationException naming the key whose value is wrong, or that is misspelt
   */
  public static WorkerConfig of(Map<String, ? extends @Nullable Object> values) {
    return of(values, null);
  }

  private static WorkerConfig of(
      Map<String, ? extends @Nullable Object> values, @Nullable Path folder) {
    if (values.isEmpty()) {
      return EMPTY;
    }
    Map<String, @Nullable Object> copy = new LinkedHashMap<>();
    values.forEach((key, value) -> copy.put(key, frozen(value)));
    copy.forEach(ConfigKey::check);
    if (Boolean.TRUE.equals(copy.get("offline")) && copy.containsKey("packages_index")) {
      throw new ConfigurationException(
          "a configuration contradicts itself: offline=true, packages_index="
              + ConfigKey.WITH_PASSWORD
                  .matcher(String.valueOf(copy.get("packages_index")))
                  .replaceAll("://…@")
              + "; offline takes packages from find_links only: remove one of the two");
    }
    return new WorkerConfig(Collections.unmodifiableMap(copy), folder);
  }

  /** A copy that nobody changes any more. */
  private static @Nullable Object frozen(@Nullable Object value) {
    if (value instanceof List<?> list) {
      List<@Nullable Object> copy = new ArrayList<>();
      list.forEach(each -> copy.add(frozen(each)));
      return Collections.unmodifiableList(copy);
    }
    if (value instanceof Map<?, ?> map) {
      Map<@Nullable Object, @Nullable Object> copy = new LinkedHashMap<>();
      map.forEach((key, each) -> copy.put(key, frozen(each)));
      return Collections.unmodifiableMap(copy);
    }
    return value;
  }

  /** Whether the worker cannot call Java. */
  public boolean isSyncMainOnly() {
    return isSet(ConfigKey.SYNC_MAIN_ONLY);
  }

  /** All keys and values, unmodifiable. */
  public Map<String, @Nullable Object> asMap() {
    return values;
  }

  private @Nullable Object value(ConfigKey key) {
    return values.get(key.key());
  }

  private boolean isSet(ConfigKey key) {
    return Boolean.TRUE.equals(value(key));
  }

  @Nullable String interpreter() {
    String named = value(ConfigKey.INTERPRETER) instanceof String text ? text.strip() : null;
    return named != null && named.contains("/") ? resolve(named).toString() : named;
  }

  List<String> packages() {
    return ConfigKey.texts(value(ConfigKey.PACKAGES)).stream().map(String::strip).toList();
  }

  @Nullable String packagesIndex() {
    return value(ConfigKey.PACKAGES_INDEX) instanceof String text ? text : null;
  }

  List<String> findLinks() {
    return ConfigKey.texts(value(ConfigKey.FIND_LINKS)).stream()
        .map(text -> text.contains("://") ? text : resolve(text).toString())
        .toList();
  }

  boolean isOffline() {
    return isSet(ConfigKey.OFFLINE);
  }

  List<ConfigFiles.Entry> files() {
    Object files = value(ConfigKey.FILES);
    return files == null
        ? List.of()
        : ConfigFiles.parse(ConfigKey.requireTextMap(ConfigKey.FILES.key(), files));
  }

  Map<String, String> environment() {
    Object variables = value(ConfigKey.ENV);
    return variables == null ? Map.of() : ConfigKey.requireTextMap(ConfigKey.ENV.key(), variables);
  }

  List<Path> path() {
    return ConfigKey.texts(value(ConfigKey.PATH)).stream().map(this::resolve).toList();
  }

  /** 0 if nothing is said: plain exports run on Python's main thread then. */
  int threads() {
    return value(ConfigKey.THREADS) instanceof Number number ? number.intValue() : 0;
  }

  boolean isDebug() {
    return isSet(ConfigKey.DEBUG);
  }

  Limits limits() {
    return new ConfigLimits(value(ConfigKey.LIMITS)).limits();
  }

  int laneCapacityBytes() {
    return new ConfigLimits(value(ConfigKey.LIMITS)).laneCapacityBytes();
  }

  Duration startTimeout() {
    return new ConfigLimits(value(ConfigKey.LIMITS)).startTimeout();
  }

  Duration installTimeout() {
    return new ConfigLimits(value(ConfigKey.LIMITS)).installTimeout();
  }

  /** The path that a text of this configuration means. */
  Path resolve(String text) {
    Path path = path(text);
    return (folder == null ? path.toAbsolutePath() : folder.resolve(path)).normalize();
  }

  private static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new ConfigurationException(
          "this JVM cannot name a file: path="
              + text
              + ", "
              + e.getReason()
              + "; start it in a locale of UTF-8, as LC_ALL=C.UTF-8");
    }
  }

  @Override
  public String toString() {
    return values.toString();
  }

  /** A configuration key by key; not thread-safe. Wrong values are refused by {@link #build}. */
  public static final class Builder {
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();

    Builder() {}

    /** Any key, known or the user's own. */
    public Builder put(String key, @Nullable Object value) {
      values.put(key, value);
      return this;
    }

    /** A path, a name on PATH, or a version such as {@code 3.12} among those installed. */
    public Builder interpreter(String interpreter) {
      return put(ConfigKey.INTERPRETER.key(), interpreter);
    }

    /** Adds requirements, as {@code numpy>=2}, or paths of wheels. */
    public Builder packages(String... requirements) {
      addTo(ConfigKey.PACKAGES, List.of(requirements));
      return this;
    }

    /** The package index to use; default: that of the installer. */
    public Builder packagesIndex(String url) {
      return put(ConfigKey.PACKAGES_INDEX.key(), url);
    }

    /** Adds a folder with wheels. */
    public Builder findLinks(Path folder) {
      addTo(ConfigKey.FIND_LINKS, List.of(folder.toString()));
      return this;
    }

    /** Whether packages come from {@code findLinks} only; default: no. */
    public Builder offline(boolean offline) {
      return put(ConfigKey.OFFLINE.key(), offline);
    }

    /** Adds a file, folder or archive for the worker's own folder; see docs/configuration.md. */
    public Builder file(String source, String target) {
      putInto(ConfigKey.FILES, source, target);
      return this;
    }

    /** Adds a variable to the worker's environment. */
    public Builder env(String name, String value) {
      putInto(ConfigKey.ENV, name, value);
      return this;
    }

    /** Adds an entry to {@code sys.path}. */
    public Builder path(Path entry) {
      addTo(ConfigKey.PATH, List.of(entry.toString()));
      return this;
    }

    /** Whether the worker cannot call Java; default: no. */
    public Builder syncMainOnly(boolean syncMainOnly) {
      return put(ConfigKey.SYNC_MAIN_ONLY.key(), syncMainOnly);
    }

    /** On how many threads plain exports run; default: on Python's main thread. */
    public Builder threads(int threads) {
      return put(ConfigKey.THREADS.key(), threads);
    }

    /** Whether Python runs in its development mode; default: no. */
    public Builder debug(boolean debug) {
      return put(ConfigKey.DEBUG.key(), debug);
    }

    /** Adds a limit, as {@code max_queued}. */
    public Builder limit(String name, int value) {
      putInto(ConfigKey.LIMITS, name, value);
      return this;
    }

    /**
     * Behind what {@link #put} has put there, which may be one text; anything else {@link #build}
     * refuses.
     */
    private void addTo(ConfigKey key, List<String> more) {
      List<@Nullable Object> all = new ArrayList<>();
      Object there = values.get(key.key());
      if (there instanceof List<?> list) {
        all.addAll(list);
      } else if (there != null) {
        all.add(there);
      }
      all.addAll(more);
      values.put(key.key(), all);
    }

    private void putInto(ConfigKey key, String name, Object value) {
      Map<@Nullable Object, @Nullable Object> all = new LinkedHashMap<>();
      Object there = values.get(key.key());
      if (there instanceof Map<?, ?> map) {
        all.putAll(map);
      } else if (there != null) {
        throw ConfigKey.wrong(key.key(), there, "a table");
      }
      all.put(name, value);
      values.put(key.key(), all);
    }

    /**
     * The configuration.
     *
     * @throws ConfigurationException naming the key whose value is wrong, or that is misspelt
     */
    public WorkerConfig build() {
      return of(values);
    }
  }
}
