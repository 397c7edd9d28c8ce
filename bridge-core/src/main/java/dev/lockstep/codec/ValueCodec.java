package dev.lockstep.codec;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.jsontype.BasicPolymorphicTypeValidator;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.lockstep.wire.Limits;
import java.lang.reflect.Type;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values to bytes and back, by the wire format. Thread-safe and immutable.
 *
 * <p>Null, scalars, text, bytes, arrays, lists, sets, maps, {@code java.time}, UUID and decimals
 * are coded here. Records, beans, enums and what the user's modules are for go through Jackson,
 * which hands on as they are all values inside them that have a form on the wire.
 */
public final class ValueCodec {
  /** Both sides walk values by recursion: more than this and a stack could run out. */
  private static final int MOST_NESTING = 1000;

  private final Limits limits;
  private final ValueTypes types;
  private final Conversion conversion;
  private final ValueEncoder encoder;
  private final KeyTexts keys = new KeyTexts();

  /**
   * A codec with limits of its own.
   *
   * @param mapper binds records, beans and enums; a copy is taken, in which whatever would change a
   *     value silently (text taken for numbers, fractions cut) is turned off, and no class name is
   *     taken from data
   * @param strictNanos whether times finer than a microsecond, which Python would cut, are refused
   */
  public ValueCodec(Limits limits, ObjectMapper mapper, boolean strictNanos) {
    if (limits.maxNesting() > MOST_NESTING) {
      throw new IllegalArgumentException(
          "maxNesting is at most " + MOST_NESTING + ": maxNesting=" + limits.maxNesting());
    }
    this.limits = limits;
    ObjectMapper own = strict(mapper.copy());
    this.types = new ValueTypes(own);
    own.registerModule(new WireModule(types));
    this.conversion = types.conversion();
    this.encoder = new ValueEncoder(limits, strictNanos, new BeanWriter(own, limits.maxNesting()));
  }

  private static ObjectMapper strict(ObjectMapper mapper) {
    mapper.deactivateDefaultTyping();
    mapper.setPolymorphicTypeValidator(BasicPolymorphicTypeValidator.builder().build());
    mapper.configure(DeserializationFeature.ACCEPT_FLOAT_AS_INT, false);
    mapper.configure(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES, true);
    mapper.configure(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS, true);
    mapper.configure(DeserializationFeature.WRAP_EXCEPTIONS, true);
    mapper.configure(SerializationFeature.WRAP_EXCEPTIONS, true);
    mapper.configure(SerializationFeature.FAIL_ON_EMPTY_BEANS, true);
    // Cycles are told by the generator, the short ones in the same words as the long.
    mapper.configure(SerializationFeature.FAIL_ON_SELF_REFERENCES, false);
    return mapper;
  }

  /** The mapper to start from when modules are to be added. */
  public static ObjectMapper defaultMapper() {
    return JsonMapper.builder()
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
        .addModule(new JavaTimeModule())
        .build();
  }

  public Limits limits() {
    return limits;
  }

  /** Resolves a type; {@code Object.class} means: as what the value is by itself. */
  public ValueType typeOf(Type type) {
    return types.of(type);
  }

  /**
   * Appends the payload of a call: name, array of arguments and, unless empty, the keywords.
   *
   * @throws ValueException if a value cannot cross; the buffer is as it was before
   */
  public void encodeCall(
      PayloadBuffer out, EncodedName name, @Nullable Object[] arguments, Map<String, ?> keywords) {
    int start = begin(out);
    boolean done = false;
    try {
      byte[] cbor = name.cbor();
      out.putBytes(cbor, 0, cbor.length);
      putArguments(out, arguments);
      if (!keywords.isEmpty()) {
        putKeywords(out, keywords);
      }
      out.checkLimit();
      done = true;
    } finally {
      end(out, start, done);
    }
  }

  private void putArguments(PayloadBuffer out, @Nullable Object[] arguments) {
    CborHeads.put(out, CborHeads.ARRAY, arguments.length);
    int index = 0;
    try {
      for (; index < arguments.length; index++) {
        put(out, arguments[index]);
      }
    } catch (ValueException e) {
      throw e.withinIndex(index).within("args");
    }
  }

  private void putKeywords(PayloadBuffer out, Map<String, ?> keywords) {
    int size = keywords.size();
    CborHeads.put(out, CborHeads.MAP, size);
    int written = 0;
    String key = null;
    try {
      for (Map.Entry<String, ?> entry : keywords.entrySet()) {
        key = entry.getKey();
        if (key == null) {
          throw ValueException.unserializable(String.class, "the key of a keyword is null");
        }
        Utf8.put(out, key);
        put(out, entry.getValue());
        written++;
      }
    } catch (ValueException e) {
      throw e.withinKey(key).within("kwargs");
    }
    if (written != size) {
      throw ValueException.unserializable(
              keywords.getClass(), "changed while it was encoded: size=" + size)
          .within("kwargs");
    }
  }

  /**
   * Appends one value.
   *
   * @param rootName what paths begin with, as {@code result}
   * @throws ValueException if it cannot cross; the buffer is as it was before
   */
  public void encodeValue(PayloadBuffer out, @Nullable Object value, String rootName) {
    int start = begin(out);
    boolean done = false;
    try {
      put(out, value);
      out.checkLimit();
      done = true;
    } catch (ValueException e) {
      throw e.within(rootName);
    } finally {
      end(out, start, done);
    }
  }

  /** The value's own code (collections, getters) may throw whatever it likes. */
  private void put(PayloadBuffer out, @Nullable Object value) {
    try {
      encoder.put(out, value);
    } catch (ValueException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      String type = value == null ? "null" : value.getClass().getTypeName();
      throw new ValueException(
          ValueException.Kind.UNSERIALIZABLE, type, "a method of the value threw " + e, e);
    }
  }

  private int begin(PayloadBuffer out) {
    out.stack.clear();
    out.limitBytes(limits.maxMessageBytes());
    return out.length();
  }

  private static void end(PayloadBuffer out, int start, boolean done) {
    if (!done) {
      out.truncate(start);
      out.stack.clear();
    }
  }

  /**
   * Reads one value, which must take up the whole range.
   *
   * @throws ValueException if it does not fit the type
   * @throws MalformedValueException if the bytes are not a value
   */
  public @Nullable Object decodeValue(
      byte[] bytes, int offset, int length, ValueType type, String rootName) {
    CborCursor cursor = new CborCursor(bytes, offset, length, limits);
    try {
      Object value = read(cursor);
      cursor.finish();
      return conversion.convert(value, type);
    } catch (ValueException e) {
      throw e.within(rootName);
    }
  }

  /** Without a reader of trees for what nests nothing. */
  private @Nullable Object read(CborCursor cursor) {
    int head = cursor.peek();
    return switch (head >> 5) {
      case CborHeads.UNSIGNED, CborHeads.NEGATIVE -> cursor.readInteger(head);
      case CborHeads.TEXT -> cursor.readText(head);
      case CborHeads.BYTES -> cursor.readBytes(head);
      case CborHeads.SIMPLE -> {
        if (head == CborHeads.NULL) {
          cursor.skipByte();
          yield null;
        }
        yield cursor.readSimple(head);
      }
      default -> new TreeReader(cursor, keys, limits).read(0, false);
    };
  }

  /** Fits a value that was decoded as what it is by itself to a type; may change it in place. */
  public @Nullable Object convert(@Nullable Object decoded, ValueType type, String rootName) {
    try {
      return conversion.convert(decoded, type);
    } catch (ValueException e) {
      throw e.within(rootName);
    }
  }

  /** Reads only the name; the cursor stands after it. */
  public CallReader readCall(byte[] bytes, int offset, int length, boolean keywords) {
    CallReader reader = newCallReader();
    reader.begin(bytes, offset, length, keywords);
    return reader;
  }

  /** A reader that its owner uses again and again, each time after {@link CallReader#begin}. */
  public CallReader newCallReader() {
    return new CallReader(this, keys, conversion);
  }
}
