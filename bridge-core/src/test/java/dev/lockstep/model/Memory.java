package dev.lockstep.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The shared words as the threads see them under one memory order. Mutable; the search copies it
 * before each step.
 */
interface Memory {
  /** Starts with all words zero. */
  enum Order {
    /** Stores wait in a first-in-first-out buffer of their thread; read-modify-writes drain it. */
    TSO,
    /**
     * Release and acquire only, without a common order of stores to different words: a load returns
     * any store that is not older than what the thread has seen, and acquires what its writer had
     * seen. Weaker than arm64, whose {@code ldar} and {@code stlr} are sequentially consistent.
     */
    RELEASE_ACQUIRE;

    /**
     * @param loaded by word, whether it is ever read otherwise than by an atomic update, which sees
     *     the newest value alone
     */
    Memory create(int threads, int words, boolean[] loaded) {
      return switch (this) {
        case TSO -> new StoreBufferMemory(threads, words);
        case RELEASE_ACQUIRE -> new ViewMemory(threads, words, loaded);
      };
    }
  }

  Memory copy();

  /** How many different stores a load of this word may return now. At least 1. */
  int readable(int thread, int word);

  /** Performs the load that returns the nth of them. */
  int load(int thread, int word, int nth);

  /** Whether a store has room now; if not, something must drain first. */
  boolean canStore(int thread);

  void store(int thread, int word, int value);

  /** Whether a read-modify-write or a system call can happen now: nothing waits in the buffer. */
  boolean isDrained(int thread);

  /** Moves the thread's oldest waiting store to memory. */
  void drainOne(int thread);

  /** The newest value: what a read-modify-write or the kernel sees. */
  int newest(int word);

  /** Replaces the newest value in one step. */
  void update(int thread, int word, int value);

  /** Writes a canonical form: equal memories write equal bytes. */
  void encode(ByteArrayOutputStream out, List<Boolean> halted);

  void decode(ByteBuffer in);
}
