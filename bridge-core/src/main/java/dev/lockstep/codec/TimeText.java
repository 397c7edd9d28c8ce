package dev.lockstep.codec;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;

/**
 * Times as ISO text, in the one form that both sides write and the few that they read: {@code
 * yyyy-mm-dd}, {@code T}, {@code hh:mm[:ss[.fffffffff]]}, {@code Z} or {@code +hh:mm[:ss]}.
 */
final class TimeText {
  static final int MIN_YEAR = 1;
  static final int MAX_YEAR = 9999;

  private static final int DATE_CHARS = 10;
  private static final int SHOWN_CHARS = 60;

  private TimeText() {}

  static LocalDate date(String text) {
    if (text.length() != DATE_CHARS || text.charAt(4) != '-' || text.charAt(7) != '-') {
      throw misfit("yyyy-mm-dd", text);
    }
    int year = digits(text, 0, 4);
    if (year < MIN_YEAR) {
      throw misfit("a year of 1 to 9999", text);
    }
    return LocalDate.of(year, digits(text, 5, 2), digits(text, 8, 2));
  }

  static LocalTime time(String text) {
    int length = text.length();
    if (length < 5 || text.charAt(2) != ':') {
      throw misfit("hh:mm:ss", text);
    }
    int hour = digits(text, 0, 2);
    int minute = digits(text, 3, 2);
    if (length == 5) {
      return LocalTime.of(hour, minute);
    }
    if (length < 8 || text.charAt(5) != ':') {
      throw misfit("hh:mm:ss", text);
    }
    int second = digits(text, 6, 2);
    if (length == 8) {
      return LocalTime.of(hour, minute, second);
    }
    int fraction = length - 9;
    if (text.charAt(8) != '.' || fraction < 1 || fraction > 9) {
      throw misfit("a fraction of 1 to 9 digits", text);
    }
    int nanos = digits(text, 9, fraction);
    for (int i = fraction; i < 9; i++) {
      nanos *= 10;
    }
    return LocalTime.of(hour, minute, second, nanos);
  }

  static LocalDateTime localDateTime(String text) {
    if (text.length() <= DATE_CHARS || Character.toUpperCase(text.charAt(DATE_CHARS)) != 'T') {
      throw misfit("yyyy-mm-ddThh:mm:ss", text);
    }
    return LocalDateTime.of(
        date(text.substring(0, DATE_CHARS)), time(text.substring(DATE_CHARS + 1)));
  }

  /** Where the offset of a date-time begins. */
  static int offsetStart(String text) {
    for (int i = DATE_CHARS; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == 'Z' || c == 'z' || c == '+' || c == '-') {
        return i;
      }
    }
    throw misfit("a date-time with its offset", text);
  }

  static boolean isOffset(String zone) {
    return zone.equalsIgnoreCase("Z") || zone.startsWith("+") || zone.startsWith("-");
  }

  static ZoneOffset offset(String text) {
    if (text.equalsIgnoreCase("Z")) {
      return ZoneOffset.UTC;
    }
    int length = text.length();
    if ((length != 6 && length != 9)
        || (text.charAt(0) != '+' && text.charAt(0) != '-')
        || text.charAt(3) != ':'
        || (length == 9 && text.charAt(6) != ':')) {
      throw misfit("an offset of the form +hh:mm or +hh:mm:ss", text);
    }
    int minutes = digits(text, 4, 2);
    int secondsOfMinute = length == 9 ? digits(text, 7, 2) : 0;
    if (minutes > 59 || secondsOfMinute > 59) {
      throw misfit("an offset of the form +hh:mm or +hh:mm:ss", text);
    }
    int seconds = (digits(text, 1, 2) * 60 + minutes) * 60 + secondsOfMinute;
    return ZoneOffset.ofTotalSeconds(text.charAt(0) == '-' ? -seconds : seconds);
  }

  private static int digits(String text, int from, int count) {
    int number = 0;
    for (int i = from; i < from + count; i++) {
      char c = i < text.length() ? text.charAt(i) : ' ';
      if (c < '0' || c > '9') {
        throw misfit("digits", text);
      }
      number = number * 10 + (c - '0');
    }
    return number;
  }

  private static DateTimeException misfit(String expected, String text) {
    return new DateTimeException(expected + " expected: text=" + shown(text));
  }

  /** A text of the peer's in an error: not all of a long one. */
  static String shown(String text) {
    return text.length() > SHOWN_CHARS ? text.substring(0, SHOWN_CHARS) + "…" : text;
  }

  static void append(StringBuilder out, LocalDate date) {
    int year = date.getYear();
    if (year < MIN_YEAR || year > MAX_YEAR) {
      throw ValueException.unserializable(
          LocalDate.class,
          "year out of range: year=" + year + ", allowed=" + MIN_YEAR + " to " + MAX_YEAR);
    }
    padded(out, year, 4).append('-');
    padded(out, date.getMonthValue(), 2).append('-');
    padded(out, date.getDayOfMonth(), 2);
  }

  static void append(StringBuilder out, LocalTime time) {
    padded(out, time.getHour(), 2).append(':');
    padded(out, time.getMinute(), 2).append(':');
    padded(out, time.getSecond(), 2);
    int nanos = time.getNano();
    if (nanos != 0) {
      out.append('.');
      boolean micros = nanos % 1000 == 0;
      padded(out, micros ? nanos / 1000 : nanos, micros ? 6 : 9);
    }
  }

  private static StringBuilder padded(StringBuilder out, int number, int digits) {
    String text = Integer.toString(number);
    out.append("0".repeat(digits - text.length()));
    return out.append(text);
  }
}
