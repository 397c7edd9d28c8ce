package dev.lockstep.stdio;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Bytes of UTF-8 as lines, however they were cut on the way.
 *
 * <p>A line ends with LF or CR LF. One that is longer than {@value #MAX_LINE_BYTES} bytes is
 * delivered in pieces, cut between characters; bytes that are not UTF-8 become U+FFFD. Not
 * thread-safe.
 */
public final class LineSplitter {
  /** Longest piece of a line. */
  public static final int MAX_LINE_BYTES = 64 * 1024;

  private static final int FIRST_BYTES = 256;
  private static final int RETAINED_BYTES = 4096;

  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private final Consumer consumer;
  private byte[] pending = new byte[FIRST_BYTES];
  private int pendingLength;

  /** Takes lines. */
  public interface Consumer {
    /**
     * Takes one line.
     *
     * @param isComplete whether its end followed
     */
    void onLine(String text, boolean isComplete);
  }

  public LineSplitter(Consumer consumer) {
    this.consumer = consumer;
  }

  /** Takes the next bytes. */
  public void add(byte[] bytes, int length) {
    int from = 0;
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n') {
        append(bytes, from, i - from);
        from = i + 1;
        deliverLine();
      }
    }
    append(bytes, from, length - from);
  }

  /** Nothing follows: delivers what has no end yet. */
  public void end() {
    if (pendingLength > 0) {
      deliver(pendingLength, false);
    }
  }

  private void append(byte[] bytes, int from, int count) {
    int taken = 0;
    while (taken < count) {
      if (pendingLength == MAX_LINE_BYTES) {
        deliver(cutBetweenCharacters(), false);
      }
      int part = Math.min(count - taken, MAX_LINE_BYTES - pendingLength);
      if (pendingLength + part > pending.length) {
        int grown = Math.max(pending.length * 2, pendingLength + part);
        pending = Arrays.copyOf(pending, Math.min(grown, MAX_LINE_BYTES));
      }
      System.arraycopy(bytes, from + taken, pending, pendingLength, part);
      pendingLength += part;
      taken += part;
    }
  }

  private void deliverLine() {
    boolean hasReturn = pendingLength > 0 && pending[pendingLength - 1] == '\r';
    if (hasReturn) {
      pendingLength--;
    }
    deliver(pendingLength, true);
    if (pendingLength == 0 && pending.length > RETAINED_BYTES) {
      pending = new byte[FIRST_BYTES];
    }
  }

  /** Where a full buffer can be cut: before a character that has only begun. */
  private int cutBetweenCharacters() {
    int start = pendingLength - 1;
    while (start > pendingLength - 4 && (pending[start] & 0xC0) == 0x80) {
      start--;
    }
    int lead = pending[start] & 0xFF;
    int needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return start + needed > pendingLength ? start : pendingLength;
  }

  private void deliver(int length, boolean isComplete) {
    String text = decode(length);
    System.arraycopy(pending, length, pending, 0, pendingLength - length);
    pendingLength -= length;
    consumer.onLine(text, isComplete);
  }

  private String decode(int length) {
    CharBuffer chars = CharBuffer.allocate(length + 1);
    decoder.reset();
    decoder.decode(ByteBuffer.wrap(pending, 0, length), chars, true);
    decoder.flush(chars);
    return chars.flip().toString();
  }
}
