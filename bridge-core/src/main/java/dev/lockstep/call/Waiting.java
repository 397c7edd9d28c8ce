package dev.lockstep.call;

import org.jspecify.annotations.Nullable;

/** How a thread waits for its reply, and how it is woken. One of two, by the engine's mode. */
interface Waiting {
  /** How a wait ended. */
  enum End {
    SETTLED,
    TIMED_OUT,
    INTERRUPTED
  }

  /**
   * Before a call is made that is nested in nothing: lets others finish what would only be
   * disturbed. Returns soon, for any reason.
   */
  void standInLine(PendingCall own, ThreadState state);

  /**
   * Right before a call is sent: takes the reader's role for it if that is free ({@link
   * PendingCall#holdsRole}), so that the peer never finds a sleeper to wake for the answer.
   */
  void aboutToSend(PendingCall own, ThreadState state);

  /** The call was not sent after all, or must wait for room: gives such a role back. */
  void sentNothing(PendingCall own);

  /**
   * Waits on this thread until the call is settled, its deadline passes or the thread is
   * interrupted, and serves meanwhile what is nested in the call.
   */
  End await(PendingCall own, ThreadState state);

  /** Makes a waiting thread look again. */
  void wake(Thread waiter);

  /** Makes whoever runs what is queued look again. */
  void wakePump();

  /** A call was made for which no caller reads. */
  void readOnDemand();

  /** A thread that serves calls, {@code pump} or null, is about to wait for a future of ours. */
  void aboutToWaitFor(@Nullable Pump pump);

  /** Starts what reads when no caller does. */
  void start();

  /** Ends it: every waiting thread looks again, every thread of the engine's own ends. */
  void stop();

  /** Whether a thread reads or sleeps on the lane. */
  boolean isReaderPresent();

  /** Times that a waiting thread took the place of a busy pump. */
  long handOvers();

  /** Who reads, for a person. */
  String describe();
}
