package dev.lockstep.codec;

import org.jspecify.annotations.Nullable;

/** How one step of a path is written. */
final class PathStep {
  private static final int SHOWN_CHARS = 60;

  private PathStep() {}

  static String ofKey(@Nullable Object key) {
    if (key instanceof CharSequence || key instanceof Character || key instanceof Enum) {
      return "[" + quoted(key.toString()) + "]";
    }
    if (key instanceof Number || key instanceof Boolean || key == null) {
      return "[" + key + "]";
    }
    return "[" + key.getClass().getSimpleName() + "]";
  }

  static String ofProperty(String name) {
    return "." + name;
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    int shown = Math.min(text.length(), SHOWN_CHARS);
    for (int i = 0; i < shown; i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(shown < text.length() ? "…\"" : "\"").toString();
  }
}
