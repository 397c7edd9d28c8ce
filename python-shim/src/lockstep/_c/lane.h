/* One lane: words, ring and frames in shared memory. Nothing in here knows Python, and nothing needs the GIL.
 *
 * Who writes what: `head` the consumer, `tail` the producer, each with a release store after the bytes that it stands
 * for; both signal words both sides, by read-modify-write only. The own words live in private fields; a word of the
 * peer is read once into a local, checked, and only the local is used.
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "layout.h"

/* What the peer did wrong: a violation is final. */
typedef struct {
  const char *word;
  uint64_t value;
  char allowed[112];
} ls_fault;

typedef struct {
  uint32_t length; /* header and payload */
  uint8_t kind;
  uint8_t flags;
  uint16_t depth;
  uint64_t call_id;
  uint64_t parent_id;
} ls_header;

typedef _Atomic(uint32_t) ls_signal;

typedef struct {
  uint8_t *lane;
  uint8_t *ring;
  uint64_t capacity;
  uint64_t max_frame;
  uint64_t tail;      /* published so far: what the shared word says, unless somebody else wrote it */
  uint64_t head_seen; /* the last valid head of the peer */
} ls_writer;

typedef struct {
  uint8_t *lane;
  uint8_t *ring;
  uint64_t capacity;
  uint64_t max_frame;
  uint64_t head;      /* consumed so far */
  uint64_t tail_seen; /* the last valid tail of the peer */
} ls_reader;

typedef enum { LS_NOTHING = 0, LS_GOT = 1, LS_FAULT = -1 } ls_outcome;

void ls_writer_open(ls_writer *w, uint8_t *lane, uint8_t *ring, uint64_t capacity);
void ls_reader_open(ls_reader *r, uint8_t *lane, uint8_t *ring, uint64_t capacity);

/* Room for a frame of `length` bytes, header included and at most max_frame: where its header goes. *pad is what a
 * PAD before it takes. LS_NOTHING: the ring is too full just now. Nothing is published before ls_commit. */
ls_outcome ls_claim(ls_writer *w, uint32_t length, uint8_t **frame, uint32_t *pad, ls_fault *fault);

/* The contiguous room at the tail, at most max_frame; 0 where it is less than `least`. For encoding in place. */
ls_outcome ls_claim_open(ls_writer *w, uint32_t least, uint8_t **frame, uint32_t *room, ls_fault *fault);

/* Writes header (and PAD) and publishes both by one move of the tail; then raises the data signal. */
void ls_commit(ls_writer *w, uint8_t *frame, uint32_t pad, const ls_header *header);

/* The next frame that is no PAD: header into *header and *payload to its bytes, still in shared memory: copy them,
 * then ls_release. `allowed_kinds` is a set of bits. */
ls_outcome ls_peek(ls_reader *r, uint32_t allowed_kinds, ls_header *header, const uint8_t **payload, ls_fault *fault);

/* Gives the frame's bytes back to the producer and raises the space signal. */
void ls_release(ls_reader *r, uint32_t length);

/* Whether the peer's word moved since it was last read. A nonsense value counts as moved: ls_peek will name it. */
bool ls_has_data(const ls_reader *r);
bool ls_has_space(const ls_writer *w, uint32_t length);

/* Adds 2, clears PARKED, wakes if it was set. */
void ls_raise(ls_signal *signal);
/* Likewise, and wakes in any case: for whoever ends or interrupts a wait. */
void ls_raise_and_wake(ls_signal *signal);
/* Sets PARKED; returns the value to wait with. Look at the tail (or head) after it and before the wait. */
uint32_t ls_prepare(ls_signal *signal);
/* Clears PARKED: the producer then wakes nobody. */
void ls_unpark(ls_signal *signal);

ls_signal *ls_data_signal(uint8_t *lane);
ls_signal *ls_space_signal(uint8_t *lane);

/* Tells the processor that this thread spins. */
static inline void ls_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/* Waits while *word == expected, at most `nanos`. 0 woken or the value differs, else an errno: ETIMEDOUT, EINTR. */
int ls_futex_wait(ls_signal *word, uint32_t expected, int64_t nanos);
void ls_futex_wake(ls_signal *word, int count);
/* 0, or the errno of a kernel, or a filter, that has no such call. */
int ls_futex_refused(ls_signal *word);

uint64_t ls_now(void);

/* Between any two stores of the protocol a test build (-DLS_STEPS) can stop the process or delay it, see steps.c.
 * Nothing of this is in any other build. */
#ifdef LS_STEPS
void ls_step(const char *next);
#define LS_STEP(next) ls_step(next)
#else
#define LS_STEP(next) ((void)0)
#endif

/* An adaptive spin. It pays only where the answer usually comes within the budget and a core is free for the other
 * side, so the budget follows what happened: it grows with each hit and is halved by each miss. */
typedef struct {
  uint64_t budget_nanos;
  uint64_t hits;
  uint64_t misses;
  uint32_t misses_in_a_row;
  bool one_cpu;
} ls_spin;

void ls_spin_open(ls_spin *spin);
/* The first microsecond of it, only where the last spin paid: short enough to keep a lock meanwhile. */
bool ls_spin_at_once(ls_spin *spin, const ls_reader *r);
bool ls_spin_for_data(ls_spin *spin, const ls_reader *r);
