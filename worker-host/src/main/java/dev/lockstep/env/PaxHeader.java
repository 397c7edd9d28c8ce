package dev.lockstep.env;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a pax header says of the entry behind it: lines of {@code LENGTH KEY=VALUE}.
 *
 * @param path null if it does not say
 * @param size -1 if it does not say
 */
record PaxHeader(@Nullable String path, long size) {
  private static final int MOST_DIGITS = 7;

  static PaxHeader parse(byte[] bytes) throws IOException {
    String path = null;
    long size = -1;
    int at = 0;
    while (at < bytes.length && bytes[at] != 0) {
      int space = at;
      int length = 0;
      while (space < bytes.length && bytes[space] >= '0' && bytes[space] <= '9') {
        length = length * 10 + (bytes[space++] - '0');
        if (space - at > MOST_DIGITS) {
          break;
        }
      }
      if (length <= space - at + 1 || length > bytes.length - at || bytes[space] != ' ') {
        throw new IOException("a pax header is damaged: position=" + at);
      }
      String line = new String(bytes, space + 1, at + length - space - 2, StandardCharsets.UTF_8);
      if (line.startsWith("path=")) {
        path = line.substring("path=".length());
      } else if (line.startsWith("size=")) {
        try {
          size = Math.max(0, Long.parseLong(line.substring("size=".length())));
        } catch (NumberFormatException e) {
          throw new IOException("a pax header is damaged: " + line, e);
        }
      } else if (line.startsWith("GNU.sparse")) {
        throw new IOException("sparse files are not supported");
      }
      at += length;
    }
    return new PaxHeader(path, size);
  }
}
