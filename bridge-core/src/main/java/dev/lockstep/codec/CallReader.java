package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The payload of a call: its name has been read, its arguments wait until their types are known.
 *
 * <p>Not thread-safe. First {@link #begin}, then {@link #arguments}, once, then {@link #keywords},
 * once: whichever is last finds out whether bytes are left over. Then it may begin again.
 */
public final class CallReader {
  private static final String ARGUMENTS = "args";
  private static final String KEYWORDS = "kwargs";

  private final ValueCodec codec;
  private final CborCursor cursor;
  private final TreeReader trees;
  private final Conversion conversion;
  private final int maxNameBytes;
  private boolean hasKeywords;
  private int nameFrom;
  private int nameTo;

  /** The number of arguments, or {@link CborCursor#INDEFINITE} while they are to be read. */
  private long argumentCount;

  private @Nullable List<@Nullable Object> indefinite;
  private @Nullable String name;
  private boolean argumentsAreRead = true;
  private boolean keywordsAreRead = true;

  CallReader(ValueCodec codec, KeyTexts keys, Conversion conversion) {
    Limits limits = codec.limits();
    this.codec = codec;
    this.cursor = new CborCursor(limits);
    this.trees = new TreeReader(cursor, keys, limits);
    this.conversion = conversion;
    this.maxNameBytes = limits.maxNameBytes();
  }

  /** Whose limits and types it has. */
  public ValueCodec codec() {
    return codec;
  }

  /**
   * Takes a payload, which must not change until its last value was read, and reads the name.
   *
   * @param keywords whether keyword arguments follow the positional ones
   * @throws MalformedValueException if there is no name, or no array of arguments behind it
   */
  public void begin(byte[] bytes, int offset, int length, boolean keywords) {
    cursor.begin(bytes, offset, length);
    hasKeywords = keywords;
    name = null;
    argumentsAreRead = false;
    keywordsAreRead = false;
    readName();
  }

  /** Lets the payload go. */
  public void forget() {
    cursor.forget();
    indefinite = null;
    argumentsAreRead = true;
    keywordsAreRead = true;
  }

  private void readName() {
    int length = cursor.readName(maxNameBytes);
    nameTo = cursor.at();
    nameFrom = nameTo - length;
    int start = cursor.at();
    int head = cursor.peek();
    if (head >> 5 != CborHeads.ARRAY) {
      throw cursor.malformed("an array of arguments expected: majorType=" + (head >> 5));
    }
    if ((head & 31) == 31) {
      indefinite = untyped();
      argumentCount = indefinite.size();
    } else {
      indefinite = null;
      argumentCount = cursor.readLength(head, 1);
      cursor.count(argumentCount, start);
    }
  }

  @SuppressWarnings("unchecked")
  private List<@Nullable Object> untyped() {
    // The array itself is not of the value: its elements are at depth 0.
    try {
      Object read = trees.read(-1, false);
      if (read == null) {
        throw new IllegalStateException("an array was read as null");
      }
      return (List<@Nullable Object>) read;
    } catch (ValueException e) {
      throw e.within(ARGUMENTS);
    }
  }

  /** The function's name. */
  public String name() {
    String known = name;
    if (known == null) {
      name = known = Utf8.decode(cursor.bytes(), nameFrom, nameTo, false);
    }
    return known;
  }

  /** Whether this is the name; allocates nothing. */
  public boolean matches(EncodedName other) {
    return other.matches(cursor.bytes(), nameFrom, nameTo);
  }

  /** What the name stands for in a table, or null; allocates nothing. */
  public <V> @Nullable V nameIn(NameTable<V> table) {
    return table.find(cursor.bytes(), nameFrom, nameTo);
  }

  /** The number of positional arguments. */
  public int argumentCount() {
    return (int) argumentCount;
  }

  /**
   * The positional arguments, one for each type.
   *
   * @throws WrongArityException if there are more or fewer; nothing has been read then
   * @throws ValueException if one does not fit its type
   * @throws MalformedValueException if the bytes are not a value
   */
  public @Nullable Object[] arguments(ValueType[] types) {
    if (types.length != argumentCount) {
      throw new WrongArityException(types.length, (int) argumentCount);
    }
    return readArguments(types);
  }

  /** The positional arguments, however many, each as what it is by itself. */
  public @Nullable Object[] arguments() {
    return readArguments(null);
  }

  private @Nullable Object[] readArguments(ValueType @Nullable [] types) {
    if (argumentsAreRead) {
      throw new IllegalStateException("the arguments have been read: name=" + name());
    }
    argumentsAreRead = true;
    @Nullable Object[] arguments = new @Nullable Object[(int) argumentCount];
    int index = 0;
    try {
      for (; index < arguments.length; index++) {
        Object value = indefinite == null ? trees.read(0, false) : indefinite.get(index);
        arguments[index] = types == null ? value : conversion.convert(value, types[index]);
      }
    } catch (ValueException e) {
      throw e.withinIndex(index).within(ARGUMENTS);
    }
    if (!hasKeywords) {
      cursor.finish();
    }
    return arguments;
  }

  /** The keyword arguments, each as what it is by itself; empty if the call has none. */
  public Map<String, @Nullable Object> keywords() {
    if (!argumentsAreRead || keywordsAreRead) {
      throw new IllegalStateException(
          "keywords are read once, after the arguments: name=" + name());
    }
    keywordsAreRead = true;
    if (!hasKeywords) {
      return Map.of();
    }
    int start = cursor.at();
    int head = cursor.peek();
    if (head >> 5 != CborHeads.MAP) {
      throw cursor.malformed("a map of keyword arguments expected: majorType=" + (head >> 5));
    }
    Map<?, ?> read;
    try {
      read = (Map<?, ?>) trees.read(-1, false);
    } catch (ValueException e) {
      throw e.within(KEYWORDS);
    }
    Map<String, @Nullable Object> keywords = new LinkedHashMap<>();
    if (read != null) {
      for (Map.Entry<?, ?> entry : read.entrySet()) {
        if (!(entry.getKey() instanceof String text)) {
          throw cursor.malformedAt(start, "the key of a keyword argument is text");
        }
        keywords.put(text, entry.getValue());
      }
    }
    cursor.finish();
    return keywords;
  }
}
