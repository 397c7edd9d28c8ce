package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lockstep.codec.ElementType;
import dev.lockstep.codec.NdArray;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JsonTest {
  @Test
  void plainValuesAreJson() throws JsonProcessingException {
    assertThat(Json.write(null)).isEqualTo("null");
    assertThat(Json.write("é\"")).isEqualTo("\"é\\\"\"");
    assertThat(Json.write(Arrays.asList(1, null, true, 0.1))).isEqualTo("[1,null,true,0.1]");
    assertThat(Json.write(BigInteger.TEN.pow(30))).isEqualTo("1" + "0".repeat(30));
    assertThat(Json.write(new BigDecimal("1.10"))).isEqualTo("1.10");
    assertThat(Json.write(Set.of(3))).isEqualTo("[3]");
  }

  @Test
  void mapsKeepTheirOrderAndTheirOddKeys() throws JsonProcessingException {
    Map<Object, Object> map = new LinkedHashMap<>();
    map.put("z", 1);
    map.put(null, 2);
    map.put(3, 4);

    assertThat(Json.write(map)).isEqualTo("{\"z\":1,\"null\":2,\"3\":4}");
  }

  @Test
  void timesAreIsoTextAndNumbersThatAreNoneAreNames() throws JsonProcessingException {
    assertThat(Json.write(OffsetDateTime.parse("2024-02-29T12:00:00+01:00")))
        .isEqualTo("\"2024-02-29T12:00:00+01:00\"");
    assertThat(Json.write(LocalDateTime.parse("2024-02-29T12:00:00.5")))
        .isEqualTo("\"2024-02-29T12:00:00.5\"");
    assertThat(Json.write(Duration.ofMillis(1500))).isEqualTo("\"PT1.5S\"");
    assertThat(Json.write(Double.NaN)).isEqualTo("\"NaN\"");
  }

  @Test
  void arraysOfDimensionsAreListsInLists() throws JsonProcessingException {
    assertThat(Json.write(NdArray.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3)))
        .isEqualTo("[[1,2,3],[4,5,6]]");
    assertThat(Json.write(NdArray.of(new double[0], 0, 2))).isEqualTo("[]");
  }

  @Test
  void unsignedAndHalfPrecisionElementsKeepTheirValues() throws JsonProcessingException {
    assertThat(Json.write(array(ElementType.UINT64, -1L))).isEqualTo("[18446744073709551615]");
    assertThat(Json.write(array(ElementType.UINT8, 0xFFL, 1))).isEqualTo("[255]");
    // 1.5, -2, the smallest subnormal, the largest finite number: IEEE 754 binary16.
    assertThat(Json.write(array(ElementType.FLOAT16, 0x3E00, 2))).isEqualTo("[1.5]");
    assertThat(Json.write(array(ElementType.FLOAT16, 0xC000, 2))).isEqualTo("[-2.0]");
    assertThat(Json.write(array(ElementType.FLOAT16, 0x0001, 2))).isEqualTo("[5.9604645E-8]");
    assertThat(Json.write(array(ElementType.FLOAT16, 0x7BFF, 2))).isEqualTo("[65504.0]");
  }

  private static NdArray array(ElementType type, long bits) {
    return array(type, bits, Long.BYTES);
  }

  private static NdArray array(ElementType type, long bits, int bytes) {
    ByteBuffer data = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    data.putLong(0, bits).limit(bytes);
    return new NdArray(type, new int[] {1}, data);
  }
}
