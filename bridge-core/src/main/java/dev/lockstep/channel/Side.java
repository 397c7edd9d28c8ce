package dev.lockstep.channel;

/** Which end of a segment this process is. */
public enum Side {
  /** Made the segment; writes lane 0. */
  HOST,
  /** Attached to it; writes lane 1. */
  WORKER;

  /** The lowest bit of the ids of calls that this side makes. */
  public int originBit() {
    return this == HOST ? 0 : 1;
  }
}
