package dev.lockstep.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.lockstep.codec.ElementType;
import dev.lockstep.codec.NdArray;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** How the command line prints values: one JSON document on one line. */
final class Json {
  private static final ObjectMapper MAPPER = mapper();

  private Json() {}

  /**
   * The value as JSON. What JSON has no form for becomes text: bytes as base64, times as ISO 8601,
   * infinity and NaN as their names.
   */
  static String write(@Nullable Object value) throws JsonProcessingException {
    return MAPPER.writeValueAsString(value);
  }

  private static ObjectMapper mapper() {
    ObjectMapper mapper =
        new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .registerModule(new SimpleModule().addSerializer(NdArray.class, new Nested()))
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS);
    mapper
        .getSerializerProvider()
        .setNullKeySerializer(
            new JsonSerializer<>() {
              @Override
              public void serialize(
                  @Nullable Object value, JsonGenerator out, SerializerProvider provider)
                  throws IOException {
                out.writeFieldName("null"); // As Python's json does for None.
              }
            });
    return mapper;
  }

  /** An array of several dimensions as lists in lists, as {@code tolist} gives them in Python. */
  private static final class Nested extends JsonSerializer<NdArray> {
    @Override
    public void serialize(NdArray array, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      write(array, array.shape(), 0, array.data(), out);
    }

    private static void write(
        NdArray array, int[] shape, int dimension, ByteBuffer data, JsonGenerator out)
        throws IOException {
      if (dimension == shape.length) {
        element(array.type(), data, out);
        return;
      }
      out.writeStartArray();
      for (int i = 0; i < shape[dimension]; i++) {
        write(array, shape, dimension + 1, data, out);
      }
      out.writeEndArray();
    }

    private static void element(ElementType type, ByteBuffer data, JsonGenerator out)
        throws IOException {
      switch (type) {
        case BOOL -> out.writeBoolean(data.get() != 0);
        case UINT8 -> out.writeNumber(data.get() & 0xFF);
        case INT8 -> out.writeNumber(data.get());
        case UINT16 -> out.writeNumber(data.getShort() & 0xFFFF);
        case INT16 -> out.writeNumber(data.getShort());
        case UINT32 -> out.writeNumber(data.getInt() & 0xFFFF_FFFFL);
        case INT32 -> out.writeNumber(data.getInt());
        case UINT64 -> out.writeNumber(new BigInteger(Long.toUnsignedString(data.getLong())));
        case INT64 -> out.writeNumber(data.getLong());
        case FLOAT16 -> out.writeNumber(half(data.getShort()));
        case FLOAT32 -> out.writeNumber(data.getFloat());
        case FLOAT64 -> out.writeNumber(data.getDouble());
      }
    }

    /** IEEE 754 binary16; the JDK has it from 20 on. */
    private static float half(short bits) {
      int exponent = (bits >> 10) & 0x1F;
      int fraction = bits & 0x3FF;
      float magnitude =
          switch (exponent) {
            case 0 -> fraction * 0x1p-24f;
            case 0x1F -> fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
            default -> (0x400 | fraction) * (float) Math.scalb(1.0, exponent - 25);
          };
      return bits < 0 ? -magnitude : magnitude;
    }
  }
}
