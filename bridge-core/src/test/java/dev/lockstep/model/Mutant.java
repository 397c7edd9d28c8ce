package dev.lockstep.model;

/** A way to get the wait protocol wrong. The search must find what each of them loses. */
enum Mutant {
  /** The producer changes the signal by a load and a store. */
  PLAIN_RAISE,

  /** The consumer sets PARKED by a load and a store. */
  PLAIN_PREPARE,

  /** Both of the above. */
  PLAIN_SIGNAL,

  /** The producer raises the signal before it publishes the tail. */
  RAISE_BEFORE_TAIL,

  /** A thread that has taken the role over sleeps on the word too; a wake wakes one. */
  TWO_SLEEPERS,

  /** A thread that leaves the role sets PARKED and looks at the tail before it releases. */
  RELEASE_AFTER_LOOK,

  /** A thread that leaves the role releases it and looks, but does not set PARKED. */
  LEAVE_WITHOUT_PARKED,

  /** A thread that leaves the role sets PARKED, but does not look at the tail. */
  LEAVE_WITHOUT_LOOK,

  /** The pump reads the word and sleeps without a second look at the role. */
  NO_SECOND_LOOK_AT_ROLE,

  /** The pump looks at the role first, and reads the word that it waits with after that. */
  WORD_AFTER_ROLE,

  /** The pump waits with a value read after it released the role, not the one it set. */
  WAIT_WITH_VALUE_READ_LATER,

  /** The pump sets PARKED and sleeps without a look at the tail. */
  SLEEP_WITHOUT_LOOK,

  /** Futex calls with the private flag: they never reach the other process. */
  PRIVATE_FLAG,

  /** The consumer raises the space signal before it moves the head. */
  SPACE_RAISE_BEFORE_HEAD,

  /** The consumer raises the space signal by a load and a store. */
  PLAIN_SPACE_RAISE,

  /** The producer that waits for space marks, and sleeps without a look at the head. */
  SPACE_SLEEP_WITHOUT_LOOK,

  /** Closing raises the signal before it sets the state. */
  CLOSE_RAISE_BEFORE_STATE,

  /** Closing raises the signal, and wakes only if PARKED is set: a thread may have cleared it. */
  CLOSE_WAKES_ONLY_PARKED,

  /** Who wakes the sleeper for something outside the lane looks whether it sleeps, then says so. */
  WAKER_LOOKS_FIRST,

  /** The sleeper looks whether it was woken, then announces that it sleeps. */
  SLEEPER_LOOKS_FIRST,

  /** Pure Python's consumer waits also with an even word. */
  PURE_WAITS_ON_EVEN,

  /** Pure Python's producer wakes, but does not change the word. */
  PURE_WAKES_WITHOUT_ADDING,

  /** Pure Python's producer writes zero first, as {@code struct.pack_into} does. */
  PURE_PACK_INTO
}
