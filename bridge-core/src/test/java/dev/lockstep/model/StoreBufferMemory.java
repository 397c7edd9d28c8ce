package dev.lockstep.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** x86-TSO: one value per word, one first-in-first-out store buffer per thread. */
final class StoreBufferMemory implements Memory {
  private static final int BUFFERED_STORES = 3;

  private final int threads;
  private final byte[] values;
  private final byte[] used;
  private final byte[][] buffers; // word, value, word, value, ...

  StoreBufferMemory(int threads, int words) {
    this(threads, new byte[words], new byte[threads], new byte[threads][2 * BUFFERED_STORES]);
  }

  private StoreBufferMemory(int threads, byte[] values, byte[] used, byte[][] buffers) {
    this.threads = threads;
    this.values = values;
    this.used = used;
    this.buffers = buffers;
  }

  @Override
  public Memory copy() {
    byte[][] copies = new byte[threads][];
    for (int i = 0; i < threads; i++) {
      copies[i] = buffers[i].clone();
    }
    return new StoreBufferMemory(threads, values.clone(), used.clone(), copies);
  }

  @Override
  public int readable(int thread, int word) {
    return 1;
  }

  @Override
  public int load(int thread, int word, int nth) {
    for (int i = used[thread] - 1; i >= 0; i--) {
      if (buffers[thread][2 * i] == word) {
        return buffers[thread][2 * i + 1];
      }
    }
    return values[word];
  }

  @Override
  public boolean canStore(int thread) {
    return used[thread] < BUFFERED_STORES;
  }

  @Override
  public void store(int thread, int word, int value) {
    int at = used[thread]++;
    buffers[thread][2 * at] = (byte) word;
    buffers[thread][2 * at + 1] = narrow(value);
  }

  @Override
  public boolean isDrained(int thread) {
    return used[thread] == 0;
  }

  @Override
  public void drainOne(int thread) {
    byte[] buffer = buffers[thread];
    values[buffer[0]] = buffer[1];
    System.arraycopy(buffer, 2, buffer, 0, buffer.length - 2);
    used[thread]--;
    buffer[2 * used[thread]] = 0;
    buffer[2 * used[thread] + 1] = 0;
  }

  @Override
  public int newest(int word) {
    return values[word];
  }

  @Override
  public void update(int thread, int word, int value) {
    values[word] = narrow(value);
  }

  @Override
  public void encode(ByteArrayOutputStream out, List<Boolean> halted) {
    out.writeBytes(values);
    for (int i = 0; i < threads; i++) {
      out.write(used[i]);
      out.write(buffers[i], 0, 2 * used[i]);
    }
  }

  @Override
  public void decode(ByteBuffer in) {
    in.get(values);
    for (int i = 0; i < threads; i++) {
      used[i] = in.get();
      Arrays.fill(buffers[i], (byte) 0);
      in.get(buffers[i], 0, 2 * used[i]);
    }
  }

  static byte narrow(int value) {
    if (value < 0 || value > Byte.MAX_VALUE) {
      throw new IllegalStateException("value does not fit the model: value=" + value);
    }
    return (byte) value;
  }
}
