package dev.lockstep.call;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.codec.PayloadBuffer;
import dev.lockstep.codec.ValueCodec;
import dev.lockstep.wire.Limits;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Exceptions of every kind become error maps, and come back. */
class ErrorEncoderTest {
  private static final ValueCodec CODEC =
      new ValueCodec(Limits.DEFAULT, ValueCodec.defaultMapper(), false);

  private static ErrorDescription crossed(ErrorDescription error) {
    PayloadBuffer out = new PayloadBuffer();
    CODEC.encodeValue(out, ErrorEncoder.toMap(error), "error");
    assertThat(out.length()).isLessThanOrEqualTo(ErrorEncoder.MAX_ENCODED_BYTES);
    return ErrorEncoder.fromMap(
        CODEC.decodeValue(out.array(), 0, out.length(), CODEC.typeOf(Object.class), "error"));
  }

  private static int causes(ErrorDescription error) {
    ErrorDescription cause = error.cause();
    return cause == null ? 0 : 1 + causes(cause);
  }

  @Test
  void aDescriptionComesBackAsItWas() {
    ErrorDescription error =
        new ErrorDescription(
            ErrorKind.UNSERIALIZABLE,
            "mypkg.Oops",
            List.of("mypkg.Oops", "ValueError", "Exception"),
            "no",
            "Traceback ...",
            List.of(new ErrorFrame("a.py", 3, "f", "raise Oops")),
            List.of("a note"),
            Map.of("code", 7),
            ErrorDescription.of(ErrorKind.EXCEPTION, "KeyError", "'x'"),
            "result[1]",
            List.of());
    assertThat(crossed(error)).isEqualTo(error);
    ErrorDescription missing =
        ErrorDescription.of(ErrorKind.NOT_EXPORTED, "X", "b").withExports(List.of("a"));
    assertThat(crossed(missing)).isEqualTo(missing);
  }

  @Test
  void causesAreCutAtEightAndCyclesOnce() {
    Throwable deep = new IllegalStateException("0");
    for (int i = 1; i < 30; i++) {
      deep = new IllegalStateException(String.valueOf(i), deep);
    }
    assertThat(causes(crossed(ErrorEncoder.describe(deep)))).isEqualTo(ErrorEncoder.MAX_CAUSES);
    Exception one = new Exception("one");
    Exception two = new Exception("two", one);
    one.initCause(two);
    assertThat(causes(crossed(ErrorEncoder.describe(one)))).isEqualTo(1);
  }

  @Test
  void anExceptionWhoseMethodsThrowIsDescribedAllTheSame() {
    @SuppressWarnings("serial")
    final class Broken extends RuntimeException {
      @Override
      public String getMessage() {
        throw new IllegalStateException("no message");
      }

      @Override
      public synchronized @Nullable Throwable getCause() {
        throw new IllegalStateException("no cause");
      }

      @Override
      public StackTraceElement[] getStackTrace() {
        throw new IllegalStateException("no stack");
      }
    }
    ErrorDescription described = crossed(ErrorEncoder.describe(new Broken()));
    assertThat(described.type()).endsWith("Broken");
    assertThat(described.message()).contains("getMessage threw java.lang.IllegalStateException");
    assertThat(described.cause()).isNull();
  }

  @Test
  void longTextsAreCutWithAMark() {
    ErrorDescription described =
        crossed(ErrorEncoder.describe(new IllegalStateException("x".repeat(10_000_000))));
    assertThat(described.message()).hasSize(ErrorEncoder.MAX_MESSAGE_CHARS).endsWith("... (cut)");
    assertThat(described.traceback().length())
        .isLessThanOrEqualTo(ErrorEncoder.MAX_TRACEBACK_CHARS);
  }

  @Test
  void aDeepStackIsCutAtAHundredFramesOutermostFirst() {
    ErrorDescription described = crossed(ErrorEncoder.describe(thrownAt(500)));
    assertThat(described.frames()).hasSize(ErrorEncoder.MAX_FRAMES);
    assertThat(described.frames().get(99).function()).endsWith("ErrorEncoderTest.thrownAt");
    assertThat(described.frames().get(99).line()).isPositive();
  }

  private static Throwable thrownAt(int depth) {
    return depth == 0 ? new IllegalStateException("deep") : thrownAt(depth - 1);
  }

  @Test
  void loneSurrogatesInAMessageBecomeQuestionMarks() {
    assertThat(crossed(ErrorEncoder.describe(new Exception("a\uD800b\uD83D\uDE00"))).message())
        .isEqualTo("a?b\uD83D\uDE00");
  }

  @Test
  void whatIsNoErrorMapIsAnErrorAllTheSame() {
    assertThat(ErrorEncoder.fromMap(7).kind()).isEqualTo(ErrorKind.EXCEPTION);
    ErrorDescription odd =
        ErrorEncoder.fromMap(
            Map.of("kind", 7, "frames", List.of(1, List.of("f")), "types", "x", "cause", 3));
    assertThat(odd.kind()).isEqualTo(ErrorKind.EXCEPTION);
    assertThat(odd.frames()).isEmpty();
  }

  @Test
  void anAnonymousClassHasAName() {
    RuntimeException anonymous =
        new RuntimeException("x") {
          private static final long serialVersionUID = 1L;
        };
    assertThat(ErrorEncoder.describe(anonymous).types())
        .hasSizeGreaterThan(1)
        .doesNotContain("java.lang.Object");
  }
}
