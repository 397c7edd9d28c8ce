package dev.lockstep;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keyword arguments of a call: the last argument of {@link Sync#call}, or the last parameter of a
 * Java function that Python calls.
 *
 * <p>Immutable, in the order in which they were given.
 */
public final class Kwargs {
  private static final Kwargs NONE = new Kwargs(Map.of());

  private final Map<String, @Nullable Object> values;

  private Kwargs(Map<String, @Nullable Object> values) {
    this.values = values;
  }

  /** No keyword arguments. */
  public static Kwargs none() {
    return NONE;
  }

  /** One keyword argument; {@link #and} adds more. */
  public static Kwargs of(String name, @Nullable Object value) {
    return NONE.and(name, value);
  }

  /** Those of a map, in its order. */
  public static Kwargs of(Map<String, ? extends @Nullable Object> values) {
    return new Kwargs(Collections.unmodifiableMap(new LinkedHashMap<>(values)));
  }

  /**
   * These and one more.
   *
   * @throws IllegalArgumentException if the name is there already
   */
  public Kwargs and(String name, @Nullable Object value) {
    Map<String, @Nullable Object> more = new LinkedHashMap<>(values);
    if (more.containsKey(name)) {
      throw new IllegalArgumentException("a keyword argument is given twice: name=" + name);
    }
    more.put(name, value);
    return new Kwargs(Collections.unmodifiableMap(more));
  }

  /** All of them, unmodifiable. */
  public Map<String, @Nullable Object> asMap() {
    return values;
  }

  /** The value of one; null if it is null or not there. */
  public @Nullable Object get(String name) {
    return values.get(name);
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
