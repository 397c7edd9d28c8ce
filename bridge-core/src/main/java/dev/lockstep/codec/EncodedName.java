package dev.lockstep.codec;

import dev.lockstep.wire.Limits;
import java.nio.charset.StandardCharsets;

/** A function's name with its CBOR bytes, made once and used for every call. Immutable. */
public final class EncodedName {
  private final String text;
  private final byte[] cbor;
  private final int headBytes;

  private EncodedName(String text, byte[] cbor, int headBytes) {
    this.text = text;
    this.cbor = cbor;
    this.headBytes = headBytes;
  }

  /**
   * Encodes a name of 1 to {@code maxNameBytes} bytes of UTF-8.
   *
   * @throws IllegalArgumentException if it is empty, too long or holds a lone surrogate
   */
  public static EncodedName of(String name, Limits limits) {
    if (!TextForm.isWellFormed(name)) {
      throw new IllegalArgumentException("a name holds a lone surrogate: name=" + name);
    }
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    if (utf8.length == 0 || utf8.length > limits.maxNameBytes()) {
      throw new IllegalArgumentException(
          "a name is 1 to "
              + limits.maxNameBytes()
              + " bytes long: bytes="
              + utf8.length
              + (utf8.length <= 200 ? ", name=" + name : ""));
    }
    PayloadBuffer out = new PayloadBuffer();
    CborHeads.put(out, CborHeads.TEXT, utf8.length);
    int headBytes = out.length();
    out.putBytes(utf8, 0, utf8.length);
    return new EncodedName(name, java.util.Arrays.copyOf(out.array(), out.length()), headBytes);
  }

  public String text() {
    return text;
  }

  /** The name as a CBOR text item; not to be changed. */
  byte[] cbor() {
    return cbor;
  }

  /** Whether the range holds this name's UTF-8. */
  boolean matches(byte[] bytes, int from, int to) {
    return java.util.Arrays.equals(cbor, headBytes, cbor.length, bytes, from, to);
  }

  @Override
  public String toString() {
    return text;
  }
}
