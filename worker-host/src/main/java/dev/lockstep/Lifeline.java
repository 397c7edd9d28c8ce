package dev.lockstep;

import dev.lockstep.stdio.ByteSink;

/**
 * The pipe that the worker holds open while it is the program that was started.
 *
 * @param attached is run when the worker has it
 * @param ended is run when nobody has it any more
 */
record Lifeline(Runnable attached, Runnable ended) implements ByteSink {
  @Override
  public void onBytes(byte[] buffer, int length) {
    attached.run();
  }

  @Override
  public void onEnd() {
    ended.run();
  }
}
