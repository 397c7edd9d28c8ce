package dev.lockstep.model;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A worker's process that runs the pure-Python twin, as {@code _park}, {@code _ring}, {@code
 * _channel} and {@code _call} have it.
 *
 * <p>Of the shared words it stores {@code tail} and {@code head} plainly, and changes the signals
 * by {@code FUTEX_WAKE_OP} alone: ADD 2 and wake in one call, or OR 1, which says nothing of the
 * old value, so the word is read after it. All other words are the process's own and change under
 * the GIL: one step each, in one order that all its threads see, which an atomic update expresses.
 */
final class PurePython {
  private static final int ROLE = WaitProtocol.ROLE;
  private static final int LOCK = 6; // the producer's
  private static final int SPACE_LOCK = 7;
  private static final int ATTENTION = 8;
  private static final int LINE_LOCK = 9;
  private static final int LINE = 10; // the threads in line, two bits each, the first one lowest
  private static final int WAITING = 11;
  private static final int ANSWERED = 12; // a bit per message
  private static final int CALLED = 13; // a bit per thread: its turn has come
  private static final int AWAKE = 14; // a bit per thread: the lock that it sleeps on is free
  private static final int QUEUED = 15;
  static final String[] WORDS = {
    "tail",
    "head",
    "signal",
    "role",
    "space",
    "closed",
    "lock",
    "space lock",
    "attention",
    "line lock",
    "line",
    "waiting",
    "answered",
    "called",
    "awake",
    "queued"
  };

  private static final int TAIL = WaitProtocol.TAIL;
  private static final int HEAD = WaitProtocol.HEAD;
  private static final int SIGNAL = WaitProtocol.SIGNAL;
  private static final int SPACE = WaitProtocol.SPACE;
  static final String NAME = "python ";
  private static final int WORKER = 1;
  private static final int PARKED = 1;
  private static final int INCREMENT = 2;

  private static final int MINE = 0;
  private static final int OTHER = 1;
  private static final int WORD = 2;
  private static final int SCRATCH = 3;
  private static final int LENGTH = 4;
  private static final int DONE = 5;

  private final int[] addressees; // by message, the thread that it answers
  private final Set<PureMutant> mutants;
  private boolean letsGo = true;

  /**
   * @param addressees by message, the number of the thread, from 1, whose call it answers
   */
  PurePython(int[] addressees, PureMutant... mutants) {
    this.addressees = addressees.clone();
    this.mutants = EnumSet.noneOf(PureMutant.class);
    this.mutants.addAll(List.of(mutants));
  }

  /** Leaves out that a thread lets go of the role after another's message. */
  PurePython keepingTheRole() {
    letsGo = false;
    return this;
  }

  private boolean has(PureMutant mutant) {
    return mutants.contains(mutant);
  }

  private Program.Builder thread(String name) {
    return Program.thread(NAME + name, WORKER).privateFutex(has(PureMutant.PRIVATE_FLAG));
  }

  // ---- in: the reader's role and the line of those that wait for it

  /** A process whose threads each wait for the answers to calls of their own. */
  List<Program> callers(int threads) {
    List<Program> all = new ArrayList<>();
    for (int me = 1; me <= threads; me++) {
      all.add(caller(me));
    }
    return all;
  }

  /**
   * Main's process in Java or C, which has all the answers ready and publishes them by one store.
   */
  Program host() {
    Program.Builder it = Program.thread("host", WORKER + 1);
    it.store(TAIL, r -> addressees.length);
    it.update(SCRATCH, SIGNAL, old -> old + INCREMENT & ~PARKED);
    it.jumpIf(r -> (r[SCRATCH] & PARKED) == 0 ? 1 : 0, "end").futexWake(SIGNAL);
    return it.label("end").halt().build();
  }

  /**
   * {@code Calls.serve_until}, one call after the other. A thread that got somebody else's message
   * goes on reading, or lets go of the role and begins anew: {@code BoundCall} does the latter.
   */
  private Program caller(int me) {
    Program.Builder it = thread("caller " + me);
    int calls = 0;
    for (int message = 0; message < addressees.length; message++) {
      if (addressees[message] == me) {
        call(it, me, message, "call " + calls++ + " ");
      }
    }
    return it.halt().build();
  }

  private void call(Program.Builder it, int me, int message, String at) {
    int answer = 1 << message;
    it.label(at + "begin").set(SCRATCH, r -> 0).update(SCRATCH, ANSWERED, old -> old);
    it.jumpIf(r -> r[SCRATCH] & answer, at + "end");
    takeRoleOrLineUp(it, me, at, answer);
    it.label(at + "read").set(SCRATCH, r -> 0).update(SCRATCH, ANSWERED, old -> old);
    it.jumpIf(r -> r[SCRATCH] & answer, at + "leave").set(SCRATCH, r -> 0);
    it.load(MINE, HEAD);
    takeOr(it, at + "empty");
    route(it, me, at);
    if (letsGo) {
      it.choose(at + "leave");
    }
    it.jump(at + "read");
    it.label(at + "empty");
    sleep(it, at, at + "read");
    it.label(at + "leave").set(SCRATCH, r -> 0);
    releaseRole(it, at);
    it.jump(at + "begin").label(at + "end").set(SCRATCH, r -> 0);
  }

  /** {@code Endpoint.try_acquire_role}: a dict's setdefault is one step. */
  private void tryRole(Program.Builder it, int me, String taken) {
    if (has(PureMutant.ROLE_TAKEN_IN_TWO_STEPS)) {
      String held = "held " + taken + " " + it.size();
      it.update(SCRATCH, ROLE, old -> old).jumpIf(r -> r[SCRATCH], held);
      it.change(ROLE, (old, r) -> me).jump(taken).label(held);
    } else {
      it.update(SCRATCH, ROLE, old -> old == 0 ? me : old);
      it.jumpIf(r -> r[SCRATCH] == 0 ? 1 : 0, taken);
    }
    it.set(SCRATCH, r -> 0);
  }

  /** {@code Calls.line_up}. Goes on with the role held; else jumps to the begin. */
  private void takeRoleOrLineUp(Program.Builder it, int me, String at, int answer) {
    int bit = bit(me);
    tryRole(it, me, at + "taken");
    it.change(CALLED, (old, r) -> old & ~bit);
    lock(it, LINE_LOCK);
    it.update(LENGTH, LINE, old -> appended(old, me)).set(LENGTH, r -> length(r[LENGTH]) + 1);
    it.change(WAITING, (old, r) -> r[LENGTH]).set(LENGTH, r -> 0);
    unlock(it, LINE_LOCK);
    if (!has(PureMutant.LINE_WITHOUT_SECOND_TRY)) {
      tryRole(it, me, at + "taken in line");
    }
    it.await(AWAKE, old -> (old & bit) != 0 ? old & ~bit : Program.NOT_NOW);
    leaveLine(it, me);
    if (has(PureMutant.TURN_NOT_PASSED_ON)) {
      it.update(SCRATCH, ANSWERED, old -> old).jumpIf(r -> r[SCRATCH] & answer, at + "end");
    }
    it.update(SCRATCH, CALLED, old -> old);
    it.jumpIf(r -> (r[SCRATCH] & bit) == 0 ? 1 : 0, at + "begin");
    tryRole(it, me, at + "taken");
    it.jump(at + "begin");
    it.label(at + "taken in line").set(SCRATCH, r -> 0);
    leaveLine(it, me);
    it.label(at + "taken").set(SCRATCH, r -> 0);
  }

  private void leaveLine(Program.Builder it, int me) {
    lock(it, LINE_LOCK);
    it.update(LENGTH, LINE, old -> without(old, me));
    it.set(LENGTH, r -> length(without(r[LENGTH], me)));
    it.change(WAITING, (old, r) -> r[LENGTH]).set(LENGTH, r -> 0);
    unlock(it, LINE_LOCK);
  }

  /** {@code Endpoint.release_role} and {@code Calls.hand_over}. */
  private void releaseRole(Program.Builder it, String at) {
    boolean looksFirst = has(PureMutant.LOOK_AT_LINE_BEFORE_RELEASE);
    if (looksFirst) {
      it.update(OTHER, WAITING, old -> old);
    }
    it.set(SCRATCH, r -> 0).change(ROLE, (old, r) -> 0);
    if (has(PureMutant.RELEASE_WITHOUT_HAND_OVER)) {
      return;
    }
    if (!looksFirst) {
      it.update(OTHER, WAITING, old -> old);
    }
    it.jumpIf(r -> r[OTHER] == 0 ? 1 : 0, at + "released").set(OTHER, r -> 0);
    lock(it, LINE_LOCK);
    it.update(OTHER, LINE, old -> old >> 2).jumpIf(r -> r[OTHER], at + "somebody");
    it.change(WAITING, (old, r) -> 0);
    unlock(it, LINE_LOCK);
    it.jump(at + "released").label(at + "somebody");
    it.set(LENGTH, r -> length(r[OTHER]) - 1).set(OTHER, r -> bit(r[OTHER] & 3));
    boolean lateCall = has(PureMutant.CALLED_OUTSIDE_LOCK);
    if (!lateCall) {
      it.change(CALLED, (old, r) -> old | r[OTHER]);
    }
    it.change(WAITING, (old, r) -> r[LENGTH]).set(LENGTH, r -> 0);
    unlock(it, LINE_LOCK);
    if (lateCall) {
      it.change(CALLED, (old, r) -> old | r[OTHER]);
    }
    it.change(AWAKE, (old, r) -> old | r[OTHER]);
    it.label(at + "released").set(OTHER, r -> 0);
  }

  /** {@code Consumer.take}: MINE is the head. Goes on with a message taken, or jumps. */
  private void takeOr(Program.Builder it, String empty) {
    it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] > r[MINE] ? 1 : 0, "some before " + empty);
    it.jumpIf(r -> r[OTHER] == r[MINE] ? 1 : 0, empty).fail("the tail went backwards");
    it.label("some before " + empty).set(OTHER, r -> 0).set(MINE, r -> r[MINE] + 1);
    it.store(HEAD, r -> r[MINE]);
  }

  /** {@code Calls.route}: the answer is put where its thread looks, then the thread is woken. */
  private void route(Program.Builder it, int me, String at) {
    it.set(MINE, r -> r[MINE] - 1);
    it.change(ANSWERED, (old, r) -> old | 1 << r[MINE]);
    it.jumpIf(r -> addressees[r[MINE]] == me ? 1 : 0, at + "routed");
    it.change(AWAKE, (old, r) -> old | bit(addressees[r[MINE]]));
    it.label(at + "routed").set(MINE, r -> 0);
  }

  private static int bit(int thread) {
    return 1 << (thread - 1);
  }

  /** {@code Endpoint._wait} from the empty lane on; jumps to where it begins anew or gives up. */
  private void sleep(Program.Builder it, String at, String none) {
    if (has(PureMutant.LOOK_BEFORE_PARKED)) {
      it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, at + "again");
    }
    boolean looksFirst = has(PureMutant.ATTENTION_BEFORE_PARKED);
    if (looksFirst) {
      it.update(SCRATCH, ATTENTION, old -> 0).jumpIf(r -> r[SCRATCH], at + "none");
    }
    if (has(PureMutant.PLAIN_PREPARE)) {
      it.load(WORD, SIGNAL).store(SIGNAL, r -> r[WORD] | PARKED);
    } else {
      it.change(SIGNAL, (old, r) -> old | PARKED);
    }
    boolean readsLast = has(PureMutant.WORD_READ_AFTER_LOOK);
    if (!readsLast) {
      it.load(WORD, SIGNAL);
    }
    if (!has(PureMutant.SLEEP_WITHOUT_LOOK) && !has(PureMutant.LOOK_BEFORE_PARKED)) {
      it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, at + "again");
    }
    it.set(OTHER, r -> 0);
    if (!looksFirst) {
      it.update(SCRATCH, ATTENTION, old -> 0).jumpIf(r -> r[SCRATCH], at + "none");
    }
    if (readsLast) {
      it.load(WORD, SIGNAL);
    }
    it.jumpIf(r -> (r[WORD] & PARKED) == 0 ? 1 : 0, at + "none");
    it.futexWait(SIGNAL, r -> r[WORD]).set(WORD, r -> 0);
    it.load(OTHER, TAIL).jumpIf(r -> r[OTHER] != r[MINE] ? 1 : 0, at + "again");
    it.update(SCRATCH, ATTENTION, old -> 0).label(at + "none");
    forget(it).jump(none);
    it.label(at + "again");
    forget(it).jump(at + "read");
  }

  private static Program.Builder forget(Program.Builder it) {
    return it.set(MINE, r -> 0).set(OTHER, r -> 0).set(WORD, r -> 0).set(SCRATCH, r -> 0);
  }

  /**
   * The main thread in {@code Endpoint.serve}: reads, and comes out of the lane when something was
   * queued for it outside. It ends once it has that.
   */
  Program main(int me) {
    Program.Builder it = thread("main " + me);
    it.label("main begin").set(SCRATCH, r -> 0).update(SCRATCH, QUEUED, old -> old);
    it.jumpIf(r -> r[SCRATCH], "main end");
    takeRoleOrLineUp(it, me, "main ", 0);
    it.update(SCRATCH, QUEUED, old -> old).jumpIf(r -> r[SCRATCH], "main leave");
    it.label("main read").load(MINE, HEAD);
    takeOr(it, "main empty");
    if (has(PureMutant.ROLE_RELEASED_BEFORE_ROUTE)) {
      releaseRole(it, "main early ");
      route(it, me, "main ");
      it.jump("main begin");
    } else {
      route(it, me, "main ");
      it.jump("main leave");
    }
    it.label("main empty");
    sleep(it, "main ", "main leave");
    it.label("main leave").set(SCRATCH, r -> 0);
    releaseRole(it, "main ");
    return it.jump("main begin").label("main end").set(SCRATCH, r -> 0).halt().build();
  }

  /** A thread that queues something for the main thread, wherever that one waits. */
  Program stirrer(int main) {
    Program.Builder it = thread("stirrer");
    it.change(QUEUED, (old, r) -> 1).change(AWAKE, (old, r) -> old | bit(main));
    if (has(PureMutant.ATTENTION_AFTER_RAISE)) {
      add(it, SIGNAL);
      return it.change(ATTENTION, (old, r) -> 1).halt().build();
    }
    it.change(ATTENTION, (old, r) -> 1);
    add(it, SIGNAL);
    return it.halt().build();
  }

  // ---- out: the producer's lock and the wait for space

  /** {@code Endpoint._put}, from one of several threads; capacity in messages, 0: never full. */
  Program producer(int me, int messages, int capacity) {
    Program.Builder it = thread("producer " + me);
    it.label("next").jumpIf(r -> r[DONE] == messages ? 1 : 0, "end");
    boolean locks = !has(PureMutant.NO_PRODUCER_LOCK);
    if (locks) {
      lock(it, LOCK);
    }
    it.load(MINE, TAIL);
    if (capacity != 0) {
      it.load(OTHER, HEAD).jumpIf(r -> r[MINE] - r[OTHER] < capacity ? 0 : 1, "full");
      it.set(OTHER, r -> 0);
    }
    boolean early = has(PureMutant.RAISE_BEFORE_TAIL);
    if (early) {
      add(it, SIGNAL);
    }
    it.store(TAIL, r -> r[MINE] + 1).set(MINE, r -> 0).set(DONE, r -> r[DONE] + 1);
    if (locks) {
      unlock(it, LOCK);
    }
    if (!early) {
      add(it, SIGNAL);
    }
    it.jump("next");
    if (capacity != 0) {
      it.label("full").set(MINE, r -> 0).set(OTHER, r -> 0);
      unlock(it, LOCK);
      awaitSpace(it, capacity);
    }
    return it.label("end").set(DONE, r -> 0).halt().build();
  }

  /**
   * {@code Endpoint._await_space}, with nothing to drain: one thread sleeps, the others in line.
   */
  private void awaitSpace(Program.Builder it, int capacity) {
    lock(it, SPACE_LOCK);
    it.change(SPACE, (old, r) -> old | PARKED).load(WORD, SPACE);
    if (!has(PureMutant.SPACE_SLEEP_WITHOUT_LOOK)) {
      lock(it, LOCK);
      it.load(MINE, TAIL).load(OTHER, HEAD);
      it.set(SCRATCH, r -> r[MINE] - r[OTHER] < capacity ? 1 : 0);
      it.set(MINE, r -> 0).set(OTHER, r -> 0);
      unlock(it, LOCK);
      it.jumpIf(r -> r[SCRATCH] != 0 || (r[WORD] & PARKED) == 0 ? 1 : 0, "again");
    }
    it.futexWait(SPACE, r -> r[WORD]).label("again").set(WORD, r -> 0).set(SCRATCH, r -> 0);
    unlock(it, SPACE_LOCK);
    it.jump("next");
  }

  /** One thread that reads alone and makes space by ADD 2. */
  Program consumer() {
    Program.Builder it = thread("consumer");
    it.label("read").load(MINE, HEAD).load(OTHER, TAIL);
    it.jumpIf(r -> r[OTHER] == r[MINE] ? 1 : 0, "empty").set(OTHER, r -> 0);
    it.set(MINE, r -> r[MINE] + 1);
    if (has(PureMutant.SPACE_RAISE_BEFORE_HEAD)) {
      add(it, SPACE);
      it.store(HEAD, r -> r[MINE]);
    } else {
      it.store(HEAD, r -> r[MINE]);
      add(it, SPACE);
    }
    it.jump("read").label("empty");
    sleep(it, "", "read");
    return it.build();
  }

  /** {@code Signal.raise_}: adds and wakes in one call of the kernel. */
  private static void add(Program.Builder it, int word) {
    it.change(word, (old, r) -> old + INCREMENT).futexWake(word);
  }

  private static void lock(Program.Builder it, int word) {
    it.await(word, old -> old == 0 ? 1 : Program.NOT_NOW);
  }

  private static void unlock(Program.Builder it, int word) {
    it.change(word, (old, r) -> 0);
  }

  // ---- the line as a number

  private static int length(int line) {
    return line == 0 ? 0 : 1 + length(line >> 2);
  }

  private static int appended(int line, int thread) {
    return line | thread << (2 * length(line));
  }

  private static int without(int line, int thread) {
    int kept = 0;
    for (int left = line; left != 0; left >>= 2) {
      kept = (left & 3) == thread ? kept : appended(kept, left & 3);
    }
    return kept;
  }
}
