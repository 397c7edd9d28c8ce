package dev.lockstep.codec;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.codec.ValueType.Kind;
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
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** Tells which types this package converts to by itself; the others are bound by Jackson. */
final class ValueTypes {
  private static final Map<Class<?>, Kind> SCALARS =
      Map.ofEntries(
          Map.entry(Object.class, Kind.UNTYPED),
          Map.entry(void.class, Kind.NOTHING),
          Map.entry(Void.class, Kind.NOTHING),
          Map.entry(boolean.class, Kind.BOOLEAN),
          Map.entry(Boolean.class, Kind.BOOLEAN),
          Map.entry(byte.class, Kind.BYTE),
          Map.entry(Byte.class, Kind.BYTE),
          Map.entry(short.class, Kind.SHORT),
          Map.entry(Short.class, Kind.SHORT),
          Map.entry(int.class, Kind.INT),
          Map.entry(Integer.class, Kind.INT),
          Map.entry(long.class, Kind.LONG),
          Map.entry(Long.class, Kind.LONG),
          Map.entry(float.class, Kind.FLOAT),
          Map.entry(Float.class, Kind.FLOAT),
          Map.entry(double.class, Kind.DOUBLE),
          Map.entry(Double.class, Kind.DOUBLE),
          Map.entry(char.class, Kind.CHAR),
          Map.entry(Character.class, Kind.CHAR),
          Map.entry(String.class, Kind.STRING),
          Map.entry(CharSequence.class, Kind.STRING),
          Map.entry(BigInteger.class, Kind.BIG_INTEGER),
          Map.entry(BigDecimal.class, Kind.BIG_DECIMAL),
          Map.entry(OptionalInt.class, Kind.OPTIONAL_INT),
          Map.entry(OptionalLong.class, Kind.OPTIONAL_LONG),
          Map.entry(OptionalDouble.class, Kind.OPTIONAL_DOUBLE),
          Map.entry(byte[].class, Kind.BYTES),
          Map.entry(ByteBuffer.class, Kind.BYTE_BUFFER),
          Map.entry(char[].class, Kind.CHARS),
          Map.entry(NdArray.class, Kind.ND_ARRAY),
          Map.entry(UUID.class, Kind.UUID),
          Map.entry(LocalDate.class, Kind.LOCAL_DATE),
          Map.entry(LocalTime.class, Kind.LOCAL_TIME),
          Map.entry(LocalDateTime.class, Kind.LOCAL_DATE_TIME),
          Map.entry(OffsetDateTime.class, Kind.OFFSET_DATE_TIME),
          Map.entry(ZonedDateTime.class, Kind.ZONED_DATE_TIME),
          Map.entry(Instant.class, Kind.INSTANT),
          Map.entry(Date.class, Kind.DATE),
          Map.entry(Duration.class, Kind.DURATION));

  private static final Set<Class<?>> LISTS =
      Set.of(List.class, Collection.class, Iterable.class, ArrayList.class);
  private static final Set<Class<?>> SETS =
      Set.of(
          Set.class,
          LinkedHashSet.class,
          HashSet.class,
          SortedSet.class,
          NavigableSet.class,
          TreeSet.class);
  private static final Set<Class<?>> MAPS =
      Set.of(
          Map.class,
          LinkedHashMap.class,
          HashMap.class,
          SortedMap.class,
          NavigableMap.class,
          TreeMap.class,
          ConcurrentMap.class,
          ConcurrentHashMap.class);

  private final ObjectMapper mapper;
  private final Conversion conversion;

  ValueTypes(ObjectMapper mapper) {
    this.mapper = mapper;
    this.conversion = new Conversion(new BeanReader(mapper));
  }

  Conversion conversion() {
    return conversion;
  }

  ValueType of(java.lang.reflect.Type type) {
    return of(mapper.constructType(type));
  }

  ValueType of(JavaType type) {
    ValueType own = ofOwn(type);
    return own == null ? new ValueType(type, Kind.BOUND, null, null) : own;
  }

  /** The type if this package converts to it without Jackson, else null. */
  @Nullable ValueType ofOwn(JavaType type) {
    Class<?> raw = type.getRawClass();
    Kind scalar = SCALARS.get(raw);
    if (scalar != null) {
      return new ValueType(type, scalar, null, null);
    }
    if (raw.isArray()) {
      return raw.getComponentType().isPrimitive()
          ? new ValueType(type, Kind.NUMBERS, null, null)
          : new ValueType(type, Kind.OBJECTS, null, of(type.getContentType()));
    }
    if (raw == Optional.class) {
      return new ValueType(type, Kind.OPTIONAL, null, of(type.containedTypeOrUnknown(0)));
    }
    if (LISTS.contains(raw)) {
      return new ValueType(type, Kind.LIST, null, of(elements(type)));
    }
    if (SETS.contains(raw)) {
      return new ValueType(type, Kind.SET, null, of(elements(type)));
    }
    if (MAPS.contains(raw)) {
      return new ValueType(type, Kind.MAP, of(type.getKeyType()), of(type.getContentType()));
    }
    return null;
  }

  private static JavaType elements(JavaType type) {
    JavaType content = type.getContentType();
    return content == null ? type.containedTypeOrUnknown(0) : content;
  }
}
