package dev.lockstep.codec;

import java.math.BigInteger;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Tells decoded keys apart as Python does, which takes 1, 1.0 and true for one and bytes by their
 * content: so a map that one side reads is one that the other would read.
 *
 * <p>Costs nothing as long as the keys are those that both languages tell apart alike.
 */
final class KeyIdentities {
  /** Decoded keys are nested no deeper than the reader's own limit. */
  private static final KeyCheck CHECK = new KeyCheck(Integer.MAX_VALUE);

  private final Collection<? extends @Nullable Object> keysSoFar;
  private @Nullable Set<Object> known;

  /** Of keys that are put into a collection one by one, when {@link #isNew} has looked at them. */
  KeyIdentities(Collection<? extends @Nullable Object> keysSoFar) {
    this.keysSoFar = keysSoFar;
  }

  /**
   * False if Python would take the key for an earlier one; else, the collection itself can tell.
   */
  boolean isNew(@Nullable Object key) {
    Set<Object> seen = known;
    if (seen == null) {
      if (isToldApartAlike(key)) {
        return true;
      }
      known = seen = new HashSet<>();
      for (Object earlier : keysSoFar) {
        seen.add(CHECK.identity(earlier, 0));
      }
    }
    return seen.add(CHECK.identity(key, 0));
  }

  private static boolean isToldApartAlike(@Nullable Object key) {
    return key instanceof String
        || key instanceof Integer
        || key instanceof Long
        || key == null
        || key instanceof BigInteger
        || key instanceof UUID
        || key instanceof LocalDate;
  }
}
