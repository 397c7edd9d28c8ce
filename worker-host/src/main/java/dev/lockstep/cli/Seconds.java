package dev.lockstep.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A duration on the command line: a positive number of seconds such as {@code 2} or {@code 0.5}.
 */
final class Seconds implements ITypeConverter<Duration> {
  private static final double MAX_SECONDS = 1e9;

  @Override
  public Duration convert(String text) {
    double seconds;
    try {
      seconds = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new TypeConversionException("'" + text + "' is not a number of seconds");
    }
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new TypeConversionException("'" + text + "' is not a positive number of seconds");
    }
    return Duration.ofNanos(Math.max(1, Math.round(seconds * 1e9)));
  }
}
