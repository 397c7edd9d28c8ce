package dev.lockstep.fuzz;

import dev.lockstep.codec.CallReader;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.codec.ValueException;
import dev.lockstep.wire.Limits;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * What Java's decoder makes of bytes, as one line of text: the verdict that stands in the corpus,
 * which Python's {@code verdicts.py} gives too and describes.
 */
public final class Decoders {
  /** Small, so that small inputs reach them. */
  public static final Limits LIMITS = new Limits(1 << 20, 8, 8, 64, 16, 16, 64);

  private static final int LONGEST_TEXT = 60;
  private static final ValueCodec CODEC = new ValueCodec(LIMITS, ValueCodec.defaultMapper(), false);

  /** One for all inputs, as a lane has one for all calls: nothing may be left of the one before. */
  private static final ThreadLocal<CallReader> READER =
      ThreadLocal.withInitial(CODEC::newCallReader);

  private Decoders() {}

  /**
   * The verdict on a value; and what can be read can be written, and is the same when read again.
   */
  public static String value(byte[] data) {
    return verdict(
        () -> {
          Object value = decoded(data, data.length);
          PayloadBuffer out = new PayloadBuffer();
          CODEC.encodeValue(out, value, "result");
          if (!ValueText.of(decoded(out.array(), out.length())).equals(ValueText.of(value))) {
            throw new AssertionError("it is another one when it is written and read again");
          }
          return value;
        });
  }

  private static @Nullable Object decoded(byte[] data, int length) {
    return CODEC.decodeValue(data, 0, length, CODEC.typeOf(Object.class), "result");
  }

  /**
   * The verdict on a call's payload.
   *
   * @param data a byte whose lowest bit says whether keywords follow, then the payload
   */
  public static String call(byte[] data) {
    if (data.length == 0) {
      return "empty";
    }
    return verdict(
        () -> {
          CallReader reader = READER.get();
          reader.begin(data, 1, data.length - 1, (data[0] & 1) != 0);
          List<@Nullable Object> arguments = Arrays.asList(reader.arguments());
          Map<String, @Nullable Object> keywords = reader.keywords();
          return Arrays.asList(reader.name(), arguments, keywords);
        });
  }

  private static String verdict(Supplier<@Nullable Object> decoding) {
    Object value;
    try {
      value = decoding.get();
    } catch (MalformedValueException refused) {
      return "refused " + refused.position() + " " + reasonClass(refused.reason());
    } catch (ValueException unfit) {
      if (unfit.kind() != ValueException.Kind.MISMATCH) {
        throw unfit;
      }
      return "unfit " + reasonClass(unfit.reason());
    }
    return "value " + shortened(ValueText.of(value));
  }

  static String reasonClass(String reason) {
    int colon = reason.indexOf(':');
    return colon < 0 ? reason : reason.substring(0, colon);
  }

  static String shortened(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length <= LONGEST_TEXT) {
      return text;
    }
    return bytes.length + " bytes, crc32 " + crc32(bytes, 0, bytes.length);
  }

  static String crc32(byte[] bytes, int offset, int length) {
    CRC32 sum = new CRC32();
    sum.update(bytes, offset, length);
    return String.format("%08x", sum.getValue());
  }
}
