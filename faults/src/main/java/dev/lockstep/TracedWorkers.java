package dev.lockstep;

import dev.lockstep.memory.StepHook;
import dev.lockstep.memory.TracedSegment;

/** Workers whose host tells a hook before each of its stores into a segment. */
public final class TracedWorkers {
  private TracedWorkers() {}

  /** As {@link Workers#open}, traced. */
  public static Workers open(StepHook hook) {
    return new LocalWorkers(false, new Services(made -> new TracedSegment(made, hook)));
  }
}
