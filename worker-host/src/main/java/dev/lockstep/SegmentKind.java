package dev.lockstep;

/** Where the memory that a worker shares with this process comes from. */
public enum SegmentKind {
  /** An anonymous sealed file in memory; reached through {@code /proc}. */
  MEMFD,
  /**
   * A file in a private folder on tmpfs, for where {@code /proc} cannot serve. It cannot be sealed;
   * so it loses its name, and both processes close it, as soon as the worker has mapped it: nobody
   * can open it any more to cut it.
   */
  TMPFS
}
