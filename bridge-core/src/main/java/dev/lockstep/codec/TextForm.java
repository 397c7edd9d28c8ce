package dev.lockstep.codec;

/** What a Java string must be to be text on the wire: UTF-16 without lone surrogates. */
final class TextForm {
  private TextForm() {}

  /** The index of the first lone surrogate, or -1. */
  static int loneSurrogate(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        if (Character.isHighSurrogate(c)
            && i + 1 < length
            && Character.isLowSurrogate(text.charAt(i + 1))) {
          i++;
        } else {
          return i;
        }
      }
    }
    return -1;
  }

  static boolean isWellFormed(String text) {
    return loneSurrogate(text) < 0;
  }
}
