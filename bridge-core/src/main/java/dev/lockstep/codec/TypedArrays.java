package dev.lockstep.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Arrays of numbers as they stand on the wire: RFC 8746. */
final class TypedArrays {
  private TypedArrays() {}

  /**
   * An array of one dimension over bytes that nobody else changes; in place if they are swapped.
   */
  static NdArray read(long tag, ElementType type, byte[] bytes) {
    if (bytes.length % type.bytes() != 0) {
      throw new MisfitException(
          "no whole number of elements: bytes=" + bytes.length + ", elementBytes=" + type.bytes());
    }
    if (type == ElementType.BOOL) {
      for (byte b : bytes) {
        if (b != 0 && b != 1) {
          throw new MisfitException("a boolean is 0 or 1: byte=" + (b & 0xFF));
        }
      }
    }
    if (ElementType.isBigEndian(tag)) {
      swap(bytes, type.bytes());
    }
    return new NdArray(type, new int[] {bytes.length / type.bytes()}, ByteBuffer.wrap(bytes));
  }

  private static void swap(byte[] bytes, int each) {
    for (int start = 0; start < bytes.length; start += each) {
      for (int low = start, high = start + each - 1; low < high; low++, high--) {
        byte b = bytes[low];
        bytes[low] = bytes[high];
        bytes[high] = b;
      }
    }
  }

  /** The primitive array that holds the same elements, or the array itself if there is none. */
  static Object plain(NdArray array) {
    if (array.rank() != 1) {
      return array;
    }
    ByteBuffer data = array.data();
    int size = array.size();
    return switch (array.type()) {
      case INT16 -> {
        short[] shorts = new short[size];
        data.asShortBuffer().get(shorts);
        yield shorts;
      }
      case INT32 -> {
        int[] ints = new int[size];
        data.asIntBuffer().get(ints);
        yield ints;
      }
      case INT64 -> {
        long[] longs = new long[size];
        data.asLongBuffer().get(longs);
        yield longs;
      }
      case FLOAT32 -> {
        float[] floats = new float[size];
        data.asFloatBuffer().get(floats);
        yield floats;
      }
      case FLOAT64 -> {
        double[] doubles = new double[size];
        data.asDoubleBuffer().get(doubles);
        yield doubles;
      }
      case BOOL -> {
        boolean[] booleans = new boolean[size];
        for (int i = 0; i < size; i++) {
          booleans[i] = data.get(i) != 0;
        }
        yield booleans;
      }
      default -> array;
    };
  }

  /** What tags 40 and 1040 make of {@code [shape, array of one dimension]}. */
  static NdArray shaped(long tag, List<@Nullable Object> content) {
    if (content.size() != 2
        || !(content.get(0) instanceof List<?> sizes)
        || !(content.get(1) instanceof NdArray elements)
        || elements.rank() != 1) {
      throw new MisfitException("[shape, typed array] expected");
    }
    int[] shape = new int[sizes.size()];
    for (int i = 0; i < shape.length; i++) {
      if (!(sizes.get(i) instanceof Integer size) || size < 0) {
        throw new MisfitException("a shape holds sizes: size=" + Numbers.describe(sizes.get(i)));
      }
      shape[i] = size;
    }
    if (NdArray.bytes(elements.type(), shape) != elements.data().remaining()) {
      throw new MisfitException(
          "data does not fill its shape: shape=" + sizes + ", elements=" + elements.size());
    }
    ByteBuffer data = elements.data();
    if (tag == Tags.COLUMN_MAJOR && shape.length > 1) {
      data = rowMajor(shape, elements.type().bytes(), data);
    }
    return new NdArray(elements.type(), shape, data);
  }

  private static ByteBuffer rowMajor(int[] shape, int each, ByteBuffer source) {
    byte[] result = new byte[source.remaining()];
    int[] index = new int[shape.length];
    byte[] element = new byte[each];
    for (int target = 0; target < result.length; target += each) {
      long from = 0;
      for (int i = shape.length - 1; i >= 0; i--) {
        from = from * shape[i] + index[i];
      }
      source.get((int) from * each, element);
      System.arraycopy(element, 0, result, target, each);
      for (int i = shape.length - 1; i >= 0 && ++index[i] == shape[i]; i--) {
        index[i] = 0;
      }
    }
    return ByteBuffer.wrap(result);
  }

  /** Appends a primitive array other than of bytes and chars. */
  static void put(PayloadBuffer out, Object array) {
    if (array instanceof double[] doubles) {
      begin(out, ElementType.FLOAT64, doubles.length).asDoubleBuffer().put(doubles);
    } else if (array instanceof float[] floats) {
      begin(out, ElementType.FLOAT32, floats.length).asFloatBuffer().put(floats);
    } else if (array instanceof long[] longs) {
      begin(out, ElementType.INT64, longs.length).asLongBuffer().put(longs);
    } else if (array instanceof int[] ints) {
      begin(out, ElementType.INT32, ints.length).asIntBuffer().put(ints);
    } else if (array instanceof short[] shorts) {
      begin(out, ElementType.INT16, shorts.length).asShortBuffer().put(shorts);
    } else {
      boolean[] booleans = (boolean[]) array;
      ByteBuffer data = begin(out, ElementType.BOOL, booleans.length);
      for (boolean b : booleans) {
        data.put((byte) (b ? 1 : 0));
      }
    }
  }

  static void put(PayloadBuffer out, NdArray array) {
    int[] shape = array.shape();
    if (shape.length != 1) {
      CborHeads.put(out, CborHeads.TAG, Tags.ROW_MAJOR);
      CborHeads.put(out, CborHeads.ARRAY, 2);
      CborHeads.put(out, CborHeads.ARRAY, shape.length);
      for (int size : shape) {
        CborHeads.put(out, CborHeads.UNSIGNED, size);
      }
    }
    begin(out, array.type(), array.size()).put(array.data());
  }

  /** Appends tag and length and makes room; what it returns is where the elements go. */
  private static ByteBuffer begin(PayloadBuffer out, ElementType type, int elements) {
    long bytes = (long) elements * type.bytes();
    CborHeads.put(out, CborHeads.TAG, type.tag());
    CborHeads.put(out, CborHeads.BYTES, bytes);
    out.ensure((int) Math.min(bytes, Integer.MAX_VALUE));
    int from = out.length();
    out.advanceTo(from + (int) bytes);
    return ByteBuffer.wrap(out.array(), from, (int) bytes).slice().order(ByteOrder.LITTLE_ENDIAN);
  }
}
