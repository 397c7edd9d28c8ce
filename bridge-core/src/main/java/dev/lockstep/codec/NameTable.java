package dev.lockstep.codec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Names to values, looked up by the bytes of the name as they came, without making a string.
 *
 * <p>Any thread may read and write at once: a reader sees one whole table; a writer copies it, so
 * that it suits names that rarely change.
 *
 * @param <V> what a name stands for
 */
public final class NameTable<V> {
  private final ReentrantLock writing = new ReentrantLock();
  private volatile Table<V> table = new Table<>(List.of());

  /** An empty table. */
  public NameTable() {}

  /** Adds or replaces; what the name stood for before, or null. */
  public @Nullable V put(String name, V value) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    writing.lock();
    try {
      List<Entry<V>> entries = new ArrayList<>(table.entries);
      V before = take(entries, utf8);
      entries.add(new Entry<>(name, utf8, value));
      table = new Table<>(entries);
      return before;
    } finally {
      writing.unlock();
    }
  }

  /** Removes; what the name stood for, or null. */
  public @Nullable V remove(String name) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    writing.lock();
    try {
      List<Entry<V>> entries = new ArrayList<>(table.entries);
      V before = take(entries, utf8);
      table = new Table<>(entries);
      return before;
    } finally {
      writing.unlock();
    }
  }

  /** What the name stands for, or null. */
  public @Nullable V get(String name) {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    return find(utf8, 0, utf8.length);
  }

  /** The names, in the order in which they were put. */
  public List<String> names() {
    return table.entries.stream().map(Entry::name).toList();
  }

  /** What the name in a range of bytes stands for, or null. Allocates nothing. */
  @Nullable V find(byte[] bytes, int from, int to) {
    Table<V> now = table;
    int slot = hash(bytes, from, to) & now.mask;
    while (true) {
      Entry<V> entry = now.slots[slot];
      if (entry == null) {
        return null;
      }
      if (Arrays.equals(entry.utf8, 0, entry.utf8.length, bytes, from, to)) {
        return entry.value;
      }
      slot = (slot + 1) & now.mask;
    }
  }

  private static <V> @Nullable V take(List<Entry<V>> entries, byte[] utf8) {
    for (int i = 0; i < entries.size(); i++) {
      if (Arrays.equals(entries.get(i).utf8, utf8)) {
        return entries.remove(i).value;
      }
    }
    return null;
  }

  private static int hash(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + bytes[i];
    }
    return hash ^ (hash >>> 15);
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Entry<V>(String name, byte[] utf8, V value) {}

  /** Open addressing, at most half full, never changed once it is visible. */
  private static final class Table<V> {
    final List<Entry<V>> entries;
    final @Nullable Entry<V>[] slots;
    final int mask;

    @SuppressWarnings({"unchecked", "rawtypes"})
    Table(List<Entry<V>> entries) {
      this.entries = List.copyOf(entries);
      int capacity = Integer.highestOneBit(Math.max(8, entries.size() * 4));
      slots = (Entry<V>[]) new Entry[capacity];
      mask = capacity - 1;
      for (Entry<V> entry : this.entries) {
        int slot = hash(entry.utf8, 0, entry.utf8.length) & mask;
        while (slots[slot] != null) {
          slot = (slot + 1) & mask;
        }
        slots[slot] = entry;
      }
    }
  }
}
