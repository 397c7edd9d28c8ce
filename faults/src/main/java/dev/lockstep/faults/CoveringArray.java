package dev.lockstep.faults;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Few combinations in which every pair of values of any two parameters occurs: pairwise testing, by
 * the greedy way of adding the combination that covers most of what is left.
 */
final class CoveringArray {
  private final List<Integer> sizes;

  /**
   * For parameters with so many values each.
   *
   * @param sizes at least 1 each; few and small: all combinations are looked at
   */
  CoveringArray(List<Integer> sizes) {
    this.sizes = sizes;
  }

  private record Pair(int first, int firstValue, int second, int secondValue) {}

  /** The combinations, each the index of a value for each parameter. */
  List<int[]> rows() {
    List<int[]> all = product();
    Set<Pair> left = new LinkedHashSet<>();
    all.forEach(row -> left.addAll(pairs(row)));
    List<int[]> rows = new ArrayList<>();
    while (!left.isEmpty()) {
      int[] best = all.get(0);
      long most = -1;
      for (int[] candidate : all) {
        long covered = pairs(candidate).stream().filter(left::contains).count();
        if (covered > most) {
          most = covered;
          best = candidate;
        }
      }
      left.removeAll(Set.copyOf(pairs(best)));
      rows.add(best);
    }
    return rows;
  }

  private List<int[]> product() {
    List<int[]> all = new ArrayList<>();
    int count = sizes.stream().reduce(1, (a, b) -> a * b);
    for (int number = 0; number < count; number++) {
      int[] row = new int[sizes.size()];
      int rest = number;
      for (int i = 0; i < row.length; i++) {
        row[i] = rest % sizes.get(i);
        rest /= sizes.get(i);
      }
      all.add(row);
    }
    return all;
  }

  private static List<Pair> pairs(int[] row) {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < row.length; i++) {
      for (int j = i + 1; j < row.length; j++) {
        pairs.add(new Pair(i, row[i], j, row[j]));
      }
    }
    return pairs;
  }
}
