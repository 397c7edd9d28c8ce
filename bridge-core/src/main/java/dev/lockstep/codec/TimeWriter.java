package dev.lockstep.codec;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoField;
import java.util.regex.Pattern;

/** Appends what java.time holds and Python's datetime can hold. */
final class TimeWriter {
  private static final int NANOS_PER_MICRO = 1000;

  /** Zones that Java makes up of a prefix and an offset; the time zone database has none such. */
  private static final Pattern PREFIXED_OFFSET = Pattern.compile("(UTC|GMT|UT)[+-].*");

  private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
  private static final Instant AFTER_LAST = Instant.parse("+10000-01-01T00:00:00Z");

  private final boolean strictNanos;

  TimeWriter(boolean strictNanos) {
    this.strictNanos = strictNanos;
  }

  void put(PayloadBuffer out, LocalDate date) {
    StringBuilder text = new StringBuilder();
    TimeText.append(text, date);
    tagged(out, Tags.DATE, text);
  }

  void put(PayloadBuffer out, LocalTime time) {
    checkNanos(LocalTime.class, time.get(ChronoField.NANO_OF_SECOND));
    StringBuilder text = new StringBuilder();
    TimeText.append(text, time);
    tagged(out, Tags.LOCAL_TIME, text);
  }

  void put(PayloadBuffer out, LocalDateTime time) {
    tagged(out, Tags.LOCAL_DATE_TIME, text(time));
  }

  void put(PayloadBuffer out, Instant instant) {
    if (instant.isBefore(FIRST) || !instant.isBefore(AFTER_LAST)) {
      throw ValueException.unserializable(
          Instant.class,
          "year out of range: instant="
              + instant
              + ", allowed="
              + TimeText.MIN_YEAR
              + " to "
              + TimeText.MAX_YEAR);
    }
    put(out, instant.atOffset(ZoneOffset.UTC));
  }

  void put(PayloadBuffer out, OffsetDateTime time) {
    ZoneOffset offset = time.getOffset();
    StringBuilder text = text(time.toLocalDateTime()).append(offset.getId());
    if (offset.getTotalSeconds() % 60 == 0) {
      tagged(out, Tags.DATE_TIME, text);
    } else {
      zoned(out, text, offset.getId());
    }
  }

  void put(PayloadBuffer out, ZonedDateTime time) {
    ZoneId zone = time.getZone();
    if (zone instanceof ZoneOffset) {
      put(out, time.toOffsetDateTime());
      return;
    }
    String id = zone.getId();
    if (PREFIXED_OFFSET.matcher(id).matches()) {
      throw ValueException.unserializable(
          ZonedDateTime.class, "not a zone of the time zone database: zone=" + id);
    }
    zoned(out, text(time.toLocalDateTime()).append(time.getOffset().getId()), id);
  }

  void put(PayloadBuffer out, Duration duration) {
    checkNanos(Duration.class, duration.getNano());
    long seconds = duration.getSeconds();
    if (seconds < TaggedForms.MIN_DURATION_SECONDS || seconds > TaggedForms.MAX_DURATION_SECONDS) {
      throw ValueException.unserializable(
          Duration.class,
          "duration out of range: seconds="
              + seconds
              + ", allowed="
              + TaggedForms.MIN_DURATION_SECONDS
              + " to "
              + TaggedForms.MAX_DURATION_SECONDS);
    }
    CborHeads.put(out, CborHeads.TAG, Tags.DURATION);
    CborHeads.put(out, CborHeads.ARRAY, 2);
    NumberWriter.put(out, seconds);
    NumberWriter.put(out, duration.getNano());
  }

  private StringBuilder text(LocalDateTime time) {
    checkNanos(LocalDateTime.class, time.get(ChronoField.NANO_OF_SECOND));
    StringBuilder text = new StringBuilder();
    TimeText.append(text, time.toLocalDate());
    text.append('T');
    TimeText.append(text, time.toLocalTime());
    return text;
  }

  private void checkNanos(Class<?> type, int nanos) {
    if (strictNanos && nanos % NANOS_PER_MICRO != 0) {
      throw ValueException.unserializable(
          type, "finer than a microsecond, which Python would cut: nanoseconds=" + nanos);
    }
  }

  private static void zoned(PayloadBuffer out, StringBuilder text, String zone) {
    CborHeads.put(out, CborHeads.TAG, Tags.ZONED_DATE_TIME);
    CborHeads.put(out, CborHeads.ARRAY, 2);
    Utf8.put(out, text.toString());
    Utf8.put(out, zone);
  }

  private static void tagged(PayloadBuffer out, int tag, StringBuilder text) {
    CborHeads.put(out, CborHeads.TAG, tag);
    Utf8.put(out, text.toString());
  }
}
