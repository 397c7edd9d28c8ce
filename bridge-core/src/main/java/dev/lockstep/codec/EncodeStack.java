package dev.lockstep.codec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The containers that the encoder is inside of, outermost first: how a cycle is noticed. */
final class EncodeStack {
  private @Nullable Object[] containers = new @Nullable Object[16];
  private int depth;
  private int items;

  /** How many containers there are. */
  int depth() {
    return depth;
  }

  boolean contains(Object container) {
    for (int i = 0; i < depth; i++) {
      if (containers[i] == container) {
        return true;
      }
    }
    return false;
  }

  /** Counts elements, keys and values; false if there are more than {@code maxItems} now. */
  boolean count(long number, int maxItems) {
    if (number > maxItems - items) {
      return false;
    }
    items += (int) number;
    return true;
  }

  void push(Object container) {
    if (depth == containers.length) {
      containers = Arrays.copyOf(containers, depth * 2);
    }
    containers[depth++] = container;
  }

  void pop() {
    containers[--depth] = null;
  }

  /** Begins the next encoding; forgets what one that failed left behind. */
  void clear() {
    Arrays.fill(containers, 0, depth, null);
    depth = 0;
    items = 0;
  }
}
