package dev.lockstep.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.lockstep.park.Signal;
import dev.lockstep.wire.LaneLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The signal word under real races. A sleep is a comparison of the word, as the kernel's is. */
public final class SignalStress {
  private SignalStress() {}

  private static final class Word {
    final Slots.Words words = Slots.words();
    final Signal signal = new Signal(words.segment(), words.index());

    void publishAndRaise() {
      words.segment().putIntVolatile(words.index() + 4, 1);
      signal.raise();
    }

    int look() {
      return words.segment().getIntVolatile(words.index() + 4);
    }

    int parked() {
      return signal.read() & LaneLayout.SIGNAL_PARKED;
    }
  }

  /** The consumer marks and looks; the producer publishes and raises. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "looked too early: the raise came after and woke")
  @Outcome(id = "1, .*", expect = ACCEPTABLE, desc = "saw the data")
  @Outcome(id = "0, 1", expect = FORBIDDEN, desc = "saw nothing and nobody wakes it: lost")
  @State
  public static class PrepareAndLook {
    private final Word word = new Word();

    @Actor
    public void consumer(II_Result r) {
      word.signal.prepare();
      r.r1 = word.look();
    }

    @Actor
    public void producer() {
      word.publishAndRaise();
    }

    @Arbiter
    public void end(II_Result r) {
      r.r2 = word.parked();
    }
  }

  /** Raises by two threads: none is lost. */
  @JCStressTest
  @Outcome(id = "2", expect = ACCEPTABLE, desc = "both counted")
  @Outcome(expect = FORBIDDEN, desc = "a raise was lost")
  @State
  public static class TwoRaises {
    private final Word word = new Word();

    @Actor
    public void one() {
      word.signal.raise();
    }

    @Actor
    public void two() {
      word.signal.raise();
    }

    @Arbiter
    public void end(I_Result r) {
      r.r1 = word.signal.read() / LaneLayout.SIGNAL_INCREMENT;
    }
  }

  /** Marks and unmarks do not lose a raise, and a sleep that began is not slept through. */
  @JCStressTest
  @Outcome(id = "0, 1, 0", expect = ACCEPTABLE, desc = "asleep, and woken")
  @Outcome(id = "[01], 0, [01]", expect = ACCEPTABLE, desc = "the word had changed: no sleep")
  @Outcome(id = "1, 1, [01]", expect = ACCEPTABLE, desc = "saw the data, need not sleep")
  @Outcome(expect = FORBIDDEN, desc = "asleep, saw nothing, and nobody wakes it: lost")
  @State
  public static class SleepAfterUnmark {
    private final Word word = new Word();

    @Actor
    public void consumer(III_Result r) {
      word.signal.prepare();
      word.signal.clearParked();
      int value = word.signal.prepare();
      r.r1 = word.look();
      r.r2 = word.signal.read() == value ? 1 : 0;
    }

    @Actor
    public void producer() {
      word.publishAndRaise();
    }

    @Arbiter
    public void end(III_Result r) {
      r.r3 = word.parked();
    }
  }

  /**
   * A thread gives the reader's role up while the pump is about to sleep without it, and a message
   * comes. r1: the leaving thread saw it. r2: the pump slept. r3: PARKED at the end, so no raise
   * came after the mark. Three actors: run where there are three processors or more.
   */
  @JCStressTest
  @Outcome(id = "0, 1, 1", expect = FORBIDDEN, desc = "the pump sleeps, nobody saw the message: lost")
  @Outcome(expect = ACCEPTABLE, desc = "seen, woken, or not asleep")
  @State
  public static class LeaveTheRole {
    private final Word word = new Word();
    private final AtomicBoolean role = new AtomicBoolean(true);

    @Actor
    public void leaving(III_Result r) {
      role.set(false);
      word.signal.prepare();
      r.r1 = word.look();
    }

    @Actor
    public void pump(III_Result r) {
      int value = word.signal.read();
      boolean sleeps = role.get() && word.signal.read() == value;
      r.r2 = sleeps ? 1 : 0;
    }

    @Actor
    public void producer() {
      word.publishAndRaise();
    }

    @Arbiter
    public void end(III_Result r) {
      r.r3 = word.parked();
    }
  }
}
