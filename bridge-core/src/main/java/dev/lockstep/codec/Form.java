package dev.lockstep.codec;

import com.fasterxml.jackson.databind.JsonSerializable;
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
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/** How instances of a class are written; found once for each class. */
enum Form {
  STRING,
  INTEGER,
  LONG,
  DOUBLE,
  BOOLEAN,
  BYTES,
  MAP,
  SMALL_INTEGER,
  FLOAT,
  BIG_INTEGER,
  BIG_DECIMAL,
  UUID_BYTES,
  LOCAL_DATE,
  LOCAL_TIME,
  LOCAL_DATE_TIME,
  OFFSET_DATE_TIME,
  ZONED_DATE_TIME,
  INSTANT,
  DATE,
  DURATION,
  NUMBERS,
  CHARS,
  CHARACTER,
  OBJECTS,
  SET,
  COLLECTION,
  OPTIONAL,
  BYTE_BUFFER,
  ND_ARRAY,
  /** Jackson knows: records, beans, enums, what the user's modules are for. */
  BOUND,
  REFUSED;

  static Form of(Class<?> type) {
    if (type.isArray()) {
      return ofArray(type);
    }
    if (Map.class.isAssignableFrom(type)) {
      return MAP;
    }
    if (Set.class.isAssignableFrom(type)) {
      return SET;
    }
    if (Collection.class.isAssignableFrom(type)) {
      return COLLECTION;
    }
    if (ByteBuffer.class.isAssignableFrom(type)) {
      return BYTE_BUFFER;
    }
    Form known = ofFinal(type);
    if (known != REFUSED) {
      return known;
    }
    if (JsonSerializable.class.isAssignableFrom(type)) {
      return BOUND;
    }
    return Refusals.reason(type) == null ? BOUND : REFUSED;
  }

  private static Form ofArray(Class<?> type) {
    if (type == byte[].class) {
      return BYTES;
    }
    if (type == char[].class) {
      return CHARS;
    }
    return type.getComponentType().isPrimitive() ? NUMBERS : OBJECTS;
  }

  private static Form ofFinal(Class<?> type) {
    if (type == String.class) {
      return STRING;
    } else if (type == Integer.class) {
      return INTEGER;
    } else if (type == Long.class) {
      return LONG;
    } else if (type == Double.class) {
      return DOUBLE;
    } else if (type == Boolean.class) {
      return BOOLEAN;
    } else if (type == Short.class || type == Byte.class) {
      return SMALL_INTEGER;
    } else if (type == Float.class) {
      return FLOAT;
    } else if (type == BigInteger.class) {
      return BIG_INTEGER;
    } else if (type == BigDecimal.class) {
      return BIG_DECIMAL;
    } else if (type == Character.class) {
      return CHARACTER;
    } else if (type == UUID.class) {
      return UUID_BYTES;
    } else if (type == NdArray.class) {
      return ND_ARRAY;
    } else if (type == Optional.class
        || type == OptionalInt.class
        || type == OptionalLong.class
        || type == OptionalDouble.class) {
      return OPTIONAL;
    }
    return ofTime(type);
  }

  private static Form ofTime(Class<?> type) {
    if (type == LocalDate.class) {
      return LOCAL_DATE;
    } else if (type == LocalTime.class) {
      return LOCAL_TIME;
    } else if (type == LocalDateTime.class) {
      return LOCAL_DATE_TIME;
    } else if (type == OffsetDateTime.class) {
      return OFFSET_DATE_TIME;
    } else if (type == ZonedDateTime.class) {
      return ZONED_DATE_TIME;
    } else if (type == Instant.class) {
      return INSTANT;
    } else if (type == Date.class) {
      return DATE;
    } else if (type == Duration.class) {
      return DURATION;
    }
    return REFUSED;
  }
}
