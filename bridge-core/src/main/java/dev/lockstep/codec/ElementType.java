package dev.lockstep.codec;

import org.jspecify.annotations.Nullable;

/** What a typed array holds: RFC 8746, and booleans. */
public enum ElementType {
  UINT8("uint8", 1, 64),
  INT8("int8", 1, 72),
  UINT16("uint16", 2, 69),
  INT16("int16", 2, 77),
  UINT32("uint32", 4, 70),
  INT32("int32", 4, 78),
  UINT64("uint64", 8, 71),
  INT64("int64", 8, 79),
  FLOAT16("float16", 2, 84),
  FLOAT32("float32", 4, 85),
  FLOAT64("float64", 8, 86),
  BOOL("bool", 1, 43105);

  private final String wireName;
  private final int bytes;
  private final int tag;

  ElementType(String wireName, int bytes, int tag) {
    this.wireName = wireName;
    this.bytes = bytes;
    this.tag = tag;
  }

  /** The name that numpy gives it. */
  public String wireName() {
    return wireName;
  }

  /** The size of one element. */
  public int bytes() {
    return bytes;
  }

  /** The tag of an array in little-endian order. */
  int tag() {
    return tag;
  }

  /** The type that a tag stands for, in whichever byte order, or null if it is none of them. */
  static @Nullable ElementType ofTag(long tag) {
    return switch ((int) Math.min(tag, Integer.MAX_VALUE)) {
      case 64, 68 -> UINT8;
      case 65, 69 -> UINT16;
      case 66, 70 -> UINT32;
      case 67, 71 -> UINT64;
      case 72 -> INT8;
      case 73, 77 -> INT16;
      case 74, 78 -> INT32;
      case 75, 79 -> INT64;
      case 80, 84 -> FLOAT16;
      case 81, 85 -> FLOAT32;
      case 82, 86 -> FLOAT64;
      case 43105 -> BOOL;
      default -> null;
    };
  }

  /** Whether a tag of {@link #ofTag} stands for big-endian elements. */
  static boolean isBigEndian(long tag) {
    return (tag >= 65 && tag <= 67) || (tag >= 73 && tag <= 75) || (tag >= 80 && tag <= 82);
  }
}
