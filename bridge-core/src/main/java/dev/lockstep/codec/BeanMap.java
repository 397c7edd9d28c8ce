package dev.lockstep.codec;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The properties of a record or bean, in order; remembers whose they are, to notice cycles. */
final class BeanMap {
  /** So few names are compared with each other; for more there is a set. */
  private static final int FEW = 12;

  private final Object source;
  private String[] names = new String[8];
  private @Nullable Object[] values = new @Nullable Object[8];
  private int size;
  private @Nullable Set<String> known;

  BeanMap(Object source) {
    this.source = source;
  }

  Object source() {
    return source;
  }

  int size() {
    return size;
  }

  String name(int index) {
    return names[index];
  }

  @Nullable Object value(int index) {
    return values[index];
  }

  /** Adds a property; false if there is one of this name. */
  boolean add(String name, @Nullable Object value) {
    if (!isNew(name)) {
      return false;
    }
    if (size == names.length) {
      names = Arrays.copyOf(names, 2 * size);
      values = Arrays.copyOf(values, 2 * size);
    }
    names[size] = name;
    values[size] = value;
    size++;
    return true;
  }

  private boolean isNew(String name) {
    if (size < FEW) {
      for (int i = 0; i < size; i++) {
        if (names[i].equals(name)) {
          return false;
        }
      }
      return true;
    }
    Set<String> all = known;
    if (all == null) {
      known = all = new HashSet<>(Arrays.asList(names).subList(0, size));
    }
    return all.add(name);
  }
}
