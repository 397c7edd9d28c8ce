package dev.lockstep.faults;

import dev.lockstep.Accelerator;
import dev.lockstep.SegmentKind;
import java.util.List;
import java.util.Locale;

/**
 * What a row runs on.
 *
 * @param jdk home of the JDK of the host
 * @param python the worker's interpreter
 * @param twin {@code C} or {@code PY}
 * @param kind where the segment comes from
 */
public record Combination(String jdk, String python, Accelerator twin, SegmentKind kind) {
  /** As a program's argument. */
  public String encoded() {
    return String.join("|", jdk, python, twin.name(), kind.name());
  }

  /** The inverse of {@link #encoded}. */
  public static Combination decode(String text) {
    List<String> parts = List.of(text.split("\\|"));
    return new Combination(
        parts.get(0),
        parts.get(1),
        Accelerator.valueOf(parts.get(2)),
        SegmentKind.valueOf(parts.get(3)));
  }

  /** {@code c} or {@code py}. */
  public String twinName() {
    return twin.name().toLowerCase(Locale.ROOT);
  }

  /** {@code memfd} or {@code tmpfs}. */
  public String kindName() {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
