package dev.lockstep.stdio;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** The last lines that were written: at most 50, at most 16 Ki characters. Thread-safe. */
public final class LineTail {
  private static final int MAX_LINES = 50;
  private static final int MAX_CHARS = 16 * 1024;

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<String> lines = new ArrayDeque<>();
  private int chars;

  /** Adds one; of a giant the end is kept. */
  public void add(String line) {
    String kept = line.length() <= MAX_CHARS ? line : line.substring(line.length() - MAX_CHARS);
    lock.lock();
    try {
      lines.addLast(kept);
      chars += kept.length();
      while (lines.size() > MAX_LINES || chars > MAX_CHARS) {
        chars -= lines.removeFirst().length();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Those that there are, the oldest first. */
  public List<String> lines() {
    lock.lock();
    try {
      return List.copyOf(lines);
    } finally {
      lock.unlock();
    }
  }
}
