package dev.lockstep.codec;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Fits decoded values to types, without loss or not at all. Thread-safe.
 *
 * <p>Containers are changed in place where they are of the right class: a decoded value belongs to
 * whoever asked for it.
 */
final class Conversion {
  private final BeanReader beans;

  Conversion(BeanReader beans) {
    this.beans = beans;
  }

  @Nullable Object convert(@Nullable Object value, ValueType type) {
    if (value == null) {
      return ofNull(type);
    }
    return switch (type.kind()) {
      case UNTYPED -> value;
      case NOTHING -> null;
      case BOOLEAN, STRING, CHAR -> ofText(value, type);
      case BYTE -> (byte) Numbers.toLong(value, Byte.MIN_VALUE, Byte.MAX_VALUE, "byte");
      case SHORT -> (short) Numbers.toLong(value, Short.MIN_VALUE, Short.MAX_VALUE, "short");
      case INT ->
          value instanceof Integer
              ? value
              : (Object) (int) Numbers.toLong(value, Integer.MIN_VALUE, Integer.MAX_VALUE, "int");
      case LONG ->
          value instanceof Long
              ? value
              : (Object) Numbers.toLong(value, Long.MIN_VALUE, Long.MAX_VALUE, "long");
      case FLOAT -> Numbers.toFloat(value, "float");
      case DOUBLE -> value instanceof Double ? value : (Object) Numbers.toDouble(value, "double");
      case BIG_INTEGER -> Numbers.toBigInteger(value, "java.math.BigInteger");
      case BIG_DECIMAL -> Numbers.toBigDecimal(value, "java.math.BigDecimal");
      case OPTIONAL_INT ->
          OptionalInt.of((int) Numbers.toLong(value, Integer.MIN_VALUE, Integer.MAX_VALUE, "int"));
      case OPTIONAL_LONG ->
          OptionalLong.of(Numbers.toLong(value, Long.MIN_VALUE, Long.MAX_VALUE, "long"));
      case OPTIONAL_DOUBLE -> OptionalDouble.of(Numbers.toDouble(value, "double"));
      case OPTIONAL -> optional(value, type);
      case BYTES -> bytes(value, type);
      case BYTE_BUFFER -> ByteBuffer.wrap(bytes(value, type));
      case CHARS -> chars(value, type);
      case NUMBERS -> NumberArrays.toArray(value, component(type), type.rawClass().getTypeName());
      case ND_ARRAY -> present(NumberArrays.toNdArray(value), value, type);
      case UUID, LOCAL_DATE, LOCAL_TIME, LOCAL_DATE_TIME, DURATION -> same(value, type);
      case OFFSET_DATE_TIME -> offsetDateTime(value, type);
      case ZONED_DATE_TIME -> zonedDateTime(value, type);
      case INSTANT -> instant(value, type);
      case DATE -> date(value, type);
      case OBJECTS -> objects(value, type);
      case LIST -> list(value, type);
      case SET -> set(value, type);
      case MAP -> map(value, type);
      case BOUND -> beans.bind(value, type);
    };
  }

  private static @Nullable Object ofNull(ValueType type) {
    return switch (type.kind()) {
      case OPTIONAL -> Optional.empty();
      case OPTIONAL_INT -> OptionalInt.empty();
      case OPTIONAL_LONG -> OptionalLong.empty();
      case OPTIONAL_DOUBLE -> OptionalDouble.empty();
      case NOTHING -> null;
      default -> {
        if (type.isPrimitive()) {
          throw Numbers.mismatch(null, type.toString());
        }
        yield null;
      }
    };
  }

  private static Object ofText(Object value, ValueType type) {
    if (type.kind() == ValueType.Kind.BOOLEAN) {
      return present(value instanceof Boolean ? value : null, value, type);
    } else if (type.kind() == ValueType.Kind.STRING) {
      return present(value instanceof String ? value : null, value, type);
    }
    if (!(value instanceof String text)) {
      throw Numbers.mismatch(value, "char");
    }
    if (text.length() != 1) {
      throw ValueException.mismatch("char", "text of one char expected: length=" + text.length());
    }
    return text.charAt(0);
  }

  private static Class<?> component(ValueType type) {
    Class<?> component = type.rawClass().getComponentType();
    if (component == null) {
      throw new IllegalStateException("not an array: type=" + type);
    }
    return component;
  }

  private static <T> T present(@Nullable T converted, Object value, ValueType type) {
    if (converted == null) {
      throw Numbers.mismatch(value, type.toString());
    }
    return converted;
  }

  private static Object same(Object value, ValueType type) {
    return present(type.rawClass().isInstance(value) ? value : null, value, type);
  }

  private @Nullable Object optional(Object value, ValueType type) {
    return Optional.ofNullable(convert(value, type.content()));
  }

  private static byte[] bytes(Object value, ValueType type) {
    if (value instanceof byte[] bytes) {
      return bytes;
    }
    if (value instanceof NdArray array && array.rank() == 1 && array.type().bytes() == 1) {
      byte[] bytes = new byte[array.size()];
      array.data().get(bytes);
      return bytes;
    }
    return (byte[]) NumberArrays.toArray(value, byte.class, type.rawClass().getTypeName());
  }

  private static char[] chars(Object value, ValueType type) {
    return present(value instanceof String text ? text.toCharArray() : null, value, type);
  }

  private static OffsetDateTime offsetDateTime(Object value, ValueType type) {
    if (value instanceof ZonedDateTime time) {
      return time.toOffsetDateTime();
    }
    return present(value instanceof OffsetDateTime time ? time : null, value, type);
  }

  private static ZonedDateTime zonedDateTime(Object value, ValueType type) {
    if (value instanceof OffsetDateTime time) {
      return time.toZonedDateTime();
    }
    return present(value instanceof ZonedDateTime time ? time : null, value, type);
  }

  private static Instant instant(Object value, ValueType type) {
    if (value instanceof OffsetDateTime time) {
      return time.toInstant();
    }
    return present(value instanceof ZonedDateTime time ? time.toInstant() : null, value, type);
  }

  private static Date date(Object value, ValueType type) {
    Instant instant = instant(value, type);
    if (!instant.equals(instant.truncatedTo(ChronoUnit.MILLIS))) {
      throw ValueException.mismatch("java.util.Date", "finer than a millisecond: value=" + instant);
    }
    return Date.from(instant);
  }

  private Object objects(Object value, ValueType type) {
    List<? extends @Nullable Object> elements = elements(value, type);
    Object result = Array.newInstance(component(type), elements.size());
    int index = 0;
    try {
      for (Object element : elements) {
        Array.set(result, index, convert(element, type.content()));
        index++;
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    }
    return result;
  }

  /** A list, array of numbers or set as a list. */
  private static List<? extends @Nullable Object> elements(Object value, ValueType type) {
    List<? extends @Nullable Object> elements =
        value instanceof Set<?> set ? new ArrayList<>(set) : NumberArrays.elements(value);
    return present(elements, value, type);
  }

  private Object list(Object value, ValueType type) {
    ValueType content = type.content();
    List<? extends @Nullable Object> source = elements(value, type);
    if (source instanceof ArrayList<?> && content.kind() == ValueType.Kind.UNTYPED) {
      return source;
    }
    @SuppressWarnings("unchecked")
    List<@Nullable Object> target =
        source instanceof ArrayList<?> ? (List<@Nullable Object>) source : new ArrayList<>(source);
    int index = 0;
    try {
      for (; index < target.size(); index++) {
        Object before = target.get(index);
        Object after = convert(before, content);
        if (after != before) {
          target.set(index, after);
        }
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    }
    return target;
  }

  private Object set(Object value, ValueType type) {
    ValueType content = type.content();
    Class<?> raw = type.rawClass();
    boolean sorted = SortedSet.class.isAssignableFrom(raw);
    if (value instanceof LinkedHashSet && content.kind() == ValueType.Kind.UNTYPED && !sorted) {
      return value;
    }
    List<? extends @Nullable Object> source = elements(value, type);
    Collection<@Nullable Object> target = sorted ? new TreeSet<>() : new LinkedHashSet<>();
    int index = 0;
    try {
      for (Object element : source) {
        if (!target.add(convert(element, content))) {
          throw ValueException.mismatch(type.toString(), "the same element twice");
        }
        index++;
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    } catch (ClassCastException | NullPointerException e) {
      throw ValueException.mismatch(type.toString(), "elements without an order: " + e);
    }
    return target;
  }

  private Object map(Object value, ValueType type) {
    if (!(value instanceof Map<?, ?> source)) {
      throw Numbers.mismatch(value, type.toString());
    }
    ValueType keyType = type.key();
    ValueType content = type.content();
    if (source instanceof LinkedHashMap
        && type.rawClass().isAssignableFrom(LinkedHashMap.class)
        && (keyType.kind() == ValueType.Kind.UNTYPED || areText(source, keyType))) {
      return valuesInPlace(source, content);
    }
    Map<@Nullable Object, @Nullable Object> target = emptyMap(type.rawClass());
    Object key = null;
    try {
      for (Map.Entry<?, ?> entry : source.entrySet()) {
        key = entry.getKey();
        Object converted = convert(key, keyType);
        if (target.containsKey(converted)) {
          throw ValueException.mismatch(type.toString(), "the same key twice");
        }
        target.put(converted, convert(entry.getValue(), content));
      }
    } catch (ValueException e) {
      throw e.withinKey(key);
    } catch (ClassCastException | NullPointerException e) {
      throw ValueException.mismatch(type.toString(), "an entry that such a map cannot hold: " + e)
          .withinKey(key);
    }
    return target;
  }

  private static boolean areText(Map<?, ?> map, ValueType keyType) {
    if (keyType.kind() != ValueType.Kind.STRING) {
      return false;
    }
    for (Object key : map.keySet()) {
      if (!(key instanceof String)) {
        return false;
      }
    }
    return true;
  }

  private Object valuesInPlace(Map<?, ?> source, ValueType content) {
    if (content.kind() == ValueType.Kind.UNTYPED) {
      return source;
    }
    @SuppressWarnings("unchecked")
    Map<Object, @Nullable Object> map = (Map<Object, @Nullable Object>) source;
    Object key = null;
    try {
      for (Map.Entry<Object, @Nullable Object> entry : map.entrySet()) {
        key = entry.getKey();
        Object before = entry.getValue();
        Object after = convert(before, content);
        if (after != before) {
          entry.setValue(after);
        }
      }
    } catch (ValueException e) {
      throw e.withinKey(key);
    }
    return map;
  }

  private static Map<@Nullable Object, @Nullable Object> emptyMap(Class<?> type) {
    if (SortedMap.class.isAssignableFrom(type)) {
      return new TreeMap<>();
    }
    return ConcurrentMap.class.isAssignableFrom(type)
        ? new ConcurrentHashMap<>()
        : new LinkedHashMap<>();
  }
}
