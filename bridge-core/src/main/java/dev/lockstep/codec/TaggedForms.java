package dev.lockstep.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a tag makes of content that has been read; throws {@link MisfitException} if nothing. */
final class TaggedForms {
  /** What Python's timedelta spans: 999,999,999 days and a little less than one more. */
  static final long MIN_DURATION_SECONDS = -999_999_999L * 86_400;

  static final long MAX_DURATION_SECONDS = 1_000_000_000L * 86_400 - 1;

  /** Beyond this a decimal's exponent has no counterpart on the other side. */
  static final long MAX_EXPONENT = Integer.MAX_VALUE;

  private static final Pattern ZONE_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9~/._+-]+");

  private TaggedForms() {}

  static UUID uuid(byte[] bytes) {
    if (bytes.length != 16) {
      throw new MisfitException("16 bytes expected: bytes=" + bytes.length);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    return new UUID(buffer.getLong(), buffer.getLong());
  }

  static BigDecimal decimal(List<@Nullable Object> content) {
    if (content.size() != 2
        || !(content.get(0) instanceof Number exponent)
        || !(content.get(1) instanceof Number mantissa)
        || isFraction(exponent)
        || isFraction(mantissa)) {
      throw new MisfitException("[exponent, mantissa] expected");
    }
    long scale = exponent instanceof BigInteger ? Long.MIN_VALUE : -exponent.longValue();
    if (scale < -MAX_EXPONENT || scale > MAX_EXPONENT) {
      throw new MisfitException(
          "exponent out of range: exponent="
              + Numbers.describe(exponent)
              + ", limit="
              + MAX_EXPONENT);
    }
    BigInteger unscaled =
        mantissa instanceof BigInteger big ? big : BigInteger.valueOf(mantissa.longValue());
    return new BigDecimal(unscaled, (int) scale);
  }

  private static boolean isFraction(Number number) {
    return number instanceof Double || number instanceof BigDecimal;
  }

  static Duration duration(List<@Nullable Object> content) {
    if (content.size() != 2
        || !(content.get(0) instanceof Number seconds)
        || !(content.get(1) instanceof Integer nanos)
        || isFraction(seconds)
        || seconds instanceof BigInteger
        || nanos < 0
        || nanos > 999_999_999) {
      throw new MisfitException("[seconds, nanoseconds below 10^9] expected");
    }
    long whole = seconds.longValue();
    if (whole < MIN_DURATION_SECONDS || whole > MAX_DURATION_SECONDS) {
      throw new MisfitException("duration out of range: seconds=" + whole);
    }
    return Duration.ofSeconds(whole, nanos);
  }

  /** Tags over text. */
  static Object text(long tag, String text) {
    try {
      return switch ((int) tag) {
        case Tags.DATE_TIME -> OffsetDateTime.of(localPart(text), offsetPart(text));
        case Tags.LOCAL_DATE_TIME -> TimeText.localDateTime(text);
        case Tags.LOCAL_TIME -> TimeText.time(text);
        default -> date(text);
      };
    } catch (DateTimeException e) {
      throw new MisfitException(String.valueOf(e.getMessage()));
    }
  }

  private static LocalDate date(String text) {
    return TimeText.date(text);
  }

  private static LocalDateTime localPart(String text) {
    return TimeText.localDateTime(text.substring(0, TimeText.offsetStart(text)));
  }

  private static ZoneOffset offsetPart(String text) {
    return TimeText.offset(text.substring(TimeText.offsetStart(text)));
  }

  /** An OffsetDateTime if the zone is a pure offset, else a ZonedDateTime. */
  static Object zonedDateTime(List<@Nullable Object> content) {
    if (content.size() != 2
        || !(content.get(0) instanceof String text)
        || !(content.get(1) instanceof String zone)) {
      throw new MisfitException("[text with offset, zone] expected");
    }
    try {
      LocalDateTime local = localPart(text);
      ZoneOffset offset = offsetPart(text);
      if (TimeText.isOffset(zone)) {
        ZoneOffset fixed = TimeText.offset(zone);
        if (!fixed.equals(offset)) {
          throw new MisfitException("offset and zone differ: text=" + text + ", zone=" + zone);
        }
        return OffsetDateTime.of(local, offset);
      }
      return zoned(local, offset, zone);
    } catch (DateTimeException e) {
      throw new MisfitException(String.valueOf(e.getMessage()));
    }
  }

  private static ZonedDateTime zoned(LocalDateTime local, ZoneOffset offset, String zone) {
    ZoneId id = zoneOf(zone);
    if (!id.getRules().isValidOffset(local, offset)) {
      // The sender's rules of the zone are others than ours: either the wall clock or the instant
      // would have to change, and neither may, silently.
      throw ValueException.mismatch(
          "java.time.ZonedDateTime",
          "the zone has another offset at that time here: time="
              + local
              + ", offset="
              + offset
              + ", zone="
              + zone);
    }
    return ZonedDateTime.ofLocal(local, id, offset);
  }

  private static ZoneId zoneOf(String name) {
    if (!ZONE_NAME.matcher(name).matches()) {
      throw new MisfitException("name of a zone expected: zone=" + TimeText.shown(name));
    }
    try {
      return ZoneId.of(name);
    } catch (DateTimeException e) {
      throw ValueException.mismatch(
          "java.time.ZonedDateTime", "zone not known here: zone=" + TimeText.shown(name));
    }
  }
}
