package dev.lockstep.env;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar archive entry by entry: POSIX ustar and pax, and GNU's long names. What is neither a
 * file nor a folder (links, devices) is told as what it is and has no content.
 *
 * @see <a href="https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html">POSIX, pax:
 *     ustar and pax interchange formats</a>
 */
final class TarReader {
  private static final int BLOCK = 512;
  private static final int NAME_BYTES = 100;
  private static final int MODE_OFFSET = 100;
  private static final int SIZE_OFFSET = 124;
  private static final int CHECKSUM_OFFSET = 148;
  private static final int CHECKSUM_BYTES = 8;
  private static final int KIND_OFFSET = 156;
  private static final int MAGIC_OFFSET = 257;
  private static final int PREFIX_OFFSET = 345;
  private static final int PREFIX_BYTES = 155;
  private static final int LONGEST_HEADER_BYTES = 1024 * 1024;
  private static final int EXECUTABLE = 0100;

  /**
   * One entry.
   *
   * @param kind its type flag: {@code 0} a file, {@code 5} a folder
   */
  record Entry(String name, char kind, long bytes, boolean isExecutable) {
    boolean isFile() {
      return kind == '0' || kind == '7';
    }

    boolean isFolder() {
      return kind == '5';
    }
  }

  private final InputStream in;
  private final byte[] header = new byte[BLOCK];
  private long leftBytes;
  private long paddingBytes;

  TarReader(InputStream in) {
    this.in = in;
  }

  /** Whether a first block is that of a tar archive. */
  static boolean isTar(byte[] block) {
    return block.length >= BLOCK && hasChecksum(block);
  }

  /** The next entry, whose content can be read then; null at the end. */
  @Nullable Entry next() throws IOException {
    String name = null;
    long size = -1;
    while (true) {
      skip(leftBytes + paddingBytes);
      leftBytes = 0;
      paddingBytes = 0;
      if (in.readNBytes(header, 0, BLOCK) < BLOCK || isZero()) {
        return null;
      }
      if (!hasChecksum(header)) {
        throw new IOException("a header's checksum is wrong");
      }
      char kind = header[KIND_OFFSET] == 0 ? '0' : (char) header[KIND_OFFSET];
      long bytes = number(SIZE_OFFSET, 12);
      switch (kind) {
        case 'L' -> name = text(longHeader(bytes), 0, (int) bytes);
        case 'K' -> longHeader(bytes);
        case 'x' -> {
          PaxHeader more = PaxHeader.parse(longHeader(bytes));
          name = more.path() == null ? name : more.path();
          size = more.size();
        }
        case 'g' -> longHeader(bytes);
        default -> {
          return begin(name == null ? headerName() : name, kind, size < 0 ? bytes : size);
        }
      }
    }
  }

  private Entry begin(String name, char kind, long bytes) {
    boolean isFolder = kind == '5' || (kind == '0' && name.endsWith("/"));
    boolean isEmpty = isFolder || (kind >= '1' && kind <= '6');
    leftBytes = isEmpty ? 0 : bytes;
    paddingBytes = (BLOCK - leftBytes % BLOCK) % BLOCK;
    boolean isExecutable = (number(MODE_OFFSET, 8) & EXECUTABLE) != 0;
    return new Entry(name, isFolder ? '5' : kind, leftBytes, isExecutable);
  }

  private String headerName() {
    String name = text(header, 0, NAME_BYTES);
    boolean hasPrefix = text(header, MAGIC_OFFSET, 6).equals("ustar");
    String prefix = hasPrefix ? text(header, PREFIX_OFFSET, PREFIX_BYTES) : "";
    return prefix.isEmpty() ? name : prefix + "/" + name;
  }

  /** The content of the entry: ends where it does. */
  InputStream content() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] buffer, int offset, int length) throws IOException {
        if (leftBytes == 0) {
          return -1;
        }
        int read = in.read(buffer, offset, (int) Math.min(length, leftBytes));
        if (read < 0) {
          throw new EOFException("the archive ends in the midst of a file");
        }
        leftBytes -= read;
        return read;
      }
    };
  }

  private byte[] longHeader(long bytes) throws IOException {
    if (bytes > LONGEST_HEADER_BYTES) {
      throw new IOException(
          "a header is too long: bytes=" + bytes + ", allowed=" + LONGEST_HEADER_BYTES);
    }
    byte[] content = in.readNBytes((int) bytes);
    if (content.length < bytes) {
      throw new EOFException("the archive ends in the midst of a header");
    }
    skip((BLOCK - bytes % BLOCK) % BLOCK);
    return content;
  }

  private void skip(long bytes) throws IOException {
    try {
      in.skipNBytes(bytes);
    } catch (EOFException e) {
      throw new EOFException("the archive ends in the midst of a file");
    }
  }

  private boolean isZero() {
    for (byte each : header) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean hasChecksum(byte[] block) {
    long sum = 0;
    long told = 0;
    for (int i = 0; i < BLOCK; i++) {
      boolean isSum = i >= CHECKSUM_OFFSET && i < CHECKSUM_OFFSET + CHECKSUM_BYTES;
      sum += isSum ? ' ' : block[i] & 0xFF;
      if (isSum && block[i] >= '0' && block[i] <= '7') {
        told = told * 8 + (block[i] - '0');
      }
    }
    return sum == told;
  }

  /** An octal number, or GNU's binary form of one that is too large for that. */
  private long number(int offset, int length) {
    if ((header[offset] & 0x80) != 0) {
      long value = header[offset] & 0x3F;
      for (int i = 1; i < length; i++) {
        value = (value << 8) | (header[offset + i] & 0xFF);
      }
      return Math.max(0, value);
    }
    long value = 0;
    for (int i = offset; i < offset + length; i++) {
      if (header[i] >= '0' && header[i] <= '7') {
        value = value * 8 + (header[i] - '0');
      }
    }
    return value;
  }

  private static String text(byte[] bytes, int offset, int length) {
    int end = offset;
    while (end < offset + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
  }
}
