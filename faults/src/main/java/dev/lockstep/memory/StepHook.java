package dev.lockstep.memory;

/** What is told before each store of this process into a segment; it may stop the process. */
@FunctionalInterface
public interface StepHook {
  /**
   * Called on the storing thread, before the store.
   *
   * @param index where in the segment
   */
  void before(int index);
}
