package dev.lockstep.os;

/** Where threads run. */
public final class Processors {
  private Processors() {}

  /** The processor that this thread runs on now, from 0; negative where the system does not say. */
  public static int current() {
    return Libc.sched_getcpu();
  }
}
