package dev.lockstep.model;

import dev.lockstep.model.Program.Instruction;
import dev.lockstep.model.Program.Operation;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Visits every state that a set of threads can reach, in any interleaving that the memory order
 * allows, and judges the states in which nobody can move any more.
 *
 * <p>Time does not pass in the model: no sleep ends by itself. So a wake-up that gets lost shows as
 * an end state with work left undone.
 */
final class Search {
  private static final int TRACE_STEPS = 80;

  /**
   * What the search found.
   *
   * @param states different states visited
   * @param ends states in which nobody can move
   * @param bad ends with work left undone, and states that must never be reached
   * @param trace how the first bad one comes about; empty if there is none
   */
  record Result(int states, int ends, int bad, String trace) {}

  private final List<Program> programs;
  private final String[] wordNames;
  private final Memory.Order order;
  private final ToIntFunction<Finished> missing;
  private final boolean[] loaded;

  /** An end state as a judge sees it. */
  interface Finished {
    int word(int word);

    boolean halted(int thread);
  }

  /**
   * @param missing how much is left undone in an end state; 0 is good
   */
  Search(
      List<Program> programs,
      String[] wordNames,
      Memory.Order order,
      ToIntFunction<Finished> missing) {
    this.programs = programs;
    this.wordNames = wordNames;
    this.order = order;
    this.missing = missing;
    this.loaded = new boolean[wordNames.length];
    programs.forEach(it -> it.markLoaded(loaded));
  }

  Result run() {
    StateTable visited = new StateTable();
    List<State> starts = new ArrayList<>();
    settleAll(initial(), starts);
    for (State start : starts) {
      visited.add(start.encode(), -1);
    }
    int ends = 0;
    int bad = 0;
    int firstBad = -1;
    State state = initial();
    for (int at = 0; at < visited.size(); at++) {
      state.decode(visited.get(at));
      int from = at;
      int[] moves = {0};
      boolean failed = state.failed >= 0;
      if (!failed) {
        successors(
            state,
            next -> {
              moves[0]++;
              visited.add(next.encode(), from);
            });
      }
      boolean isBad = failed;
      if (!failed && moves[0] == 0) {
        ends++;
        isBad = missing.applyAsInt(state) != 0;
      }
      if (isBad) {
        bad++;
        firstBad = firstBad < 0 ? at : firstBad;
      }
    }
    return new Result(visited.size(), ends, bad, firstBad < 0 ? "" : trace(visited, firstBad));
  }

  private State initial() {
    return new State(programs.size(), wordNames.length);
  }

  /** Lets every thread run up to its first shared instruction. */
  private void settleAll(State start, List<State> out) {
    List<State> states = List.of(start);
    for (int t = 0; t < programs.size(); t++) {
      List<State> next = new ArrayList<>();
      for (State s : states) {
        settle(s, t, next::add);
      }
      states = next;
    }
    out.addAll(states);
  }

  private void successors(State state, Consumer<State> out) {
    for (int t = 0; t < programs.size(); t++) {
      if (!state.memory.isDrained(t)) {
        State next = state.copy();
        next.memory.drainOne(t);
        out.accept(next);
      }
      if (state.asleepOn[t] == 0) {
        step(state, t, out);
      }
    }
  }

  private void step(State state, int thread, Consumer<State> out) {
    Instruction it = programs.get(thread).at(state.at(thread));
    byte[] registers = state.registers[thread];
    switch (it.operation()) {
      case LOAD -> {
        int choices = state.memory.readable(thread, it.word());
        for (int nth = 0; nth < choices; nth++) {
          State next = advance(state, thread);
          next.registers[thread][it.register()] = (byte) next.memory.load(thread, it.word(), nth);
          settle(next, thread, out);
        }
      }
      case STORE -> {
        if (state.memory.canStore(thread)) {
          State next = advance(state, thread);
          next.memory.store(thread, it.word(), it.value().of(registers));
          settle(next, thread, out);
        }
      }
      case UPDATE -> {
        if (state.memory.isDrained(thread)) {
          State next = advance(state, thread);
          int old = next.memory.newest(it.word());
          next.memory.update(thread, it.word(), it.update().of(old, registers));
          if (it.register() >= 0) {
            next.registers[thread][it.register()] = (byte) old;
          }
          settle(next, thread, out);
        }
      }
      case AWAIT -> {
        if (state.memory.isDrained(thread)) {
          int value = it.update().of(state.memory.newest(it.word()), registers);
          if (value != Program.NOT_NOW) {
            State next = advance(state, thread);
            next.memory.update(thread, it.word(), value);
            settle(next, thread, out);
          }
        }
      }
      case COMPARE_AND_SET -> compareAndSet(state, thread, it, out);
      case FUTEX_WAIT -> {
        if (state.memory.isDrained(thread)) {
          State next = advance(state, thread);
          if (next.memory.newest(it.word()) == it.value().of(registers)) {
            next.fallAsleep(thread, it.word());
            out.accept(next);
          } else {
            settle(next, thread, out);
          }
        }
      }
      case FUTEX_WAKE -> {
        if (state.memory.isDrained(thread)) {
          State next = advance(state, thread);
          int woken = next.wakeOne(it.word(), thread, programs);
          settle(
              next,
              thread,
              settled -> {
                if (woken < 0) {
                  out.accept(settled);
                } else {
                  settle(settled, woken, out);
                }
              });
        }
      }
      case HALT -> {}
      case SET, JUMP_IF, CHOOSE, FAIL ->
          throw new IllegalStateException("a thread stands before a private instruction");
    }
  }

  /** A failed one is a mere load: it may return an old value. */
  private void compareAndSet(State state, int thread, Instruction it, Consumer<State> out) {
    if (!state.memory.isDrained(thread)) {
      return;
    }
    byte[] registers = state.registers[thread];
    int expected = it.expected().of(registers);
    int choices = state.memory.readable(thread, it.word());
    for (int nth = 0; nth < choices; nth++) {
      State next = advance(state, thread);
      if (next.memory.load(thread, it.word(), nth) != expected) {
        next.registers[thread][it.register()] = 0;
        settle(next, thread, out);
      } else if (nth == choices - 1) {
        next.memory.update(thread, it.word(), it.value().of(registers));
        next.registers[thread][it.register()] = 1;
        settle(next, thread, out);
      }
    }
  }

  private static State advance(State state, int thread) {
    State next = state.copy();
    next.position[thread]++;
    return next;
  }

  /** Runs private instructions until the thread stands before a shared one. */
  private void settle(State state, int thread, Consumer<State> out) {
    if (state.asleepOn[thread] != 0) {
      out.accept(state);
      return;
    }
    while (true) {
      Instruction it = programs.get(thread).at(state.at(thread));
      byte[] registers = state.registers[thread];
      if (it.operation().isShared() || it.operation() == Operation.HALT) {
        state.halted[thread] = it.operation() == Operation.HALT;
        if (state.halted[thread]) {
          Arrays.fill(registers, (byte) 0);
        }
        out.accept(state);
        return;
      }
      switch (it.operation()) {
        case SET -> {
          registers[it.register()] = StoreBufferMemory.narrow(it.value().of(registers));
          state.position[thread]++;
        }
        case JUMP_IF ->
            state.position[thread] =
                (byte) (it.value().of(registers) != 0 ? it.target() : state.at(thread) + 1);
        case CHOOSE -> {
          State jumped = state.copy();
          jumped.position[thread] = (byte) it.target();
          settle(jumped, thread, out);
          state.position[thread]++;
        }
        case FAIL -> {
          state.failed = (byte) thread;
          out.accept(state);
          return;
        }
        default -> throw new IllegalStateException("shared instruction " + it);
      }
    }
  }

  private String trace(StateTable visited, int last) {
    List<Integer> path = new ArrayList<>();
    Set<Integer> seen = new HashSet<>();
    for (int at = last; at >= 0 && seen.add(at); at = visited.parent(at)) {
      path.add(0, at);
    }
    StringBuilder text = new StringBuilder();
    State state = initial();
    int shown = Math.max(0, path.size() - TRACE_STEPS);
    for (int i = shown; i < path.size(); i++) {
      state.decode(visited.get(path.get(i)));
      text.append(describe(state)).append('\n');
    }
    return text.toString();
  }

  private String describe(State state) {
    StringBuilder text = new StringBuilder();
    for (int w = 0; w < wordNames.length; w++) {
      text.append(wordNames[w]).append('=').append(state.memory.newest(w)).append(' ');
    }
    for (int t = 0; t < programs.size(); t++) {
      Program program = programs.get(t);
      Instruction it = program.at(state.at(t));
      text.append("| ").append(program.name()).append(' ');
      if (state.asleepOn[t] != 0) {
        text.append("asleep on ").append(wordNames[state.asleepOn[t] - 1]);
      } else {
        text.append(state.at(t)).append(' ').append(it.text());
        if (it.operation().isShared()) {
          text.append(' ').append(wordNames[it.word()]);
        }
      }
      if (!state.memory.isDrained(t)) {
        text.append(" (stores waiting)");
      }
      text.append(' ');
    }
    return text.toString();
  }

  private final class State implements Finished {
    private final byte[] position;
    private final byte[] asleepOn; // word + 1, 0 awake
    private final byte[][] registers;
    private final boolean[] halted;
    private byte[] queue; // sleeping threads, the first that slept first
    private Memory memory;
    private byte failed = -1;

    State(int threads, int words) {
      position = new byte[threads];
      asleepOn = new byte[threads];
      registers = new byte[threads][Program.REGISTERS];
      halted = new boolean[threads];
      queue = new byte[0];
      memory = order.create(threads, words, loaded);
    }

    private State(State from) {
      position = from.position.clone();
      asleepOn = from.asleepOn.clone();
      registers = new byte[from.registers.length][];
      for (int i = 0; i < registers.length; i++) {
        registers[i] = from.registers[i].clone();
      }
      halted = from.halted.clone();
      queue = from.queue;
      memory = from.memory.copy();
      failed = from.failed;
    }

    int at(int thread) {
      return Byte.toUnsignedInt(position[thread]);
    }

    State copy() {
      return new State(this);
    }

    void fallAsleep(int thread, int word) {
      asleepOn[thread] = (byte) (word + 1);
      queue = Arrays.copyOf(queue, queue.length + 1);
      queue[queue.length - 1] = (byte) thread;
    }

    /** Wakes the first sleeper that the waker's call reaches; -1 if there is none. */
    int wakeOne(int word, int waker, List<Program> all) {
      Program by = all.get(waker);
      for (int i = 0; i < queue.length; i++) {
        int sleeper = queue[i];
        Program whom = all.get(sleeper);
        boolean isPrivate = by.usesPrivateFutex() || whom.usesPrivateFutex();
        if (asleepOn[sleeper] == word + 1 && (!isPrivate || by.process() == whom.process())) {
          byte[] rest = new byte[queue.length - 1];
          System.arraycopy(queue, 0, rest, 0, i);
          System.arraycopy(queue, i + 1, rest, i, rest.length - i);
          queue = rest;
          asleepOn[sleeper] = 0;
          return sleeper;
        }
      }
      return -1;
    }

    @Override
    public int word(int word) {
      return memory.newest(word);
    }

    @Override
    public boolean halted(int thread) {
      return halted[thread];
    }

    byte[] encode() {
      ByteArrayOutputStream out = new ByteArrayOutputStream(96);
      out.writeBytes(position);
      out.writeBytes(asleepOn);
      List<Boolean> ended = new ArrayList<>(halted.length);
      for (int i = 0; i < halted.length; i++) {
        out.writeBytes(registers[i]);
        out.write(halted[i] ? 1 : 0);
        ended.add(halted[i]);
      }
      out.write(queue.length);
      out.writeBytes(queue);
      out.write(failed);
      memory.encode(out, ended);
      return out.toByteArray();
    }

    void decode(byte[] bytes) {
      ByteBuffer in = ByteBuffer.wrap(bytes);
      in.get(position);
      in.get(asleepOn);
      for (int i = 0; i < halted.length; i++) {
        in.get(registers[i]);
        halted[i] = in.get() != 0;
      }
      queue = new byte[in.get()];
      in.get(queue);
      failed = in.get();
      memory.decode(in);
    }
  }
}
