package dev.lockstep.model;

/**
 * A way to get the pure-Python twin's waiting wrong. The search must find what each of them loses.
 */
enum PureMutant {
  /** The consumer sets PARKED by a load and a store, as if a ctypes word could do it. */
  PLAIN_PREPARE,

  /** The producer changes the signal before it publishes the tail. */
  RAISE_BEFORE_TAIL,

  /** The consumer sets PARKED and sleeps without a look at the tail. */
  SLEEP_WITHOUT_LOOK,

  /** The consumer looks at the tail, and sets PARKED after that. */
  LOOK_BEFORE_PARKED,

  /** The consumer sets PARKED, looks at the tail, and reads the word that it waits with last. */
  WORD_READ_AFTER_LOOK,

  /** Futex calls with the private flag: they never reach the other process. */
  PRIVATE_FLAG,

  /** The role is looked at, and taken in a second step. */
  ROLE_TAKEN_IN_TWO_STEPS,

  /** Who gives the role up calls nobody from the line. */
  RELEASE_WITHOUT_HAND_OVER,

  /** Who gives the role up looks whether somebody waits in line before it does so. */
  LOOK_AT_LINE_BEFORE_RELEASE,

  /** Who has read another's answer lets go of the role before it hands the answer out. */
  ROLE_RELEASED_BEFORE_ROUTE,

  /** Who has joined the line sleeps without having tried to take the role once more. */
  LINE_WITHOUT_SECOND_TRY,

  /** Who was called from the line and finds its answer goes its way; the turn ends with it. */
  TURN_NOT_PASSED_ON,

  /** Who calls the next of the line says so to it after letting go of the line's lock. */
  CALLED_OUTSIDE_LOCK,

  /** The sleeper looks at {@code attention} before it sets PARKED. */
  ATTENTION_BEFORE_PARKED,

  /** Who wants the sleeper to come out raises the signal, and sets {@code attention} after that. */
  ATTENTION_AFTER_RAISE,

  /** Two threads publish without the producer's lock. */
  NO_PRODUCER_LOCK,

  /** The producer that waits for space marks, and sleeps without a look at the head. */
  SPACE_SLEEP_WITHOUT_LOOK,

  /** The consumer raises the space signal before it moves the head. */
  SPACE_RAISE_BEFORE_HEAD
}
