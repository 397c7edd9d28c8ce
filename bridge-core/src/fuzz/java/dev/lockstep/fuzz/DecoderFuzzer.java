package dev.lockstep.fuzz;

import java.util.function.Consumer;

/**
 * Jazzer's entry: what {@code -Dfuzz.target} names is done with every input. Anything that is thrown
 * is a find: refusals are verdicts.
 */
public final class DecoderFuzzer {
  private static final Consumer<byte[]> TARGET = target(System.getProperty("fuzz.target", ""));

  private DecoderFuzzer() {}

  private static Consumer<byte[]> target(String name) {
    Lane lane = new Lane();
    return switch (name) {
      case "value" -> Decoders::value;
      case "call" -> Decoders::call;
      case "typed" -> TypedDecoder::decode;
      case "frames" -> lane::verdict;
      default ->
          throw new IllegalArgumentException(
              "no such target: fuzz.target=" + name + ", allowed=value, call, typed, frames");
    };
  }

  public static void fuzzerTestOneInput(byte[] data) {
    TARGET.accept(data);
  }
}
