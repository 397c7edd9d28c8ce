package dev.lockstep.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/**
 * What one thread of the model does: a list of instructions over eight private registers and the
 * shared words. Instructions that touch no shared word take no step of their own: a thread always
 * stands before a shared access, before a sleep, or at its end.
 */
final class Program {
  static final int REGISTERS = 8;
  private static final int UNUSED = -1;
  private static final int MAX_INSTRUCTIONS = 256; // a position is a byte

  /** A value computed from the thread's registers. */
  @FunctionalInterface
  interface Expression {
    int of(byte[] registers);
  }

  /** The new value of a word, from its old one and the thread's registers. */
  @FunctionalInterface
  interface Update {
    int of(int old, byte[] registers);
  }

  enum Operation {
    LOAD,
    STORE,
    UPDATE,
    COMPARE_AND_SET,
    AWAIT,
    FUTEX_WAIT,
    FUTEX_WAKE,
    SET,
    JUMP_IF,
    CHOOSE,
    FAIL,
    HALT;

    /** Whether other threads can tell that it happened. */
    boolean isShared() {
      return switch (this) {
        case LOAD, STORE, UPDATE, COMPARE_AND_SET, AWAIT, FUTEX_WAIT, FUTEX_WAKE -> true;
        case SET, JUMP_IF, CHOOSE, FAIL, HALT -> false;
      };
    }
  }

  /**
   * One instruction; what a field means depends on the operation.
   *
   * @param register where the result goes: the loaded or old value, or 1 and 0 for a
   *     compare-and-set
   * @param word the shared word
   * @param value what is stored, or expected by a futex wait
   * @param expected what a compare-and-set expects
   * @param update what an atomic update makes of the old value
   * @param target where a jump goes
   * @param text what a trace shows
   */
  record Instruction(
      Operation operation,
      int register,
      int word,
      Expression value,
      Expression expected,
      Update update,
      int target,
      String text) {}

  /** What the update of an {@code await} says while it cannot happen. */
  static final int NOT_NOW = -1;

  private static final Expression ZERO = registers -> 0;
  private static final Update SAME = (old, registers) -> old;

  private final String name;
  private final int process;
  private final boolean isPrivate;
  private final List<Instruction> instructions;

  private Program(Builder builder) {
    if (builder.size() > MAX_INSTRUCTIONS) {
      throw new IllegalStateException("too long: instructions=" + builder.size());
    }
    this.name = builder.name;
    this.process = builder.process;
    this.isPrivate = builder.isPrivate;
    this.instructions = new ArrayList<>();
    for (int i = 0; i < builder.instructions.size(); i++) {
      Instruction it = builder.instructions.get(i);
      String label = builder.jumps.get(i);
      int target = 0;
      if (label != null) {
        Integer position = builder.labels.get(label);
        if (position == null) {
          throw new IllegalStateException("no such label: " + label + " in " + name);
        }
        target = position;
      }
      instructions.add(
          new Instruction(
              it.operation(),
              it.register(),
              it.word(),
              it.value(),
              it.expected(),
              it.update(),
              target,
              it.text()));
    }
  }

  static Builder thread(String name, int process) {
    return new Builder(name, process);
  }

  String name() {
    return name;
  }

  /** The process that the thread belongs to: a private futex call reaches no other. */
  int process() {
    return process;
  }

  boolean usesPrivateFutex() {
    return isPrivate;
  }

  Instruction at(int position) {
    return instructions.get(position);
  }

  /** One more than the highest number of a word that it touches. */
  int words() {
    return 1 + instructions.stream().mapToInt(Instruction::word).max().orElse(0);
  }

  /** Notes the words that a load or a compare-and-set of this thread may see old values of. */
  void markLoaded(boolean[] loaded) {
    for (Instruction it : instructions) {
      if (it.operation() == Operation.LOAD || it.operation() == Operation.COMPARE_AND_SET) {
        loaded[it.word()] = true;
      }
    }
  }

  static final class Builder {
    private final String name;
    private final int process;
    private boolean isPrivate;
    private final List<Instruction> instructions = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();
    private final Map<Integer, String> jumps = new HashMap<>();

    private Builder(String name, int process) {
      this.name = name;
      this.process = process;
    }

    /** How many instructions there are so far: makes a label unlike all others. */
    int size() {
      return instructions.size();
    }

    Builder privateFutex(boolean on) {
      isPrivate = on;
      return this;
    }

    Builder label(String label) {
      if (labels.put(label, instructions.size()) != null) {
        throw new IllegalStateException("label twice: " + label + " in " + name);
      }
      return this;
    }

    Builder load(int register, int word) {
      return add(Operation.LOAD, register, word, ZERO, ZERO, SAME, "load");
    }

    Builder store(int word, Expression value) {
      return add(Operation.STORE, 0, word, value, ZERO, SAME, "store");
    }

    /** An atomic read-modify-write; the register gets the old value. */
    Builder update(int register, int word, IntUnaryOperator update) {
      return add(Operation.UPDATE, register, word, ZERO, ZERO, ofOld(update), "update");
    }

    /** An atomic read-modify-write whose old value nobody needs. */
    Builder change(int word, Update update) {
      return add(Operation.UPDATE, UNUSED, word, ZERO, ZERO, update, "change");
    }

    /** The register gets 1 if the word was changed. */
    Builder compareAndSet(int register, int word, int expected, int value) {
      return add(Operation.COMPARE_AND_SET, register, word, r -> value, r -> expected, SAME, "cas");
    }

    /**
     * An atomic update that waits until it can happen: until it gives another value than NOT_NOW.
     */
    Builder await(int word, IntUnaryOperator update) {
      return add(Operation.AWAIT, UNUSED, word, ZERO, ZERO, ofOld(update), "await");
    }

    private static Update ofOld(IntUnaryOperator update) {
      return (old, registers) -> update.applyAsInt(old);
    }

    /** Sleeps if the word still has this value, else goes on. */
    Builder futexWait(int word, Expression expected) {
      return add(Operation.FUTEX_WAIT, 0, word, expected, ZERO, SAME, "futex wait");
    }

    /** Wakes the one thread that has slept longest on the word. */
    Builder futexWake(int word) {
      return add(Operation.FUTEX_WAKE, 0, word, ZERO, ZERO, SAME, "futex wake");
    }

    Builder set(int register, Expression value) {
      return add(Operation.SET, register, 0, value, ZERO, SAME, "set");
    }

    Builder jumpIf(Expression condition, String label) {
      jumps.put(instructions.size(), label);
      return add(Operation.JUMP_IF, 0, 0, condition, ZERO, SAME, "jump");
    }

    Builder jump(String label) {
      return jumpIf(r -> 1, label);
    }

    /** Both goes on and jumps: the search follows either. */
    Builder choose(String label) {
      jumps.put(instructions.size(), label);
      return add(Operation.CHOOSE, 0, 0, ZERO, ZERO, SAME, "choose");
    }

    /** A state that must never be reached. */
    Builder fail(String reason) {
      return add(Operation.FAIL, 0, 0, ZERO, ZERO, SAME, reason);
    }

    Builder halt() {
      return add(Operation.HALT, 0, 0, ZERO, ZERO, SAME, "halt");
    }

    Program build() {
      return new Program(this);
    }

    private Builder add(
        Operation operation,
        int register,
        int word,
        Expression value,
        Expression expected,
        Update update,
        String text) {
      instructions.add(
          new Instruction(operation, register, word, value, expected, update, 0, text));
      return this;
    }
  }
}
