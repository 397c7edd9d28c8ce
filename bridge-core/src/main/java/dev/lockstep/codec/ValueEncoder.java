package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.RandomAccess;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Appends values to a buffer. Thread-safe: what one encoding remembers is the buffer's.
 *
 * <p>Recursion goes no deeper than {@code maxNesting}. A step of the path is added only when an
 * error passes by.
 */
final class ValueEncoder {
  private final int maxNesting;
  private final int maxItems;
  private final int maxIntegerBytes;
  private final TimeWriter times;
  private final KeyCheck keys;
  private final BeanWriter beans;
  private final ConcurrentHashMap<Class<?>, Form> forms = new ConcurrentHashMap<>();

  ValueEncoder(Limits limits, boolean strictNanos, BeanWriter beans) {
    this.maxNesting = limits.maxNesting();
    this.maxItems = limits.maxItems();
    this.maxIntegerBytes = limits.maxIntegerBytes();
    this.times = new TimeWriter(strictNanos);
    this.keys = new KeyCheck(maxNesting);
    this.beans = beans;
  }

  void put(PayloadBuffer out, @Nullable Object value) {
    if (value == null) {
      out.putByte(CborHeads.NULL);
    } else if (value instanceof String text) {
      Utf8.put(out, text);
    } else if (value instanceof Integer number) {
      NumberWriter.put(out, number.longValue());
    } else if (value instanceof Long number) {
      NumberWriter.put(out, number.longValue());
    } else if (value instanceof Double number) {
      NumberWriter.put(out, number.doubleValue());
    } else if (value instanceof Boolean flag) {
      out.putByte(flag ? CborHeads.TRUE : CborHeads.FALSE);
    } else if (value instanceof byte[] bytes) {
      putBytes(out, bytes);
    } else if (value instanceof BeanMap properties) {
      putProperties(out, properties);
    } else {
      putOther(out, value);
    }
  }

  private Form formOf(Class<?> type) {
    Form known = forms.get(type);
    if (known == null) {
      known = Form.of(type);
      forms.put(type, known);
    }
    return known;
  }

  private void putOther(PayloadBuffer out, Object value) {
    switch (formOf(value.getClass())) {
      case MAP -> putMap(out, (Map<?, ?>) value);
      case COLLECTION -> putCollection(out, (Collection<?>) value);
      case SET -> putSet(out, (Set<?>) value);
      case SMALL_INTEGER -> NumberWriter.put(out, ((Number) value).longValue());
      case FLOAT -> NumberWriter.put(out, ((Float) value).floatValue());
      case BIG_INTEGER -> NumberWriter.put(out, (BigInteger) value, maxIntegerBytes);
      case BIG_DECIMAL -> NumberWriter.put(out, (BigDecimal) value, maxIntegerBytes);
      case UUID_BYTES -> putUuid(out, (UUID) value);
      case LOCAL_DATE -> times.put(out, (LocalDate) value);
      case LOCAL_TIME -> times.put(out, (LocalTime) value);
      case LOCAL_DATE_TIME -> times.put(out, (LocalDateTime) value);
      case OFFSET_DATE_TIME -> times.put(out, (OffsetDateTime) value);
      case ZONED_DATE_TIME -> times.put(out, (ZonedDateTime) value);
      case INSTANT -> times.put(out, (Instant) value);
      case DATE -> times.put(out, ((Date) value).toInstant());
      case DURATION -> times.put(out, (Duration) value);
      case NUMBERS -> TypedArrays.put(out, value);
      case ND_ARRAY -> TypedArrays.put(out, (NdArray) value);
      case CHARS -> Utf8.put(out, new String((char[]) value));
      case CHARACTER -> Utf8.put(out, value.toString());
      case OBJECTS -> putObjects(out, (@Nullable Object[]) value);
      case OPTIONAL -> put(out, content(value));
      case BYTE_BUFFER -> putBuffer(out, ((ByteBuffer) value).duplicate());
      case BOUND -> putBound(out, value);
      case REFUSED -> throw refused(value.getClass());
      default -> put(out, value);
    }
  }

  private static ValueException refused(Class<?> type) {
    String reason = Refusals.reason(type);
    return ValueException.unserializable(type, reason == null ? "no form on the wire" : reason);
  }

  static @Nullable Object content(Object optional) {
    if (optional instanceof Optional<?> some) {
      return some.orElse(null);
    } else if (optional instanceof OptionalInt some) {
      return some.isPresent() ? some.getAsInt() : null;
    } else if (optional instanceof OptionalLong some) {
      return some.isPresent() ? some.getAsLong() : null;
    }
    OptionalDouble some = (OptionalDouble) optional;
    return some.isPresent() ? some.getAsDouble() : null;
  }

  private static void putBytes(PayloadBuffer out, byte[] bytes) {
    CborHeads.put(out, CborHeads.BYTES, bytes.length);
    out.putBytes(bytes, 0, bytes.length);
  }

  private static void putBuffer(PayloadBuffer out, ByteBuffer view) {
    int bytes = view.remaining();
    CborHeads.put(out, CborHeads.BYTES, bytes);
    out.ensure(bytes);
    int at = out.length();
    view.get(out.array(), at, bytes);
    out.advanceTo(at + bytes);
  }

  private static void putUuid(PayloadBuffer out, UUID value) {
    CborHeads.put(out, CborHeads.TAG, Tags.UUID);
    CborHeads.put(out, CborHeads.BYTES, 16);
    out.ensure(16);
    int at = out.length();
    CborHeads.LONG_VIEW.set(out.array(), at, value.getMostSignificantBits());
    CborHeads.LONG_VIEW.set(out.array(), at + 8, value.getLeastSignificantBits());
    out.advanceTo(at + 16);
  }

  private void putBound(PayloadBuffer out, Object value) {
    if (out.stack.contains(value)) {
      throw cyclic(value);
    }
    Object tree = beans.tree(value);
    if (tree != null && !(tree instanceof BeanMap) && formOf(tree.getClass()) == Form.BOUND) {
      // A module's serializer that hands out another object of its own would never end.
      throw ValueException.unserializable(value.getClass(), "its serializer gives no plain value");
    }
    put(out, tree);
  }

  private static ValueException cyclic(Object container) {
    return ValueException.unserializable(container.getClass(), "cyclic: it contains itself");
  }

  private void enter(EncodeStack stack, Object container) {
    if (stack.contains(container)) {
      throw cyclic(container);
    }
    if (stack.depth() >= maxNesting) {
      throw ValueException.unserializable(
          container.getClass(), "nested too deeply: maxNesting=" + maxNesting);
    }
    stack.push(container);
  }

  private void count(EncodeStack stack, long items, Object container) {
    if (!stack.count(items, maxItems)) {
      throw ValueException.unserializable(
          container.getClass(), "too many items: maxItems=" + maxItems);
    }
  }

  private void putCollection(PayloadBuffer out, Collection<?> elements) {
    int size = elements.size();
    enter(out.stack, elements);
    count(out.stack, size, elements);
    CborHeads.put(out, CborHeads.ARRAY, size);
    int index = 0;
    try {
      if (elements instanceof RandomAccess && elements instanceof List<?> list) {
        for (; index < size; index++) {
          Object element = list.get(index);
          if (element instanceof Integer number) {
            NumberWriter.put(out, number.longValue());
          } else {
            put(out, element);
          }
        }
      } else {
        for (Object element : elements) {
          put(out, element);
          index++;
        }
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    }
    checkSize(elements, size, index);
    out.stack.pop();
  }

  private void putObjects(PayloadBuffer out, @Nullable Object[] elements) {
    enter(out.stack, elements);
    count(out.stack, elements.length, elements);
    CborHeads.put(out, CborHeads.ARRAY, elements.length);
    int index = 0;
    try {
      for (; index < elements.length; index++) {
        put(out, elements[index]);
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    }
    out.stack.pop();
  }

  private void putSet(PayloadBuffer out, Set<?> elements) {
    int size = elements.size();
    enter(out.stack, elements);
    count(out.stack, size, elements);
    keys.check(elements);
    CborHeads.put(out, CborHeads.TAG, Tags.SET);
    CborHeads.put(out, CborHeads.ARRAY, size);
    int index = 0;
    try {
      for (Object element : elements) {
        put(out, element);
        index++;
      }
    } catch (ValueException e) {
      throw e.within("{" + index + "}");
    }
    checkSize(elements, size, index);
    out.stack.pop();
  }

  private void putMap(PayloadBuffer out, Map<?, ?> map) {
    int size = map.size();
    enter(out.stack, map);
    count(out.stack, 2L * size, map);
    boolean alike = KeyCheck.tellsApart(map);
    if (!alike) {
      keys.checkEach(map);
    }
    CborHeads.put(out, CborHeads.MAP, size);
    Class<?> kind = null;
    int index = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      Object key = entry.getKey();
      if (alike) {
        kind = kind == null ? KeyCheck.kindOf(key) : kind;
        alike = key != null && key.getClass() == kind;
        if (!alike) {
          keys.checkEach(map);
        }
      }
      try {
        put(out, key);
      } catch (ValueException e) {
        throw e.within(" (key)").withinKey(key);
      }
      try {
        put(out, entry.getValue());
      } catch (ValueException e) {
        throw e.withinKey(key);
      }
      index++;
    }
    checkSize(map, size, index);
    out.stack.pop();
  }

  private void putProperties(PayloadBuffer out, BeanMap properties) {
    int size = properties.size();
    enter(out.stack, properties.source());
    count(out.stack, 2L * size, properties.source());
    CborHeads.put(out, CborHeads.MAP, size);
    for (int i = 0; i < size; i++) {
      String name = properties.name(i);
      try {
        Utf8.put(out, name);
      } catch (ValueException e) {
        throw e.within(" (key)").withinKey(name);
      }
      try {
        put(out, properties.value(i));
      } catch (ValueException e) {
        throw e.within(PathStep.ofProperty(name));
      }
    }
    out.stack.pop();
  }

  private static void checkSize(Object container, int announced, int written) {
    if (announced != written) {
      throw ValueException.unserializable(
          container.getClass(),
          "changed while it was encoded: size=" + announced + ", elements=" + written);
    }
  }
}
