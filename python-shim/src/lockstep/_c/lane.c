#include "lane.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_BUDGET_NANOS 100000
#define MIN_BUDGET_NANOS 500
#define WAITS_PER_PROBE 16
#define SPINS_PER_LOOK_AT_THE_CLOCK 16
#define DESCHEDULED_NANOS 200000
#define SPINS_AT_ONCE 64

typedef _Atomic(uint64_t) word64;

static inline word64 *word_at(uint8_t *lane, int offset) { return (word64 *)(void *)(lane + offset); }

ls_signal *ls_data_signal(uint8_t *lane) { return (ls_signal *)(void *)(lane + LS_DATA_SIGNAL_OFFSET); }

ls_signal *ls_space_signal(uint8_t *lane) { return (ls_signal *)(void *)(lane + LS_SPACE_SIGNAL_OFFSET); }

static inline uint32_t aligned(uint32_t length) {
  return (length + LS_FRAME_ALIGNMENT - 1) & ~(uint32_t)(LS_FRAME_ALIGNMENT - 1);
}

__attribute__((format(printf, 4, 5))) static ls_outcome refuse(ls_fault *fault, const char *word, uint64_t value,
                                                               const char *format, ...) {
  va_list arguments;
  fault->word = word;
  fault->value = value;
  va_start(arguments, format);
  vsnprintf(fault->allowed, sizeof fault->allowed, format, arguments);
  va_end(arguments);
  return LS_FAULT;
}

/* ---- writing ---- */

void ls_writer_open(ls_writer *w, uint8_t *lane, uint8_t *ring, uint64_t capacity) {
  w->lane = lane;
  w->ring = ring;
  w->capacity = capacity;
  w->max_frame = capacity / LS_MAX_FRAME_DIVISOR;
  /* Our own word: nobody else writes it. */
  w->tail = atomic_load_explicit(word_at(lane, LS_TAIL_OFFSET), memory_order_relaxed);
  /* The ring counts as full until the first look: no head is further behind. */
  w->head_seen = w->tail > capacity ? w->tail - capacity : 0;
}

/* Free bytes, after a look at the peer's head where the last known one does not leave `needed`. */
static ls_outcome free_bytes(ls_writer *w, uint64_t needed, uint64_t *free, ls_fault *fault) {
  *free = w->capacity - (w->tail - w->head_seen);
  if (*free >= needed) {
    return LS_GOT;
  }
  /* PAIRS: RingReader.release, ls_release */
  uint64_t head = atomic_load_explicit(word_at(w->lane, LS_HEAD_OFFSET), memory_order_acquire);
  if (head % LS_FRAME_ALIGNMENT != 0 || head < w->head_seen || head > w->tail) {
    return refuse(fault, "head", head, "%llu to %llu, a multiple of 8", (unsigned long long)w->head_seen,
                  (unsigned long long)w->tail);
  }
  w->head_seen = head;
  *free = w->capacity - (w->tail - head);
  return *free >= needed ? LS_GOT : LS_NOTHING;
}

ls_outcome ls_claim(ls_writer *w, uint32_t length, uint8_t **frame, uint32_t *pad, ls_fault *fault) {
  uint64_t at = w->tail & (w->capacity - 1);
  uint64_t to_end = w->capacity - at;
  uint64_t size = aligned(length), free;
  *pad = size > to_end ? (uint32_t)to_end : 0;
  ls_outcome outcome = free_bytes(w, size + *pad, &free, fault);
  *frame = *pad ? w->ring : w->ring + at;
  LS_STEP("payload");
  return outcome;
}

ls_outcome ls_claim_open(ls_writer *w, uint32_t least, uint8_t **frame, uint32_t *room, ls_fault *fault) {
  uint64_t at = w->tail & (w->capacity - 1);
  uint64_t to_end = w->capacity - at, free;
  *room = 0;
  if (to_end < least) {
    return LS_NOTHING;
  }
  ls_outcome outcome = free_bytes(w, least, &free, fault);
  if (outcome == LS_GOT) {
    uint64_t most = free < to_end ? free : to_end;
    *room = (uint32_t)(most < w->max_frame ? most : w->max_frame);
    *frame = w->ring + at;
    LS_STEP("payload");
  }
  return outcome;
}

static void write_header(uint8_t *at, const ls_header *header) {
  LS_STEP("length");
  memcpy(at + LS_LENGTH_OFFSET, &header->length, 4);
  LS_STEP("kind");
  at[LS_KIND_OFFSET] = header->kind;
  LS_STEP("flags");
  at[LS_FLAGS_BYTE_OFFSET] = header->flags;
  LS_STEP("depth");
  memcpy(at + LS_DEPTH_OFFSET, &header->depth, 2);
  LS_STEP("call id");
  memcpy(at + LS_CALL_ID_OFFSET, &header->call_id, 8);
  LS_STEP("parent id");
  memcpy(at + LS_PARENT_CALL_ID_OFFSET, &header->parent_id, 8);
}

void ls_commit(ls_writer *w, uint8_t *frame, uint32_t pad, const ls_header *header) {
  if (pad) {
    uint8_t padding[LS_FRAME_HEADER_BYTES] = {0};
    memcpy(padding + LS_LENGTH_OFFSET, &pad, 4);
    LS_STEP("pad");
    memcpy(w->ring + (w->tail & (w->capacity - 1)), padding, pad < sizeof padding ? pad : sizeof padding);
  }
  write_header(frame, header);
  LS_STEP("tail");
  w->tail += pad + aligned(header->length);
  /* PAIRS: RingReader.poll, ls_peek, ls_has_data */
  atomic_store_explicit(word_at(w->lane, LS_TAIL_OFFSET), w->tail, memory_order_release);
  LS_STEP("raise data");
  ls_raise(ls_data_signal(w->lane));
}

bool ls_has_space(const ls_writer *w, uint32_t length) {
  uint64_t at = w->tail & (w->capacity - 1), size = aligned(length);
  uint64_t needed = size > w->capacity - at ? size + w->capacity - at : size;
  /* PAIRS: RingReader.release, ls_release */
  uint64_t head = atomic_load_explicit(word_at(w->lane, LS_HEAD_OFFSET), memory_order_acquire);
  return w->tail - head > w->capacity || w->capacity - (w->tail - head) >= needed;
}

/* ---- reading ---- */

void ls_reader_open(ls_reader *r, uint8_t *lane, uint8_t *ring, uint64_t capacity) {
  r->lane = lane;
  r->ring = ring;
  r->capacity = capacity;
  r->max_frame = capacity / LS_MAX_FRAME_DIVISOR;
  r->head = atomic_load_explicit(word_at(lane, LS_HEAD_OFFSET), memory_order_relaxed);
  r->tail_seen = r->head;
}

bool ls_has_data(const ls_reader *r) {
  /* PAIRS: RingWriter.commit, ls_commit */
  return atomic_load_explicit(word_at(r->lane, LS_TAIL_OFFSET), memory_order_acquire) != r->head;
}

static ls_outcome look_at_tail(ls_reader *r, ls_fault *fault) {
  /* PAIRS: RingWriter.commit, ls_commit */
  uint64_t tail = atomic_load_explicit(word_at(r->lane, LS_TAIL_OFFSET), memory_order_acquire);
  if (tail % LS_FRAME_ALIGNMENT != 0 || tail < r->tail_seen || tail - r->head > r->capacity) {
    return refuse(fault, "tail", tail, "%llu to %llu, a multiple of 8", (unsigned long long)r->tail_seen,
                  (unsigned long long)(r->head + r->capacity));
  }
  r->tail_seen = tail;
  return tail == r->head ? LS_NOTHING : LS_GOT;
}

static inline uint32_t read32(const uint8_t *at) {
  return atomic_load_explicit((const _Atomic(uint32_t) *)(const void *)at, memory_order_relaxed);
}

static inline uint64_t read64(const uint8_t *at) {
  return atomic_load_explicit((const _Atomic(uint64_t) *)(const void *)at, memory_order_relaxed);
}

/* Whether the fields of a PAD behind its length, as many as fit, are zero. */
static bool is_blank(const uint8_t *frame, uint64_t to_end) {
  return read32(frame + LS_KIND_OFFSET) == 0 && (to_end < LS_CALL_ID_OFFSET + 8 || read64(frame + LS_CALL_ID_OFFSET) == 0) &&
         (to_end < LS_PARENT_CALL_ID_OFFSET + 8 || read64(frame + LS_PARENT_CALL_ID_OFFSET) == 0);
}

static ls_outcome check_flags(const ls_header *h, ls_fault *fault) {
  uint8_t allowed = h->kind == LS_CANCEL ? 0 : LS_MORE | LS_CONTINUATION;
  bool call = h->kind == LS_INVOKE || h->kind == LS_NOTIFY;
  if (call) {
    allowed |= LS_BUILTIN | LS_KEYWORDS;
  }
  if (h->flags & ~allowed) {
    return refuse(fault, "flags", h->flags, "bits 0x%x for kind %u", allowed, h->kind);
  }
  if (!call && h->depth != 0) {
    return refuse(fault, "depth", h->depth, "0 for kind %u", h->kind);
  }
  if (call ? h->parent_id > INT64_MAX : h->parent_id != 0) {
    return refuse(fault, "parentCallId", h->parent_id, call ? "below 2^63" : "0 for kind %u", h->kind);
  }
  return LS_GOT;
}

ls_outcome ls_peek(ls_reader *r, uint32_t allowed_kinds, ls_header *h, const uint8_t **payload, ls_fault *fault) {
  if (r->head == r->tail_seen) {
    ls_outcome outcome = look_at_tail(r, fault);
    if (outcome != LS_GOT) {
      return outcome;
    }
    LS_STEP("look");
  }
  for (bool after_pad = false;; after_pad = true) {
    uint64_t at = r->head & (r->capacity - 1);
    uint64_t to_end = r->capacity - at;
    uint64_t available = r->tail_seen - r->head;
    const uint8_t *frame = r->ring + at;
    uint32_t length = read32(frame);
    uint32_t kinds = read32(frame + LS_KIND_OFFSET);
    h->kind = (uint8_t)kinds;
    h->flags = (uint8_t)(kinds >> 8);
    h->depth = (uint16_t)(kinds >> 16);
    h->length = length;
    if (h->kind == LS_PAD) {
      if (after_pad) {
        return refuse(fault, "kind", LS_PAD, "one PAD at a time");
      }
      if (length != to_end || length >= r->max_frame || length >= available || !is_blank(frame, to_end)) {
        return refuse(fault, "PAD", length, "length %llu, less than %llu, all else zero, a frame behind it",
                      (unsigned long long)to_end, (unsigned long long)r->max_frame);
      }
      r->head += length; /* given back together with the frame behind it */
      continue;
    }
    if (h->kind > 31 || !(allowed_kinds >> h->kind & 1)) {
      return refuse(fault, "kind", h->kind, "the set of bits 0x%x", allowed_kinds);
    }
    uint64_t most = available < to_end ? available : to_end;
    most = most < r->max_frame ? most : r->max_frame;
    if (length < LS_FRAME_HEADER_BYTES || length > most) {
      return refuse(fault, "length", length, "%d to %llu", LS_FRAME_HEADER_BYTES, (unsigned long long)most);
    }
    h->call_id = read64(frame + LS_CALL_ID_OFFSET);
    h->parent_id = read64(frame + LS_PARENT_CALL_ID_OFFSET);
    *payload = frame + LS_FRAME_HEADER_BYTES;
    LS_STEP("take");
    return check_flags(h, fault);
  }
}

void ls_release(ls_reader *r, uint32_t length) {
  LS_STEP("head");
  r->head += aligned(length);
  /* PAIRS: RingWriter.claim, free_bytes, ls_has_space */
  atomic_store_explicit(word_at(r->lane, LS_HEAD_OFFSET), r->head, memory_order_release);
  LS_STEP("raise space");
  ls_raise(ls_space_signal(r->lane));
}

/* ---- signals ---- */

void ls_raise(ls_signal *signal) {
  uint32_t old = atomic_load_explicit(signal, memory_order_relaxed);
  /* PAIRS: Signal.prepare, ls_prepare */
  while (!atomic_compare_exchange_weak_explicit(signal, &old, (old + LS_SIGNAL_INCREMENT) & ~(uint32_t)LS_SIGNAL_PARKED,
                                                memory_order_acq_rel, memory_order_relaxed)) {
  }
  LS_STEP("raised");
  if (old & LS_SIGNAL_PARKED) {
    LS_STEP("wake");
    ls_futex_wake(signal, 1);
  }
}

void ls_raise_and_wake(ls_signal *signal) {
  ls_raise(signal);
  ls_futex_wake(signal, INT32_MAX);
}

uint32_t ls_prepare(ls_signal *signal) {
  LS_STEP("park");
  /* PAIRS: Signal.raise, ls_raise */
  return atomic_fetch_or_explicit(signal, LS_SIGNAL_PARKED, memory_order_acq_rel) | LS_SIGNAL_PARKED;
}

void ls_unpark(ls_signal *signal) {
  /* PAIRS: Signal.raise, ls_raise */
  atomic_fetch_and_explicit(signal, ~(uint32_t)LS_SIGNAL_PARKED, memory_order_acq_rel);
}

int ls_futex_wait(ls_signal *word, uint32_t expected, int64_t nanos) {
  LS_STEP("sleep");
  struct timespec limit = {.tv_sec = nanos / 1000000000, .tv_nsec = nanos % 1000000000};
  if (syscall(SYS_futex, word, FUTEX_WAIT, expected, &limit, NULL, 0) == 0 || errno == EAGAIN) {
    return 0;
  }
  return errno;
}

void ls_futex_wake(ls_signal *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0); }

int ls_futex_refused(ls_signal *word) {
  return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) < 0 ? errno : 0;
}

uint64_t ls_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- spinning ---- */

void ls_spin_open(ls_spin *spin) {
  cpu_set_t set;
  *spin = (ls_spin){.budget_nanos = MAX_BUDGET_NANOS};
  spin->one_cpu = sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) < 2;
}

bool ls_spin_at_once(ls_spin *spin, const ls_reader *r) {
  if (spin->one_cpu || spin->misses_in_a_row != 0) {
    return false;
  }
  for (int i = 0; i < SPINS_AT_ONCE; i++) {
    if (ls_has_data(r)) {
      spin->hits++;
      return true;
    }
    ls_pause();
  }
  return false;
}

/* The same policy as SpinBudget in Java: the budget doubles with each success and halves with each failure, falls at
 * once when this thread was taken off its core, and one wait in so many tries the whole of it, or else two sides that
 * both sleep would never find out that both could spin. */
bool ls_spin_for_data(ls_spin *spin, const ls_reader *r) {
  if (ls_has_data(r)) {
    return true;
  }
  if (spin->one_cpu) {
    return false;
  }
  bool probe = spin->misses_in_a_row % WAITS_PER_PROBE == WAITS_PER_PROBE - 1;
  uint64_t budget = probe ? MAX_BUDGET_NANOS : spin->budget_nanos;
  uint64_t start = ls_now(), last = start;
  for (;;) {
    for (int i = 0; i < SPINS_PER_LOOK_AT_THE_CLOCK; i++) {
      if (ls_has_data(r)) {
        spin->hits++;
        spin->misses_in_a_row = 0;
        spin->budget_nanos = budget * 2 < MAX_BUDGET_NANOS ? budget * 2 : MAX_BUDGET_NANOS;
        return true;
      }
      ls_pause();
    }
    uint64_t now = ls_now();
    bool descheduled = now - last > DESCHEDULED_NANOS; /* somebody else wants this core: perhaps the one who answers */
    if (descheduled || now - start > budget) {
      uint64_t less = descheduled ? 0 : spin->budget_nanos / 2;
      spin->misses++;
      spin->misses_in_a_row++;
      spin->budget_nanos = less > MIN_BUDGET_NANOS ? less : MIN_BUDGET_NANOS;
      return false;
    }
    last = now;
  }
}
