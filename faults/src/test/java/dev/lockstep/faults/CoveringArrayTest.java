package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CoveringArrayTest {
  @Test
  void everyPairOfValuesOccursInFewerRowsThanThereAreCombinations() {
    List<Integer> sizes = List.of(2, 4, 2, 2);
    List<int[]> rows = new CoveringArray(sizes).rows();
    Set<List<Integer>> pairs = new HashSet<>();
    for (int[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        for (int j = i + 1; j < row.length; j++) {
          pairs.add(List.of(i, row[i], j, row[j]));
        }
      }
    }
    assertThat(pairs).hasSize(2 * 4 + 2 * 2 + 2 * 2 + 4 * 2 + 4 * 2 + 2 * 2);
    assertThat(rows).hasSizeLessThanOrEqualTo(10).hasSizeGreaterThanOrEqualTo(8);
  }

  @Test
  void oneValueEachIsOneRow() {
    assertThat(new CoveringArray(List.of(1, 1, 1)).rows()).hasSize(1);
  }
}
