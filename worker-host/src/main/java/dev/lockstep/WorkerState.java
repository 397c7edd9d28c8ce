package dev.lockstep;

/** Where a worker is in its life; states follow each other in this order. */
public enum WorkerState {
  /** Its process starts, or its script runs towards its end. */
  STARTING,
  /** The script has run to its end; functions can be called. */
  READY,
  /** {@code close} lets calls in flight finish. */
  CLOSING,
  /** The process is gone, or never was. */
  ENDED
}
