package dev.lockstep.codec;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectReader;
import org.jspecify.annotations.Nullable;

/** A Java type that a value is decoded to, resolved once. Thread-safe. */
public final class ValueType {
  /** What kind of conversion leads to the type. */
  enum Kind {
    UNTYPED,
    NOTHING,
    BOOLEAN,
    BYTE,
    SHORT,
    INT,
    LONG,
    FLOAT,
    DOUBLE,
    CHAR,
    STRING,
    BIG_INTEGER,
    BIG_DECIMAL,
    OPTIONAL_INT,
    OPTIONAL_LONG,
    OPTIONAL_DOUBLE,
    BYTES,
    BYTE_BUFFER,
    CHARS,
    NUMBERS,
    ND_ARRAY,
    UUID,
    LOCAL_DATE,
    LOCAL_TIME,
    LOCAL_DATE_TIME,
    OFFSET_DATE_TIME,
    ZONED_DATE_TIME,
    INSTANT,
    DATE,
    DURATION,
    OBJECTS,
    LIST,
    SET,
    MAP,
    OPTIONAL,
    BOUND
  }

  private final JavaType javaType;
  private final Kind kind;
  private final @Nullable ValueType key;
  private final @Nullable ValueType content;

  /** Made when it is first needed: Jackson must not be asked while it resolves another type. */
  private volatile @Nullable ObjectReader reader;

  ValueType(JavaType javaType, Kind kind, @Nullable ValueType key, @Nullable ValueType content) {
    this.javaType = javaType;
    this.kind = kind;
    this.key = key;
    this.content = content;
  }

  JavaType javaType() {
    return javaType;
  }

  Kind kind() {
    return kind;
  }

  Class<?> rawClass() {
    return javaType.getRawClass();
  }

  boolean isPrimitive() {
    return javaType.isPrimitive();
  }

  /** The type of the keys of a map. */
  ValueType key() {
    return present(key);
  }

  /** The type of the elements, of the values of a map, of what is optional. */
  ValueType content() {
    return present(content);
  }

  private ValueType present(@Nullable ValueType part) {
    if (part == null) {
      throw new IllegalStateException("a type without contents: type=" + this);
    }
    return part;
  }

  @Nullable ObjectReader reader() {
    return reader;
  }

  void reader(ObjectReader made) {
    reader = made;
  }

  @Override
  public String toString() {
    return javaType.toCanonical();
  }
}
