package dev.lockstep;

/** Where the memory that a worker shares with this process comes from. */
public enum SegmentKind {
  /** An anonymous sealed file in memory; reached through {@code /proc}. */
  MEMFD,
  /**
   * A file in a private folder on tmpfs, for where {@code /proc} cannot serve. It cannot be sealed:
   * a process of the same user that cuts the file by force can end the JVM, as it could by a
   * signal.
   */
  TMPFS
}
