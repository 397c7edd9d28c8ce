package dev.lockstep.codec;

/** The CBOR tags of the wire format but for those of typed arrays. */
final class Tags {
  static final int DATE_TIME = 0;
  static final int POSITIVE_BIG = 2;
  static final int NEGATIVE_BIG = 3;
  static final int DECIMAL = 4;
  static final int UUID = 37;
  static final int ROW_MAJOR = 40;
  static final int SET = 258;
  static final int DATE = 1004;
  static final int COLUMN_MAJOR = 1040;
  static final int LOCAL_DATE_TIME = 43100;
  static final int LOCAL_TIME = 43101;
  static final int DURATION = 43102;
  static final int ZONED_DATE_TIME = 43103;

  private Tags() {}

  /** The major type that a tag must stand over, or -1 if the tag is unknown. */
  static int contentOf(long tag) {
    if (ElementType.ofTag(tag) != null) {
      return CborHeads.BYTES;
    }
    if (tag < 0 || tag > ZONED_DATE_TIME) {
      return -1;
    }
    return switch ((int) tag) {
      case POSITIVE_BIG, NEGATIVE_BIG, UUID -> CborHeads.BYTES;
      case DECIMAL, ROW_MAJOR, SET, COLUMN_MAJOR, DURATION, ZONED_DATE_TIME -> CborHeads.ARRAY;
      case DATE_TIME, DATE, LOCAL_DATE_TIME, LOCAL_TIME -> CborHeads.TEXT;
      default -> -1;
    };
  }

  /** Whether a tag makes an array of numbers. */
  static boolean isArray(long tag) {
    return tag == ROW_MAJOR || tag == COLUMN_MAJOR || ElementType.ofTag(tag) != null;
  }
}
