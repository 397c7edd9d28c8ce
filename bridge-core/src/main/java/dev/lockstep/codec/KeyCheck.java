package dev.lockstep.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses keys of a map, and elements of a set, that Python cannot hash or cannot tell apart: 1,
 * 1L, 1.0 and true are one key there.
 */
final class KeyCheck {
  private static final Object NULL = new Object();

  private final int maxNesting;

  KeyCheck(int maxNesting) {
    this.maxNesting = maxNesting;
  }

  /**
   * Whether keys of one {@link #kindOf kind} are known to differ in Python because the map holds
   * both; if not, or if they are of several kinds, they need {@link #checkEach(Map)}.
   */
  static boolean tellsApart(Map<?, ?> map) {
    return map.getClass().getClassLoader() == null && !(map instanceof IdentityHashMap);
  }

  /** The class of a key if Python tells apart all of that class that Java does; else no key's. */
  static Class<?> kindOf(@Nullable Object key) {
    return key instanceof String || key instanceof Integer || key instanceof Long
        ? key.getClass()
        : NULL.getClass();
  }

  void checkEach(Map<?, ?> map) {
    checkEach(map.keySet());
  }

  void check(Set<?> set) {
    boolean tellsApart = set.getClass() == HashSet.class || set.getClass() == LinkedHashSet.class;
    if (!(tellsApart && areAllOfOneKind(set))) {
      checkEach(set);
    }
  }

  /** Whether keys that Java tells apart are of one class of which Python tells all apart. */
  private static boolean areAllOfOneKind(Collection<?> keys) {
    Class<?> kind = null;
    for (Object key : keys) {
      kind = kind == null ? kindOf(key) : kind;
      if (key == null || key.getClass() != kind) {
        return false;
      }
    }
    return true;
  }

  private void checkEach(Collection<?> keys) {
    Map<Object, @Nullable Object> seen = new HashMap<>();
    for (Object key : keys) {
      Object identity = identity(key, 0);
      Object other = seen.putIfAbsent(identity, key == null ? NULL : key);
      if (other != null) {
        throw ValueException.unserializable(
            key == null ? Object.class : key.getClass(),
            "keys collide: " + named(other) + " and " + named(key) + " are one key in Python");
      }
    }
  }

  private static String named(@Nullable Object key) {
    if (key == null || key == NULL) {
      return "null";
    }
    String text = key instanceof byte[] bytes ? Arrays.toString(bytes) : key.toString();
    String shown = text.length() > 60 ? text.substring(0, 60) + "…" : text;
    return shown + " (" + key.getClass().getSimpleName() + ")";
  }

  /** An object that equals another one exactly if Python takes the two keys for one. */
  Object identity(@Nullable Object key, int depth) {
    if (key == null) {
      return NULL;
    }
    return switch (Form.of(key.getClass())) {
      case STRING, CHARACTER -> key.toString();
      case CHARS -> new String((char[]) key);
      case BYTES -> ByteBuffer.wrap((byte[]) key);
      case BYTE_BUFFER -> ((ByteBuffer) key).duplicate();
      case INTEGER, LONG, SMALL_INTEGER -> whole(((Number) key).longValue());
      case BOOLEAN -> whole((Boolean) key ? 1 : 0);
      case FLOAT, DOUBLE -> floating(((Number) key).doubleValue());
      case BIG_INTEGER -> number((BigInteger) key, 0);
      case BIG_DECIMAL -> decimal((BigDecimal) key);
      case OFFSET_DATE_TIME -> micros(((OffsetDateTime) key).toInstant());
      case ZONED_DATE_TIME -> micros(((ZonedDateTime) key).toInstant());
      case INSTANT -> micros((Instant) key);
      case DATE -> micros(((Date) key).toInstant());
      case LOCAL_DATE_TIME -> ((LocalDateTime) key).truncatedTo(ChronoUnit.MICROS);
      case LOCAL_TIME -> ((LocalTime) key).truncatedTo(ChronoUnit.MICROS);
      case DURATION -> micros((Duration) key);
      case OPTIONAL -> identity(ValueEncoder.content(key), depth);
      case SET -> elements((Collection<?>) key, new HashSet<>(), depth);
      case COLLECTION -> elements((Collection<?>) key, new ArrayList<>(), depth);
      case OBJECTS -> elements(Arrays.asList((@Nullable Object[]) key), new ArrayList<>(), depth);
      case MAP, NUMBERS, ND_ARRAY -> throw notAKey(key);
      case BOUND -> bound(key);
      default -> key;
    };
  }

  private static Object bound(Object key) {
    if (key instanceof Enum<?> constant) {
      return constant.name();
    }
    throw notAKey(key);
  }

  private Object elements(Collection<?> from, Collection<Object> to, int depth) {
    if (depth >= maxNesting) {
      throw ValueException.unserializable(
          from.getClass(), "nested too deeply: maxNesting=" + maxNesting);
    }
    for (Object element : from) {
      to.add(identity(element, depth + 1));
    }
    return to;
  }

  private static ValueException notAKey(Object key) {
    return ValueException.unserializable(
        key.getClass(), "neither a key nor an element of a set: Python cannot hash it");
  }

  private static Object micros(Instant instant) {
    return instant.truncatedTo(ChronoUnit.MICROS);
  }

  /** Toward minus infinity, as Python's microseconds are made; {@code truncatedTo} goes to zero. */
  private static Object micros(Duration duration) {
    return Duration.ofSeconds(duration.getSeconds(), duration.getNano() / 1000 * 1000L);
  }

  private static Object whole(long value) {
    return number(BigInteger.valueOf(value), 0);
  }

  private static Object floating(double value) {
    return Double.isFinite(value) ? decimal(new BigDecimal(value)) : (Object) value;
  }

  private static Object decimal(BigDecimal value) {
    return number(value.unscaledValue(), value.scale());
  }

  /** What numbers that are equal in value, whatever their types, have in common. */
  private record Digits(BigInteger unscaled, long scale) {}

  /**
   * Without trailing zeros. {@link BigDecimal#stripTrailingZeros} would do it digit by digit, and
   * fail at the end of the range of scales.
   */
  private static Object number(BigInteger unscaled, long scale) {
    if (unscaled.signum() == 0) {
      return new Digits(BigInteger.ZERO, 0);
    }
    BigInteger stripped = unscaled;
    long left = scale;
    // As many zeros as a number has in decimal, it has in binary, or more.
    for (int zeros = Integer.highestOneBit(unscaled.getLowestSetBit()); zeros > 0; zeros /= 2) {
      BigInteger[] parts = stripped.divideAndRemainder(BigInteger.TEN.pow(zeros));
      if (parts[1].signum() == 0) {
        stripped = parts[0];
        left -= zeros;
      }
    }
    return new Digits(stripped, left);
  }
}
