package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads items as what they are by themselves. Recursion goes no deeper than {@code maxNesting}.
 *
 * <p>In the place of a map's key and of a set's element only what Python can hash is read: no maps
 * and no typed arrays.
 */
final class TreeReader {
  private final CborCursor cursor;
  private final KeyTexts keys;
  private final int maxNesting;
  private final int maxIntegerBytes;
  private boolean keepsTypedArrays;

  TreeReader(CborCursor cursor, KeyTexts keys, Limits limits) {
    this.cursor = cursor;
    this.keys = keys;
    this.maxNesting = limits.maxNesting();
    this.maxIntegerBytes = limits.maxIntegerBytes();
  }

  /** The item at the cursor; {@code depth} arrays and maps are around it. */
  @Nullable Object read(int depth, boolean asKey) {
    int head = cursor.peek();
    if (head < CborHeads.FIRST_LONG) {
      cursor.skipByte();
      return head;
    }
    return switch (head >> 5) {
      case CborHeads.UNSIGNED, CborHeads.NEGATIVE -> cursor.readInteger(head);
      case CborHeads.BYTES -> cursor.readBytes(head);
      case CborHeads.TEXT -> cursor.readText(head);
      case CborHeads.ARRAY -> readArray(depth, asKey);
      case CborHeads.MAP -> readMap(depth, asKey);
      case CborHeads.TAG -> readTagged(head, depth, asKey);
      default -> {
        if (head == CborHeads.NULL) {
          cursor.skipByte();
          yield null;
        }
        yield cursor.readSimple(head);
      }
    };
  }

  private int enter(int depth, int start) {
    if (depth >= maxNesting) {
      throw cursor.malformedAt(start, "nested too deeply: maxNesting=" + maxNesting);
    }
    return depth + 1;
  }

  private List<@Nullable Object> readArray(int depth, boolean asKey) {
    int start = cursor.at();
    int head = cursor.peek();
    int inner = enter(depth, start);
    long length = cursor.readLength(head, 1);
    if (length != CborCursor.INDEFINITE) {
      cursor.count(length, start);
      int size = (int) length;
      List<@Nullable Object> elements = new ArrayList<>(size);
      readElements(elements, size, inner, asKey);
      return elements;
    }
    List<@Nullable Object> elements = new ArrayList<>();
    while (!cursor.atBreak(start)) {
      cursor.count(1, start);
      elements.add(read(inner, asKey));
    }
    return elements;
  }

  private void readElements(List<@Nullable Object> elements, int size, int inner, boolean asKey) {
    try {
      for (int i = 0; i < size; i++) {
        int small = cursor.smallNumber();
        elements.add(small >= 0 ? (Integer) small : read(inner, asKey));
      }
    } catch (ValueException e) {
      throw e.withinIndex(elements.size());
    }
  }

  private Map<@Nullable Object, @Nullable Object> readMap(int depth, boolean asKey) {
    int start = cursor.at();
    if (asKey) {
      throw cursor.malformed("a map cannot be a key");
    }
    int head = cursor.peek();
    int inner = enter(depth, start);
    long length = cursor.readLength(head, 2);
    MapBuilder builder = new MapBuilder(length == CborCursor.INDEFINITE ? 8 : (int) length);
    if (length != CborCursor.INDEFINITE) {
      cursor.count(2 * length, start);
      for (long i = 0; i < length; i++) {
        readEntry(builder, inner);
      }
    } else {
      while (!cursor.atBreak(start)) {
        cursor.count(2, start);
        readEntry(builder, inner);
      }
    }
    return builder.map;
  }

  private void readEntry(MapBuilder builder, int inner) {
    int start = cursor.at();
    Object key = readKey(inner);
    try {
      Object value = read(inner, false);
      if (!builder.put(key, value)) {
        throw cursor.malformedAt(start, "duplicate key");
      }
    } catch (ValueException e) {
      throw e.withinKey(key);
    }
  }

  private @Nullable Object readKey(int inner) {
    int head = cursor.peek();
    int length = head - (CborHeads.TEXT << 5);
    if (length < 1 || length > KeyTexts.MAX_BYTES || length >= cursor.remaining()) {
      return read(inner, true);
    }
    byte[] bytes = cursor.bytes();
    int from = cursor.at() + 1;
    String key = keys.find(bytes, from, length);
    if (key != null) {
      cursor.skip(1 + length);
      return key;
    }
    key = cursor.readText(head);
    keys.keep(bytes, from, length, key);
    return key;
  }

  private @Nullable Object readTagged(int head, int depth, boolean asKey) {
    int start = cursor.at();
    long tag = cursor.readArgument(head);
    int content = cursor.peek();
    if (content >> 5 == CborHeads.TAG) {
      throw cursor.malformedAt(start, "tag over another tag: tag=" + Long.toUnsignedString(tag));
    }
    if (tag == Tags.POSITIVE_BIG || tag == Tags.NEGATIVE_BIG) {
      return readBigInteger(tag, content, start);
    }
    if (tag == Tags.SET) {
      return readSet(depth, content, start);
    }
    int wanted = Tags.contentOf(tag);
    if (wanted < 0) {
      throw cursor.malformedAt(start, "unknown tag: tag=" + Long.toUnsignedString(tag));
    }
    requireContent(tag, wanted, content, start);
    if (asKey && Tags.isArray(tag)) {
      throw cursor.malformedAt(start, "an array of numbers cannot be a key");
    }
    try {
      ElementType element = ElementType.ofTag(tag);
      if (element != null) {
        NdArray array = TypedArrays.read(tag, element, cursor.readBytes(content));
        return keepsTypedArrays ? array : TypedArrays.plain(array);
      }
      return switch ((int) tag) {
        case Tags.ROW_MAJOR, Tags.COLUMN_MAJOR -> readShaped(tag, depth);
        case Tags.UUID -> TaggedForms.uuid(cursor.readBytes(content));
        case Tags.DECIMAL -> TaggedForms.decimal(readArray(depth, false));
        case Tags.DURATION -> TaggedForms.duration(readArray(depth, false));
        case Tags.ZONED_DATE_TIME -> TaggedForms.zonedDateTime(readArray(depth, false));
        default -> TaggedForms.text(tag, cursor.readText(content));
      };
    } catch (MisfitException e) {
      throw cursor.malformedAt(start, "tag " + tag + ": " + e.getMessage());
    }
  }

  private void requireContent(long tag, int wanted, int content, int start) {
    if (content >> 5 != wanted) {
      throw cursor.malformedAt(
          start,
          "tag over the wrong type: tag="
              + tag
              + ", majorType="
              + (content >> 5)
              + ", expected="
              + wanted);
    }
  }

  private Number readBigInteger(long tag, int content, int start) {
    requireContent(tag, CborHeads.BYTES, content, start);
    byte[] magnitude = cursor.readBytes(content);
    if (magnitude.length > maxIntegerBytes) {
      throw cursor.malformedAt(
          start,
          "integer too large: bytes=" + magnitude.length + ", maxIntegerBytes=" + maxIntegerBytes);
    }
    BigInteger value = new BigInteger(1, magnitude);
    if (tag == Tags.NEGATIVE_BIG) {
      value = value.not();
    }
    return value.bitLength() < Long.SIZE ? CborCursor.smallest(value.longValue()) : value;
  }

  private Set<@Nullable Object> readSet(int depth, int content, int start) {
    requireContent(Tags.SET, CborHeads.ARRAY, content, start);
    List<@Nullable Object> elements = readArray(depth, true);
    Set<@Nullable Object> set = new LinkedHashSet<>((int) (elements.size() / 0.75 + 1));
    KeyIdentities identities = new KeyIdentities(set);
    for (Object element : elements) {
      if (!identities.isNew(element) || !set.add(element)) {
        throw cursor.malformedAt(start, "duplicate element of a set");
      }
    }
    return set;
  }

  private Object readShaped(long tag, int depth) {
    boolean before = keepsTypedArrays;
    keepsTypedArrays = true;
    try {
      NdArray array = TypedArrays.shaped(tag, readArray(depth, false));
      return before ? array : TypedArrays.plain(array);
    } finally {
      keepsTypedArrays = before;
    }
  }

  /** A map that tells its keys apart as Python does. */
  private static final class MapBuilder {
    final Map<@Nullable Object, @Nullable Object> map;
    private @Nullable KeyIdentities identities;

    MapBuilder(int size) {
      map = new LinkedHashMap<>((int) Math.min(size / 0.75 + 1, 1 << 30));
    }

    boolean put(@Nullable Object key, @Nullable Object value) {
      if (!(key instanceof String && identities == null) && !isNew(key)) {
        return false;
      }
      int before = map.size();
      map.put(key, value);
      return map.size() > before;
    }

    private boolean isNew(@Nullable Object key) {
      KeyIdentities known = identities;
      if (known == null) {
        identities = known = new KeyIdentities(map.keySet());
      }
      return known.isNew(key);
    }
  }
}
