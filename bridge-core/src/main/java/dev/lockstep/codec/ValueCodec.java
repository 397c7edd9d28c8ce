package dev.lockstep.codec;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.wire.Limits;
import java.lang.reflect.Type;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values to bytes and back, by the wire format. Thread-safe and immutable. */
@SuppressWarnings("DoNotCallSuggester")
public final class ValueCodec {
  private final Limits limits;
  private final ObjectMapper mapper;
  private final boolean strictNanos;

  /**
   * A codec with limits of its own.
   *
   * @param mapper binds records, beans and enums; a copy is taken
   * @param strictNanos whether times finer than a microsecond are refused instead of sent whole
   */
  public ValueCodec(Limits limits, ObjectMapper mapper, boolean strictNanos) {
    this.limits = limits;
    this.mapper = mapper.copy();
    this.strictNanos = strictNanos;
  }

  /** The mapper to start from when modules are to be added. */
  public static ObjectMapper defaultMapper() {
    return new ObjectMapper();
  }

  public Limits limits() {
    return limits;
  }

  /** Resolves a type; {@code Object.class} means: as what the value is by itself. */
  public ValueType typeOf(Type type) {
    return new ValueType(mapper.constructType(type));
  }

  /**
   * Appends the payload of a call: name, array of arguments and, unless empty, the keywords.
   *
   * @throws ValueException if a value cannot cross; the buffer is as it was before
   */
  public void encodeCall(
      PayloadBuffer out, EncodedName name, @Nullable Object[] arguments, Map<String, ?> keywords) {
    throw new UnsupportedOperationException();
  }

  /**
   * Appends one value.
   *
   * @param rootName what paths begin with, as {@code result}
   * @throws ValueException if it cannot cross; the buffer is as it was before
   */
  public void encodeValue(PayloadBuffer out, @Nullable Object value, String rootName) {
    throw new UnsupportedOperationException(rootName + strictNanos);
  }

  /**
   * Reads one value, which must take up the whole range.
   *
   * @throws ValueException if it does not fit the type
   * @throws MalformedValueException if the bytes are not a value
   */
  public @Nullable Object decodeValue(
      byte[] bytes, int offset, int length, ValueType type, String rootName) {
    throw new UnsupportedOperationException();
  }

  /** Fits a value that was decoded as what it is by itself to a type; may change it in place. */
  public @Nullable Object convert(@Nullable Object decoded, ValueType type, String rootName) {
    throw new UnsupportedOperationException();
  }

  /** Reads only the name; the cursor stands after it. */
  public CallReader readCall(byte[] bytes, int offset, int length, boolean keywords) {
    throw new UnsupportedOperationException();
  }
}
