package dev.lockstep.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * Numbers of one type in a box of any rank: what numpy calls an {@code ndarray}. Immutable.
 *
 * @param type what an element is
 * @param shape the length of each dimension, outermost first; 1 to 32 of them
 * @param data the elements, row-major and little-endian; read-only
 */
@SuppressWarnings("ArrayRecordComponent") // copied in and out, compared by content
public record NdArray(ElementType type, int[] shape, ByteBuffer data) {
  static final int MAX_RANK = 32;

  /** The product of the lengths before the first 0: Python has such arrays as nested lists only. */
  static final int MAX_EMPTY_ROWS = 10_000;

  /**
   * Views the bytes between position and limit of {@code data}, which nobody may change afterwards.
   *
   * @throws IllegalArgumentException if there are not exactly as many as type and shape call for
   */
  public NdArray {
    Objects.requireNonNull(type, "type");
    shape = shape.clone();
    long needed = bytes(type, shape);
    if (needed != data.remaining()) {
      throw new IllegalArgumentException(
          "data does not fill its shape: type="
              + type.wireName()
              + ", shape="
              + Arrays.toString(shape)
              + ", bytes="
              + data.remaining());
    }
    data = data.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** An array of float64 in the shape given; copies. */
  public static NdArray of(double[] elements, int... shape) {
    ByteBuffer data = allocate(elements.length, Double.BYTES);
    data.asDoubleBuffer().put(elements);
    return new NdArray(ElementType.FLOAT64, shape, data);
  }

  /** An array of float32 in the shape given; copies. */
  public static NdArray of(float[] elements, int... shape) {
    ByteBuffer data = allocate(elements.length, Float.BYTES);
    data.asFloatBuffer().put(elements);
    return new NdArray(ElementType.FLOAT32, shape, data);
  }

  /** An array of int32 in the shape given; copies. */
  public static NdArray of(int[] elements, int... shape) {
    ByteBuffer data = allocate(elements.length, Integer.BYTES);
    data.asIntBuffer().put(elements);
    return new NdArray(ElementType.INT32, shape, data);
  }

  /** An array of int64 in the shape given; copies. */
  public static NdArray of(long[] elements, int... shape) {
    ByteBuffer data = allocate(elements.length, Long.BYTES);
    data.asLongBuffer().put(elements);
    return new NdArray(ElementType.INT64, shape, data);
  }

  private static ByteBuffer allocate(int elements, int bytes) {
    return ByteBuffer.allocate(Math.multiplyExact(elements, bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The bytes that a shape calls for, or -1 if it is none: negative, too many dimensions, huge. */
  static long bytes(ElementType type, int[] shape) {
    if (shape.length == 0 || shape.length > MAX_RANK) {
      return -1;
    }
    long elements = 1;
    boolean empty = false;
    for (int length : shape) {
      if (length < 0) {
        return -1;
      }
      if (length == 0 && !empty) {
        if (elements > MAX_EMPTY_ROWS) {
          return -1;
        }
        empty = true;
      }
      // What follows the first 0 counts no elements.
      elements = empty ? 0 : elements * length;
      if (elements > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return elements * type.bytes();
  }

  /** The length of each dimension; a copy. */
  @Override
  public int[] shape() {
    return shape.clone();
  }

  /** The elements from position 0 to the limit, in little-endian order; a view of its own. */
  @Override
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The number of dimensions. */
  public int rank() {
    return shape.length;
  }

  /** The number of elements. */
  public int size() {
    return data.remaining() / type.bytes();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NdArray that
        && type == that.type
        && Arrays.equals(shape, that.shape)
        && data.equals(that.data);
  }

  @Override
  public int hashCode() {
    return Objects.hash(type, Arrays.hashCode(shape), data);
  }

  @Override
  public String toString() {
    return "NdArray[type=" + type.wireName() + ", shape=" + Arrays.toString(shape) + "]";
  }
}
