package dev.lockstep.model;

import java.util.Arrays;

/** The states seen, numbered in the order of their discovery, each with the one it came from. */
final class StateTable {
  private byte[][] states = new byte[1 << 12][];
  private int[] parents = new int[1 << 12];
  private int[] slots = new int[1 << 14]; // index + 1
  private int size;

  void add(byte[] state, int parent) {
    int mask = slots.length - 1;
    int slot = mix(Arrays.hashCode(state)) & mask;
    while (slots[slot] != 0) {
      if (Arrays.equals(states[slots[slot] - 1], state)) {
        return;
      }
      slot = (slot + 1) & mask;
    }
    if (size == states.length) {
      states = Arrays.copyOf(states, 2 * size);
      parents = Arrays.copyOf(parents, 2 * size);
    }
    states[size] = state;
    parents[size] = parent;
    slots[slot] = ++size;
    if (size > slots.length / 2) {
      grow();
    }
  }

  int size() {
    return size;
  }

  byte[] get(int index) {
    return states[index];
  }

  int parent(int index) {
    return parents[index];
  }

  private void grow() {
    slots = new int[2 * slots.length];
    int mask = slots.length - 1;
    for (int i = 0; i < size; i++) {
      int slot = mix(Arrays.hashCode(states[i])) & mask;
      while (slots[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = i + 1;
    }
  }

  private static int mix(int hash) {
    int h = hash * 0x9E3779B9;
    return h ^ (h >>> 15);
  }
}
