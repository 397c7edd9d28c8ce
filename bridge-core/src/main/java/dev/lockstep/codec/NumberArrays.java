package dev.lockstep.codec;

import java.lang.reflect.Array;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/** Decoded arrays of numbers as lists, and lists and such arrays as the primitive arrays asked. */
final class NumberArrays {
  private NumberArrays() {}

  /** The elements of a list, a primitive array or an NdArray (outermost dimension), or null. */
  static @Nullable List<? extends @Nullable Object> elements(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    } else if (value instanceof NdArray array) {
      return array.rank() == 1 ? new NdElements(array) : new NdSlices(array);
    } else if (value instanceof int[] ints) {
      return Arrays.stream(ints).boxed().toList();
    } else if (value != null && value.getClass().isArray() && !(value instanceof byte[])) {
      return new ArrayElements(value);
    }
    return null;
  }

  /**
   * A new primitive array of the elements, or the value itself if it is one already.
   *
   * @param component the primitive type of its elements, other than char
   */
  static Object toArray(@Nullable Object value, Class<?> component, String type) {
    if (value != null && value.getClass().getComponentType() == component) {
      return value;
    }
    if (component == double.class && value instanceof float[] floats) {
      double[] result = new double[floats.length];
      for (int i = 0; i < result.length; i++) {
        result[i] = floats[i];
      }
      return result;
    }
    List<? extends @Nullable Object> elements = elements(value);
    if (elements == null) {
      throw Numbers.mismatch(value, type);
    }
    Object result = Array.newInstance(component, elements.size());
    int index = 0;
    try {
      for (Object element : elements) {
        set(result, index, element, component);
        index++;
      }
    } catch (ValueException e) {
      throw e.withinIndex(index);
    }
    return result;
  }

  private static void set(Object array, int index, @Nullable Object element, Class<?> component) {
    String type = component.getName();
    if (array instanceof double[] doubles) {
      doubles[index] = Numbers.toDouble(element, type);
    } else if (array instanceof float[] floats) {
      floats[index] = Numbers.toFloat(element, type);
    } else if (array instanceof long[] longs) {
      longs[index] = Numbers.toLong(element, Long.MIN_VALUE, Long.MAX_VALUE, type);
    } else if (array instanceof int[] ints) {
      ints[index] = (int) Numbers.toLong(element, Integer.MIN_VALUE, Integer.MAX_VALUE, type);
    } else if (array instanceof short[] shorts) {
      shorts[index] = (short) Numbers.toLong(element, Short.MIN_VALUE, Short.MAX_VALUE, type);
    } else if (array instanceof byte[] bytes) {
      bytes[index] = (byte) Numbers.toLong(element, Byte.MIN_VALUE, Byte.MAX_VALUE, type);
    } else if (element instanceof Boolean flag) {
      ((boolean[]) array)[index] = flag;
    } else {
      throw Numbers.mismatch(element, type);
    }
  }

  /** An NdArray of any decoded array of numbers, or null if the value is none. */
  static @Nullable NdArray toNdArray(@Nullable Object value) {
    if (value instanceof NdArray array) {
      return array;
    } else if (value instanceof double[] doubles) {
      return NdArray.of(doubles, doubles.length);
    } else if (value instanceof float[] floats) {
      return NdArray.of(floats, floats.length);
    } else if (value instanceof long[] longs) {
      return NdArray.of(longs, longs.length);
    } else if (value instanceof int[] ints) {
      return NdArray.of(ints, ints.length);
    } else if (value instanceof short[] || value instanceof boolean[]) {
      PayloadBuffer out = new PayloadBuffer();
      TypedArrays.put(out, value);
      ElementType type = value instanceof short[] ? ElementType.INT16 : ElementType.BOOL;
      int bytes = Array.getLength(value) * type.bytes();
      byte[] data = Arrays.copyOfRange(out.array(), out.length() - bytes, out.length());
      return new NdArray(type, new int[] {Array.getLength(value)}, ByteBuffer.wrap(data));
    }
    return null;
  }

  private static final class ArrayElements extends AbstractList<Object> implements RandomAccess {
    private final Object array;

    ArrayElements(Object array) {
      this.array = array;
    }

    @Override
    public Object get(int index) {
      return Array.get(array, index);
    }

    @Override
    public int size() {
      return Array.getLength(array);
    }
  }

  /** The numbers of one dimension, unsigned ones as what is wide enough. */
  private static final class NdElements extends AbstractList<Object> implements RandomAccess {
    private final NdArray array;
    private final ByteBuffer data;

    NdElements(NdArray array) {
      this.array = array;
      this.data = array.data();
    }

    @Override
    public Object get(int index) {
      int at = java.util.Objects.checkIndex(index, size()) * array.type().bytes();
      return switch (array.type()) {
        case BOOL -> data.get(at) != 0;
        case UINT8 -> data.get(at) & 0xFF;
        case INT8 -> (int) data.get(at);
        case UINT16 -> data.getShort(at) & 0xFFFF;
        case INT16 -> (int) data.getShort(at);
        case UINT32 -> CborCursor.smallest(data.getInt(at) & 0xFFFF_FFFFL);
        case INT32 -> data.getInt(at);
        case UINT64 -> unsigned(data.getLong(at));
        case INT64 -> CborCursor.smallest(data.getLong(at));
        case FLOAT16 -> HalfFloat.toFloat(data.getShort(at));
        case FLOAT32 -> data.getFloat(at);
        case FLOAT64 -> data.getDouble(at);
      };
    }

    private static Number unsigned(long bits) {
      return bits >= 0 ? CborCursor.smallest(bits) : new BigInteger(Long.toUnsignedString(bits));
    }

    @Override
    public int size() {
      return array.size();
    }
  }

  /** What lies along the outermost dimension: arrays of one dimension less. */
  private static final class NdSlices extends AbstractList<Object> implements RandomAccess {
    private final NdArray array;
    private final int[] inner;
    private final int sliceBytes;

    NdSlices(NdArray array) {
      this.array = array;
      int[] shape = array.shape();
      this.inner = Arrays.copyOfRange(shape, 1, shape.length);
      this.sliceBytes = (int) NdArray.bytes(array.type(), inner);
    }

    @Override
    public Object get(int index) {
      int at = java.util.Objects.checkIndex(index, size()) * sliceBytes;
      return TypedArrays.plain(
          new NdArray(array.type(), inner, array.data().slice(at, sliceBytes)));
    }

    @Override
    public int size() {
      return array.shape()[0];
    }
  }
}
