package dev.lockstep.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Release and acquire as views (Kang et al., "A promising semantics for relaxed-memory
 * concurrency", POPL 2017, without promises): each word keeps the stores made to it, each thread
 * and each store the newest store of every word that it knows of.
 *
 * <p>A store goes behind all others of its word. That loses nothing here: plain stores have one
 * writer at a time that has seen the newest store (the producer, or the holder of the role), and
 * signal words change by read-modify-write alone.
 */
final class ViewMemory implements Memory {
  private final int threads;
  private final int words;
  private final boolean[] loaded;
  private final byte[][] views; // per thread, per word: index of the oldest store it may read
  private byte[][] values; // per word, per store
  private byte[][][] carried; // per word, per store: the view that an acquire takes over

  ViewMemory(int threads, int words, boolean[] loaded) {
    this.threads = threads;
    this.words = words;
    this.loaded = loaded;
    this.views = new byte[threads][words];
    this.values = new byte[words][1];
    this.carried = new byte[words][1][words];
  }

  private ViewMemory(ViewMemory from) {
    this.threads = from.threads;
    this.words = from.words;
    this.loaded = from.loaded;
    this.views = new byte[threads][];
    for (int i = 0; i < threads; i++) {
      views[i] = from.views[i].clone();
    }
    this.values = from.values.clone(); // the arrays inside are replaced, never written to
    this.carried = from.carried.clone();
  }

  @Override
  public Memory copy() {
    return new ViewMemory(this);
  }

  @Override
  public int readable(int thread, int word) {
    return values[word].length - views[thread][word];
  }

  @Override
  public int load(int thread, int word, int nth) {
    int at = views[thread][word] + nth;
    acquire(thread, word, at);
    return values[word][at];
  }

  @Override
  public boolean canStore(int thread) {
    return true;
  }

  @Override
  public void store(int thread, int word, int value) {
    int at = values[word].length;
    views[thread][word] = StoreBufferMemory.narrow(at);
    values[word] = Arrays.copyOf(values[word], at + 1);
    values[word][at] = StoreBufferMemory.narrow(value);
    carried[word] = Arrays.copyOf(carried[word], at + 1);
    carried[word][at] = views[thread].clone();
  }

  @Override
  public boolean isDrained(int thread) {
    return true;
  }

  @Override
  public void drainOne(int thread) {
    throw new IllegalStateException("nothing is ever buffered");
  }

  @Override
  public int newest(int word) {
    return values[word][values[word].length - 1];
  }

  @Override
  public void update(int thread, int word, int value) {
    acquire(thread, word, values[word].length - 1);
    store(thread, word, value);
  }

  private void acquire(int thread, int word, int at) {
    byte[] view = views[thread];
    byte[] other = carried[word][at];
    for (int i = 0; i < words; i++) {
      view[i] = (byte) Math.max(view[i], other[i]);
    }
    view[word] = (byte) Math.max(view[word], at);
  }

  /** Stores that no thread can read any more are left out, and the rest counted from there. */
  @Override
  public void encode(ByteArrayOutputStream out, List<Boolean> halted) {
    int[] oldest = new int[words];
    for (int w = 0; w < words; w++) {
      oldest[w] = values[w].length - 1;
      for (int t = 0; t < threads; t++) {
        if (loaded[w] && !halted.get(t)) {
          oldest[w] = Math.min(oldest[w], views[t][w]);
        }
      }
    }
    for (int w = 0; w < words; w++) {
      out.write(values[w].length - oldest[w]);
      for (int at = oldest[w]; at < values[w].length; at++) {
        out.write(values[w][at]);
        for (int i = 0; i < words; i++) {
          out.write(Math.max(0, carried[w][at][i] - oldest[i]));
        }
      }
    }
    for (int t = 0; t < threads; t++) {
      for (int w = 0; w < words; w++) {
        out.write(halted.get(t) ? 0 : Math.max(0, views[t][w] - oldest[w]));
      }
    }
  }

  @Override
  public void decode(ByteBuffer in) {
    for (int w = 0; w < words; w++) {
      int count = in.get();
      values[w] = new byte[count];
      carried[w] = new byte[count][words];
      for (int at = 0; at < count; at++) {
        values[w][at] = in.get();
        in.get(carried[w][at]);
      }
    }
    for (int t = 0; t < threads; t++) {
      in.get(views[t]);
    }
  }
}
