package dev.lockstep.wire;

/**
 * What either side accepts at most. One value for both sides of a segment: the host writes it into
 * the header.
 *
 * @param maxMessageBytes payload of one message, fragments added up
 * @param maxDepth calls nested in one chain
 * @param maxNesting arrays and maps nested in one value, those inside a tag included
 * @param maxItems elements of arrays, keys and values of maps, over one message
 * @param maxIntegerBytes magnitude of one integer
 * @param maxNameBytes a function's name in UTF-8
 * @param maxQueued calls in flight, and calls that wait for their turn, on one side
 */
public record Limits(
    int maxMessageBytes,
    int maxDepth,
    int maxNesting,
    int maxItems,
    int maxIntegerBytes,
    int maxNameBytes,
    int maxQueued) {

  public static final int DEFAULT_LANE_CAPACITY_BYTES = 256 * 1024;
  public static final int MAX_PARTIAL_MESSAGES = 4096;
  public static final long SLICE_IN_FLIGHT_MILLIS = 1000;
  public static final long SLICE_IDLE_MILLIS = 5 * 60 * 1000;
  public static final long START_DEADLINE_MILLIS = 30_000;
  public static final long GRACE_MILLIS = 2_000;

  public static final Limits DEFAULT =
      new Limits(256 * 1024 * 1024, 64, 64, 16 * 1024 * 1024, 4096, 1024, 4096);

  public Limits {
    requirePositive("maxMessageBytes", maxMessageBytes);
    requirePositive("maxDepth", maxDepth);
    requirePositive("maxNesting", maxNesting);
    requirePositive("maxItems", maxItems);
    requirePositive("maxIntegerBytes", maxIntegerBytes);
    requirePositive("maxNameBytes", maxNameBytes);
    requirePositive("maxQueued", maxQueued);
    if (maxDepth > 0xFFFF) {
      throw new IllegalArgumentException("maxDepth is at most 65535: maxDepth=" + maxDepth);
    }
  }

  private static void requirePositive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive: " + name + "=" + value);
    }
  }
}
