package dev.lockstep;

import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Tells a slip of the pen from a word of the user's own. */
final class NearMiss {
  private static final int LONG_WORD = 8;

  private NearMiss() {}

  /** The known word that was probably meant; null if this is none of them. */
  static @Nullable String of(String word, Stream<String> known) {
    String plain = plain(word);
    return known
        .filter(each -> distance(plain, plain(each)) <= allowed(plain(each)))
        .findFirst()
        .orElse(null);
  }

  private static int allowed(String word) {
    return word.length() < LONG_WORD ? 1 : 2;
  }

  /** {@code syncMainOnly}, {@code sync-main-only} and {@code sync_main_only} are the same word. */
  private static String plain(String word) {
    return word.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
  }

  /**
   * Letters left out, added or (as one) swapped with their neighbour. A letter in the place of
   * another counts twice: so "end" is not "env".
   */
  private static int distance(String a, String b) {
    int[][] steps = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          steps[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least = Math.min(steps[i - 1][j], steps[i][j - 1]) + 1;
        least = same ? Math.min(least, steps[i - 1][j - 1]) : least;
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, steps[i - 2][j - 2] + 1);
        }
        steps[i][j] = least;
      }
    }
    return steps[a.length()][b.length()];
  }
}
