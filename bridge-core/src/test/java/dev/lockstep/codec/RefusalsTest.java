package dev.lockstep.codec;

import static dev.lockstep.codec.Coding.CODEC;
import static dev.lockstep.codec.Coding.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.wire.Limits;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.ServerSocket;
import java.nio.IntBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What cannot cross is refused before sending, with its path, and leaves the buffer as it was. */
class RefusalsTest {
  private static ValueException refusal(@Nullable Object value) {
    PayloadBuffer out = new PayloadBuffer();
    out.putByte(7);
    ValueException thrown =
        catchThrowableOfType(ValueException.class, () -> CODEC.encodeValue(out, value, "result"));
    assertThat(thrown).as("a refusal of %s", value == null ? null : value.getClass()).isNotNull();
    assertThat(out.length()).isEqualTo(1);
    assertThat(out.stack.depth()).isZero();
    CODEC.encodeValue(out, List.of(1), "result");
    assertThat(out.length()).isEqualTo(3);
    return thrown;
  }

  private static void assertRefused(@Nullable Object value, String path, String reason) {
    ValueException thrown = refusal(value);
    assertThat(thrown.path()).isEqualTo(path);
    assertThat(thrown.reason()).contains(reason);
    assertThat(thrown.kind()).isEqualTo(ValueException.Kind.UNSERIALIZABLE);
  }

  @Test
  void cyclesOfListsMapsArraysAndBeansAreRefusedWithTheirPath() {
    List<Object> list = new ArrayList<>();
    list.add(list);
    assertRefused(list, "result[0]", "cyclic");

    Map<String, Object> map = new HashMap<>();
    map.put("self", List.of(map));
    assertRefused(map, "result[\"self\"][0]", "cyclic");

    Object[] array = new Object[2];
    array[1] = array;
    assertRefused(array, "result[1]", "cyclic");

    Node node = new Node();
    node.next = node;
    assertRefused(node, "result.next", "cyclic");

    Node outer = new Node();
    outer.children.add(new Node());
    outer.children.get(0).children.add(outer);
    assertRefused(outer, "result.children[0].children[0]", "cyclic");
  }

  @Test
  void aValueThatIsReachedTwiceButNotCyclicCrosses() {
    Map<String, Integer> shared = Map.of("a", 1);
    assertThat(Coding.echo(List.of(shared, shared))).isEqualTo(List.of(shared, shared));
  }

  @Test
  void whatIsNoDataIsRefusedByWhatItIs() throws Exception {
    assertRefused(Map.of("cb", (Supplier<String>) () -> "x"), "result[\"cb\"]", "function");
    assertRefused((Runnable) RefusalsTest::nothing, "result", "function");
    assertRefused(new Thread(), "result", "thread");
    assertRefused(new ByteArrayInputStream(new byte[1]), "result", "open stream");
    assertRefused(Stream.of(1), "result", "collect it first");
    assertRefused(List.of(1).iterator(), "result", "collect it first");
    assertRefused(new CompletableFuture<>(), "result", "join it first");
    assertRefused(String.class, "result", "class or member");
    assertRefused(IntBuffer.allocate(1), "result", "ByteBuffer");
    assertRefused(OffsetTime.now(ZoneOffset.UTC), "result", "with a zone");
    assertRefused(new Object(), "result", "");
    assertRefused(List.of(new Object() {}), "result[0]", "");
    try (ServerSocket socket = new ServerSocket()) {
      assertRefused(List.of(0, socket), "result[1]", "JDK");
    }
  }

  @Test
  void anExceptionReturnedAsDataIsRefusedAndNotThrown() {
    IllegalStateException data = new IllegalStateException("x");
    ValueException thrown = refusal(data);
    assertThat(thrown).isNotSameAs(data);
    assertThat(thrown.type()).isEqualTo("java.lang.IllegalStateException");
    assertThat(thrown.reason()).contains("an exception is not data");
  }

  @Test
  void whatIsNoDataInsideARecordIsRefusedWithItsPath() {
    assertRefused(new Holder(new Thread()), "result.held", "thread");
    assertRefused(
        List.of(new Holder(List.of(1, (Runnable) () -> {}))), "result[0].held[1]", "function");
    assertRefused(new Holder("\ud800"), "result.held", "lone surrogate");
    assertRefused(new Holder(Optional.of(new Holder(new Thread()))), "result.held.held", "thread");
  }

  @Test
  void loneSurrogatesAreRefusedInTextAndInKeys() {
    assertRefused(List.of("a\uD800b"), "result[0]", "lone surrogate");
    assertRefused("\uDC00", "result", "lone surrogate");
    assertRefused('\uD800', "result", "lone surrogate");
    assertRefused(Map.of("\uDCFF", 1), "result[\"\\udcff\"] (key)", "lone surrogate");
    assertRefused("x".repeat(1000) + "\uD83D", "result", "index=1000");
  }

  @Test
  void nestingGoesToTheLimitAndNoFurtherHoweverDeepTheValue() {
    assertThat(encode(nested(64))).hasSize(65);
    for (int depth : new int[] {65, 5_000, 100_000}) {
      ValueException thrown = refusal(nested(depth));
      assertThat(thrown.reason()).contains("maxNesting=64");
      assertThat(thrown.path()).isEqualTo("result" + "[0]".repeat(64));
    }
    Node deep = new Node();
    for (int i = 0; i < 100_000; i++) {
      Node outer = new Node();
      outer.next = deep;
      deep = outer;
    }
    assertThat(refusal(deep).reason()).contains("maxNesting=64");
  }

  private static Object nested(int depth) {
    Object value = 0;
    for (int i = 0; i < depth; i++) {
      value = Collections.singletonList(value);
    }
    return value;
  }

  @Test
  void limitsOfIntegersItemsAndMessagesAreNamedWithTheActualValue() {
    BigInteger large = BigInteger.ONE.shiftLeft(8 * 4096 - 1);
    assertThat(Coding.echo(large)).isEqualTo(large);
    assertRefused(large.shiftLeft(1), "result", "bytes=4097, maxIntegerBytes=4096");
    assertRefused(new BigDecimal(large.shiftLeft(1)), "result", "maxIntegerBytes=4096");

    ValueCodec small =
        new ValueCodec(new Limits(100, 64, 64, 10, 8, 20, 5), ValueCodec.defaultMapper(), false);
    PayloadBuffer out = new PayloadBuffer();
    small.encodeValue(out, Collections.nCopies(10, 1), "result");
    out.reset();
    assertThatThrownBy(() -> small.encodeValue(out, Collections.nCopies(11, 1), "result"))
        .hasMessageContaining("maxItems=10");
    assertThatThrownBy(
            () -> small.encodeValue(out, Map.of(1, List.of(1, 2, 3, 4, 5, 6, 7, 8, 9)), "r"))
        .hasMessageContaining("maxItems=10");
    small.encodeValue(out, new byte[98], "result");
    out.reset();
    for (int bytes : new int[] {99, 400, 100_000}) {
      ValueException thrown =
          catchThrowableOfType(
              ValueException.class, () -> small.encodeValue(out, new byte[bytes], "result"));
      assertThat(thrown.kind()).isEqualTo(ValueException.Kind.TOO_LARGE);
      assertThat(thrown.reason()).contains("maxMessageBytes=100, needed=");
      assertThat(out.length()).isZero();
    }
    assertThatThrownBy(
            () ->
                new ValueCodec(
                    new Limits(1, 1, 100_000, 1, 1, 1, 1), ValueCodec.defaultMapper(), false))
        .hasMessageContaining("maxNesting is at most 1000");
  }

  @Test
  void keysThatPythonTakesForOneAreRefusedNamingBoth() {
    assertRefused(mapOf(1, 1L), "result", "1 (Integer) and 1 (Long)");
    assertRefused(mapOf(1, true), "result", "1 (Integer) and true (Boolean)");
    assertRefused(mapOf(1, 1.0), "result", "1 (Integer) and 1.0 (Double)");
    assertRefused(mapOf(0.0, -0.0), "result", "one key in Python");
    assertRefused(
        mapOf(new BigDecimal("1.0"), new BigDecimal("1.00")), "result", "one key in Python");
    assertRefused(mapOf("a", 'a'), "result", "one key in Python");
    assertRefused(mapOf(new byte[] {1}, new byte[] {1}), "result", "one key in Python");
    assertRefused(mapOf(List.of(1, 2), List.of(true, 2L)), "result", "one key in Python");
    assertRefused(
        mapOf(LocalTime.of(1, 2, 3, 4000), LocalTime.of(1, 2, 3, 4001)),
        "result",
        "one key in Python");
    assertRefused(
        mapOf(Instant.EPOCH, Instant.EPOCH.atOffset(ZoneOffset.ofHours(1))),
        "result",
        "one key in Python");
    assertRefused(new LinkedHashSet<>(Arrays.asList(1, 1L)), "result", "one key in Python");
    IdentityHashMap<String, Integer> byIdentity = new IdentityHashMap<>();
    byIdentity.put(new String("k"), 1);
    byIdentity.put(new String("k"), 2);
    assertRefused(byIdentity, "result", "one key in Python");
    assertThat(encode(mapOf(1, 2L))).isNotEmpty();
    assertThat(encode(mapOf(Double.NaN, null))).isNotEmpty();
  }

  @Test
  void keysThatPythonCannotHashAreRefused() {
    assertRefused(Map.of(Map.of(), 1), "result", "cannot hash");
    assertRefused(Map.of(List.of(Map.of()), 1), "result", "cannot hash");
    assertRefused(Set.of(new int[0]), "result", "cannot hash");
    assertRefused(Set.of(new Holder(1)), "result", "cannot hash");
  }

  @Test
  void numbersAndTimesWithoutACounterpartInPythonAreRefused() {
    assertRefused(new BigDecimal(BigInteger.ONE, Integer.MIN_VALUE), "result", "exponent");
    assertRefused(LocalDate.of(10_000, 1, 1), "result", "year=10000");
    assertRefused(LocalDate.of(0, 1, 1), "result", "year=0");
    assertRefused(Instant.MAX, "result", "year out of range");
    assertRefused(java.time.Duration.ofDays(1_000_000_000), "result", "duration out of range");
    assertRefused(
        ZonedDateTime.of(2024, 1, 1, 0, 0, 0, 0, ZoneId.of("UTC+01:00")),
        "result",
        "zone=UTC+01:00");
  }

  @Test
  void nanosecondsAreRefusedOnlyIfThatWasAskedFor() {
    ValueCodec strict = new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), true);
    PayloadBuffer out = new PayloadBuffer();
    strict.encodeValue(out, LocalTime.of(1, 2, 3, 4000), "result");
    assertThatThrownBy(() -> strict.encodeValue(out, List.of(LocalTime.of(1, 2, 3, 4)), "result"))
        .hasMessageContaining("result[0]")
        .hasMessageContaining("nanoseconds=4");
    assertThat(Coding.echo(LocalTime.of(1, 2, 3, 4))).isEqualTo(LocalTime.of(1, 2, 3, 4));
  }

  @Test
  void codeOfTheValueThatThrowsOrLiesDoesNoHarm() {
    assertRefused(
        new AbstractList<Object>() {
          @Override
          public Object get(int index) {
            throw new UnsupportedOperationException("no element");
          }

          @Override
          public int size() {
            return 1;
          }
        },
        "result",
        "no element");
    assertRefused(
        new AbstractList<Object>() {
          @Override
          public java.util.Iterator<Object> iterator() {
            return List.<Object>of(1, 2, 3).iterator();
          }

          @Override
          public Object get(int index) {
            return index;
          }

          @Override
          public int size() {
            return 2;
          }
        },
        "result",
        "changed while it was encoded");
    ValueException thrown = refusal(List.of(new Throwing()));
    assertThat(thrown.path()).isEqualTo("result[0].value");
    assertThat(thrown.reason()).contains("java.lang.IllegalStateException: from a getter");
  }

  @Test
  void pathsOfACallNameTheArgumentOrTheKeyword() {
    EncodedName name = EncodedName.of("f", Limits.DEFAULT);
    PayloadBuffer out = new PayloadBuffer();
    assertThatThrownBy(
            () ->
                CODEC.encodeCall(out, name, new Object[] {1, Map.of("cb", new Thread())}, Map.of()))
        .isInstanceOfSatisfying(
            ValueException.class, e -> assertThat(e.path()).isEqualTo("args[1][\"cb\"]"));
    assertThatThrownBy(
            () -> CODEC.encodeCall(out, name, new Object[] {}, Map.of("x", List.of(new Thread()))))
        .isInstanceOfSatisfying(
            ValueException.class, e -> assertThat(e.path()).isEqualTo("kwargs[\"x\"][0]"));
    assertThat(out.length()).isZero();
  }

  private static void nothing() {}

  private static Map<@Nullable Object, Object> mapOf(Object first, @Nullable Object second) {
    Map<@Nullable Object, Object> map = new LinkedHashMap<>();
    map.put(first, "first");
    map.put(second, "second");
    return map;
  }

  record Holder(Object held) {}

  static class Node {
    public @Nullable Node next;
    public final List<Node> children = new ArrayList<>();
  }

  static class Throwing {
    public Object getValue() {
      throw new IllegalStateException("from a getter");
    }
  }
}
