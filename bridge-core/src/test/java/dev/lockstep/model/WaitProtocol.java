package dev.lockstep.model;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * One lane with its threads, as the specification's section on waiting has them: a producer in the
 * worker's process; in the host's process a pump that sleeps, and threads that take the reader's
 * role over, which only spin.
 *
 * <p>Words: {@code tail} and {@code head} count messages; {@code signal} and {@code space} are
 * {@code sequence << 1 | PARKED}; {@code role} is 0 or the holder's number.
 */
final class WaitProtocol {
  static final int TAIL = 0;
  static final int HEAD = 1;
  static final int SIGNAL = 2;
  static final int ROLE = 3;
  static final int SPACE = 4;
  static final int CLOSED = 5;

  /** The two words of the host's process by which its sleeper is woken for what is in no lane. */
  private static final int ASLEEP = 6;

  private static final int WOKEN = 7;
  static final String[] WORDS = {
    "tail", "head", "signal", "role", "space", "closed", "asleep", "woken"
  };

  private static final int WORKER = 1;
  private static final int HOST = 2;
  private static final int PARKED = 1;
  private static final int INCREMENT = 2;

  // Registers. MINE counts what the thread itself moves: the producer's tail, the consumer's head.
  private static final int MINE = 0;
  private static final int OTHER = 1;
  private static final int WORD = 2;
  private static final int LEFT = 3;
  private static final int SCRATCH = 4;

  private final int messages;
  private final int capacity; // messages; 0: the ring is never full
  private final Set<Mutant> mutants;
  private boolean mayClose;
  private boolean announces;

  WaitProtocol(int messages, int capacity, Mutant... mutants) {
    this.messages = messages;
    this.capacity = capacity;
    this.mutants = EnumSet.noneOf(Mutant.class);
    this.mutants.addAll(List.of(mutants));
  }

  /** A producer, a pump, and one thread for each number of take-overs. */
  List<Program> pumpAndTakeOvers(int... takeOvers) {
    List<Program> all = new ArrayList<>(List.of(producer(), pump()));
    for (int i = 0; i < takeOvers.length; i++) {
      all.add(takeOver(i + 2, takeOvers[i]));
    }
    return all;
  }

  /** The same with a thread of the host that closes the segment. */
  List<Program> withCloser(int... takeOvers) {
    mayClose = true;
    List<Program> all = new ArrayList<>(pumpAndTakeOvers(takeOvers));
    all.add(closer());
    return all;
  }

  /** The same with a thread of the host that wakes the pump for something in no lane. */
  List<Program> withWaker(int... takeOvers) {
    announces = true;
    mayClose = true; // the pump looks for it in every round, but not between its mark and its sleep
    List<Program> all = new ArrayList<>(pumpAndTakeOvers(takeOvers));
    all.add(waker());
    return all;
  }

  private boolean has(Mutant mutant) {
    return mutants.contains(mutant);
  }

  private Program.Builder thread(String name, int process) {
    return Program.thread(name, process).privateFutex(has(Mutant.PRIVATE_FLAG));
  }

  // ---- the worker's process

  /** Java's and C's producer: publish, raise, wake if PARKED was set. */
  Program producer() {
    Program.Builder it = thread("producer", WORKER);
    it.label("next").jumpIf(r -> r[MINE] == messages ? 1 : 0, "end");
    waitForSpace(it);
    it.set(MINE, r -> r[MINE] + 1);
    if (has(Mutant.RAISE_BEFORE_TAIL)) {
      raise(it, SIGNAL, false, "raised");
      it.store(TAIL, r -> r[MINE]);
    } else {
      it.store(TAIL, r -> r[MINE]);
      raise(it, SIGNAL, has(Mutant.PLAIN_RAISE) || has(Mutant.PLAIN_SIGNAL), "raised");
    }
    return it.jump("next").label("end").halt().build();
  }

  private void waitForSpace(Program.Builder it) {
    if (capacity == 0) {
      return;
    }
    it.label("full?").load(OTHER, HEAD).jumpIf(r -> r[MINE] - r[OTHER] < capacity ? 1 : 0, "space");
    prepare(it, SPACE, false);
    if (!has(Mutant.SPACE_SLEEP_WITHOUT_LOOK)) {
      it.load(OTHER, HEAD).jumpIf(r -> r[MINE] - r[OTHER] < capacity ? 1 : 0, "space");
    }
    it.futexWait(SPACE, r -> r[WORD] | PARKED).jump("full?");
    it.label("space").set(WORD, r -> 0).set(OTHER, r -> 0);
  }

  /** Pure Python's producer: WAKE_OP with ADD 2, which always wakes and never clears PARKED. */
  Program pureProducer() {
    Program.Builder it = thread("pure producer", WORKER);
    it.label("next").jumpIf(r -> r[MINE] == messages ? 1 : 0, "end");
    it.set(MINE, r -> r[MINE] + 1);
    if (has(Mutant.PURE_PACK_INTO)) {
      it.store(TAIL, r -> 0);
    }
    it.store(TAIL, r -> r[MINE]);
    if (!has(Mutant.PURE_WAKES_WITHOUT_ADDING)) {
      it.update(SCRATCH, SIGNAL, old -> old + INCREMENT).set(SCRATCH, r -> 0);
    }
    return it.futexWake(SIGNAL).jump("next").label("end").halt().build();
  }

  // ---- the host's process, or any process with a single consumer

  /** The one thread of the host that sleeps in the futex. */
  Program pump() {
    int me = 1;
    Program.Builder it = thread("pump", HOST);
    it.label("loop");
    leaveIfClosed(it, false);
    it.compareAndSet(SCRATCH, ROLE, 0, me).jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, "without");
    it.set(SCRATCH, r -> 0);
    clearParked(it);
    it.label("look").load(MINE, HEAD).label("consume");
    consumeOr(it, "empty").jump("consume");
    it.label("empty");
    prepare(it, SIGNAL, has(Mutant.PLAIN_PREPARE) || has(Mutant.PLAIN_SIGNAL));
    if (!has(Mutant.SLEEP_WITHOUT_LOOK)) {
      it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, "consume");
    }
    it.set(OTHER, r -> 0).set(MINE, r -> 0);
    if (!announces) {
      leaveIfClosed(it, true);
    }
    it.store(ROLE, r -> 0);
    announce(it, "awake with value");
    if (has(Mutant.WAIT_WITH_VALUE_READ_LATER)) {
      it.load(WORD, SIGNAL).futexWait(SIGNAL, r -> r[WORD]);
    } else {
      it.futexWait(SIGNAL, r -> r[WORD] | PARKED);
    }
    it.label("awake with value");
    takeBack(it);
    it.set(WORD, r -> 0).jump("loop");
    it.label("without");
    if (has(Mutant.NO_SECOND_LOOK_AT_ROLE)) {
      it.load(WORD, SIGNAL);
    } else if (has(Mutant.WORD_AFTER_ROLE)) {
      it.load(SCRATCH, ROLE).jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, "free").load(WORD, SIGNAL);
    } else {
      it.load(WORD, SIGNAL).load(SCRATCH, ROLE).jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, "free");
    }
    if (!announces) {
      leaveIfClosed(it, false);
    }
    announce(it, "awake");
    it.set(SCRATCH, r -> 0).futexWait(SIGNAL, r -> r[WORD]);
    it.label("awake");
    takeBack(it);
    it.label("free").set(WORD, r -> 0).set(SCRATCH, r -> 0).jump("loop");
    return it.label("closed").store(ROLE, r -> 0).label("end").halt().build();
  }

  /** A thread that takes the role to wait for its own reply: it spins and never sleeps. */
  Program takeOver(int me, int times) {
    Program.Builder it = thread("taker " + me, HOST);
    it.set(LEFT, r -> times);
    it.label("next").jumpIf(r -> r[LEFT] == 0 ? 1 : 0, "end").set(LEFT, r -> r[LEFT] - 1);
    it.label("take").compareAndSet(SCRATCH, ROLE, 0, me);
    it.jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, "next").set(SCRATCH, r -> 0);
    clearParked(it);
    it.load(MINE, HEAD).label("spin");
    consumeOr(it, "nothing");
    it.choose("leave").jump("spin"); // the reply has come, or another's message
    it.label("nothing");
    if (has(Mutant.TWO_SLEEPERS)) {
      prepare(it, SIGNAL, false);
      it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, "spin");
      it.set(OTHER, r -> 0).futexWait(SIGNAL, r -> r[WORD] | PARKED).set(WORD, r -> 0);
    } else {
      it.choose("leave"); // the budget is spent
    }
    it.jump("spin");
    it.label("leave").set(MINE, r -> 0).set(OTHER, r -> 0);
    if (has(Mutant.RELEASE_AFTER_LOOK)) {
      prepare(it, SIGNAL, false);
      it.set(WORD, r -> 0).load(MINE, HEAD).load(OTHER, TAIL);
      it.jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, "spin").store(ROLE, r -> 0);
    } else {
      it.store(ROLE, r -> 0);
      if (!has(Mutant.LEAVE_WITHOUT_PARKED)) {
        prepare(it, SIGNAL, has(Mutant.PLAIN_PREPARE) || has(Mutant.PLAIN_SIGNAL));
      }
      it.set(WORD, r -> 0);
      if (!has(Mutant.LEAVE_WITHOUT_LOOK)) {
        it.load(MINE, HEAD).load(OTHER, TAIL).set(SCRATCH, r -> r[OTHER] != r[MINE] ? 1 : 0);
        it.set(MINE, r -> 0).set(OTHER, r -> 0).jumpIf(r -> r[SCRATCH], "take");
      }
    }
    it.set(MINE, r -> 0).set(OTHER, r -> 0).jump("next");
    return it.label("end").halt().build();
  }

  /** A process with one reading thread, which keeps the role while it sleeps. */
  Program soloConsumer() {
    Program.Builder it = thread("consumer", HOST);
    it.label("loop");
    consumeOr(it, "empty").jump("loop");
    it.label("empty");
    prepare(it, SIGNAL, has(Mutant.PLAIN_PREPARE) || has(Mutant.PLAIN_SIGNAL));
    it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, "loop").set(OTHER, r -> 0);
    return it.futexWait(SIGNAL, r -> r[WORD] | PARKED).set(WORD, r -> 0).jump("loop").build();
  }

  /** Pure Python's consumer: WAKE_OP with OR 1 returns nothing, so the word is read after it. */
  Program pureConsumer() {
    Program.Builder it = thread("pure consumer", HOST);
    it.label("loop");
    consumeOr(it, "empty").jump("loop");
    it.label("empty").update(SCRATCH, SIGNAL, old -> old | PARKED).set(SCRATCH, r -> 0);
    it.load(WORD, SIGNAL).load(OTHER, TAIL);
    it.jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, "loop").set(OTHER, r -> 0);
    if (!has(Mutant.PURE_WAITS_ON_EVEN)) {
      it.jumpIf(r -> (r[WORD] & PARKED) == 0 ? 1 : 0, "loop");
    }
    return it.futexWait(SIGNAL, r -> r[WORD]).set(WORD, r -> 0).jump("loop").build();
  }

  /** Sets the state, changes the word, and wakes whether or not PARKED is set. */
  private Program closer() {
    Program.Builder it = thread("closer", HOST);
    if (!has(Mutant.CLOSE_RAISE_BEFORE_STATE)) {
      it.store(CLOSED, r -> 1);
    }
    if (has(Mutant.CLOSE_WAKES_ONLY_PARKED)) {
      raise(it, SIGNAL, false, "raised");
    } else {
      it.update(SCRATCH, SIGNAL, old -> (old + INCREMENT) & ~PARKED).futexWake(SIGNAL);
    }
    if (has(Mutant.CLOSE_RAISE_BEFORE_STATE)) {
      it.store(CLOSED, r -> 1);
    }
    return it.halt().build();
  }

  /** Volatile stores of one process: announce, then look; the other says so, then looks. */
  private void announce(Program.Builder it, String awake) {
    if (!announces) {
      return;
    }
    boolean looksFirst = has(Mutant.SLEEPER_LOOKS_FIRST);
    if (looksFirst) {
      it.load(SCRATCH, WOKEN);
    }
    it.update(OTHER, ASLEEP, old -> 1).set(OTHER, r -> 0);
    if (!looksFirst) {
      it.load(SCRATCH, WOKEN);
    }
    it.jumpIf(r -> r[SCRATCH], awake);
  }

  private void takeBack(Program.Builder it) {
    if (announces) {
      it.update(SCRATCH, ASLEEP, old -> 0).update(SCRATCH, WOKEN, old -> 0).set(SCRATCH, r -> 0);
    }
  }

  private Program waker() {
    Program.Builder it = thread("waker", HOST);
    it.update(SCRATCH, CLOSED, old -> 1);
    if (has(Mutant.WAKER_LOOKS_FIRST)) {
      it.load(OTHER, ASLEEP).update(SCRATCH, WOKEN, old -> 1);
    } else {
      it.update(SCRATCH, WOKEN, old -> 1).load(OTHER, ASLEEP);
    }
    it.set(SCRATCH, r -> 0).jumpIf(r -> r[OTHER] == 0 ? 1 : 0, "end");
    it.update(SCRATCH, SIGNAL, old -> (old + INCREMENT) & ~PARKED).futexWake(SIGNAL);
    return it.label("end").halt().build();
  }

  private void leaveIfClosed(Program.Builder it, boolean holdsRole) {
    if (mayClose) {
      it.load(SCRATCH, CLOSED).jumpIf(r -> r[SCRATCH], holdsRole ? "closed" : "end");
    }
  }

  /** Consumes one message and goes on, or jumps. MINE is the head as the thread knows it. */
  private Program.Builder consumeOr(Program.Builder it, String empty) {
    String some = "some before " + empty;
    String raised = "raised before " + empty;
    it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] > r[MINE] ? 1 : 0, some);
    it.jumpIf(r -> r[OTHER] == r[MINE] ? 1 : 0, empty).fail("the tail went backwards");
    it.label(some).set(OTHER, r -> 0).set(MINE, r -> r[MINE] + 1);
    boolean raiseFirst = has(Mutant.SPACE_RAISE_BEFORE_HEAD);
    if (raiseFirst) {
      raise(it, SPACE, false, raised);
    }
    it.store(HEAD, r -> r[MINE]);
    if (capacity != 0 && !raiseFirst) {
      raise(it, SPACE, has(Mutant.PLAIN_SPACE_RAISE), raised);
    }
    return it;
  }

  private static void clearParked(Program.Builder it) {
    it.update(SCRATCH, SIGNAL, old -> old & ~PARKED).set(SCRATCH, r -> 0);
  }

  /** Sets PARKED; WORD gets the old value. */
  private static void prepare(Program.Builder it, int word, boolean plain) {
    if (plain) {
      it.load(WORD, word).store(word, r -> r[WORD] | PARKED);
    } else {
      it.update(WORD, word, old -> old | PARKED);
    }
  }

  private static void raise(Program.Builder it, int word, boolean plain, String done) {
    if (plain) {
      it.load(SCRATCH, word).store(word, r -> (r[SCRATCH] + INCREMENT) & ~PARKED);
    } else {
      it.update(SCRATCH, word, old -> (old + INCREMENT) & ~PARKED);
    }
    it.set(SCRATCH, r -> r[SCRATCH] & PARKED).jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, done);
    it.set(SCRATCH, r -> 0).futexWake(word).label(done).set(SCRATCH, r -> 0);
  }
}
