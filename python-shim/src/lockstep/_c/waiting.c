/* Waiting with the GIL released: for data on the inbound lane, for space on the outbound one. */
#include "endpoint.h"

#include <errno.h>
#include <sched.h>

#define RAISE_IN_FLIGHT_NANOS 2000000
#define LINE_LOOK_NANOS 200000
#define LINE_LOOKS 32
#define LINE_LONGEST_TURN_NANOS 1500000
#define LINE_ROUND_NANOS 12000000
#define LINE_MOST_TURNS 3
#define PART_AFTER_MISSES 4
#define PART_AFTER_SLEEP_NANOS 500000
#define MOST_PART_PAUSE_NANOS UINT64_C(1000000000)

int ls_deadline_from(PyObject *seconds, uint64_t *nanos) {
  *nanos = LS_NO_DEADLINE;
  if (seconds == NULL || seconds == Py_None) {
    return 0;
  }
  double value = PyFloat_AsDouble(seconds);
  if (value == -1.0 && PyErr_Occurred()) {
    return -1;
  }
  if (value < 9e9) {
    *nanos = value > 0 ? (uint64_t)(value * 1e9) : 0;
  }
  return 0;
}

void ls_yield_gil(ls_endpoint *e) {
  (void)e;
  Py_BEGIN_ALLOW_THREADS
  Py_END_ALLOW_THREADS
}

/* A slice ran out and something is there: lost, or is the raise that belongs to it just under way? */
static bool is_late(ls_signal *signal, uint32_t slept_on) {
  uint64_t until = ls_now() + RAISE_IN_FLIGHT_NANOS;
  do {
    if (atomic_load_explicit(signal, memory_order_acquire) != slept_on) { /* PAIRS: Signal.raise, ls_raise */
      return false;
    }
    sched_yield();
  } while (ls_now() < until);
  return true;
}

static void count_late(ls_endpoint *e) {
  e->late_wakeups++;
  int offset = e->side == LS_WORKER ? LS_WORKER_LATE_WAKEUPS_OFFSET : LS_HOST_LATE_WAKEUPS_OFFSET;
  /* A counter for diagnosis: nothing is published by it. */
  atomic_store_explicit((_Atomic(uint64_t) *)(void *)(e->base + offset), e->late_wakeups, memory_order_relaxed);
}

/* Python's handlers, in a thread that holds the role: 0, or -1 with an exception. A handler may fork, and in the child
 * nothing of the segment is touched. */
static int run_handlers(ls_endpoint *e) { return PyErr_CheckSignals() < 0 || ls_usable(e) < 0 ? -1 : 0; }

static bool take_attention(ls_endpoint *e) {
  return atomic_load_explicit(&e->attention, memory_order_relaxed) && atomic_exchange(&e->attention, false);
}

static int64_t shorter(int64_t slice, uint64_t deadline, uint64_t now) {
  return deadline != LS_NO_DEADLINE && deadline - now < (uint64_t)slice ? (int64_t)(deadline - now) : slice;
}

/* LS_WAIT_DATA stands for "nothing new": go on. */
static ls_wake look_at_state(ls_endpoint *e) {
  uint32_t state = ls_host_state(e);
  if (state == e->seen_state) {
    return LS_WAIT_DATA;
  }
  if (state > LS_HOST_CLOSED) {
    e->fault = (ls_fault){.word = "hostState", .value = state, .allowed = "0 to 3"};
    ls_raise_fault(e);
    return LS_WAIT_RAISED;
  }
  if (state == LS_HOST_CLOSED && e->side == LS_WORKER) {
    if (ls_has_data(&e->in)) {
      return LS_WAIT_DATA; /* published before it closed: that first */
    }
    PyErr_SetString(ls_errors.closed, "channel closed: main has closed this worker's segment");
    return LS_WAIT_RAISED;
  }
  e->seen_state = state;
  return LS_WAIT_STATE;
}

/* Two that wake each other in turn may meet on one processor and stay there while another one idles: a hypervisor's
 * halted processor counts as taken for the scheduler, and no look at the load ever finds both of them runnable. Neither
 * can then be answered while it spins, and a call costs two switches for ever. So a worker that was woken on the very
 * processor that the host told, after many waits for which spinning did not pay and a sleep so short that calls must be
 * coming one after the other, moves to any other that it may use. What its thread may use is the same afterwards. Where
 * that does not make spinning pay (the others are busy), it waits twice as long before it tries again. */
static void part(ls_endpoint *e, const ls_spin *spin, uint64_t slept_nanos) {
  uint32_t told = atomic_load_explicit(word32(e, LS_HOST_PROCESSOR_OFFSET), memory_order_relaxed);
  int here = sched_getcpu();
  uint64_t now = ls_now();
  cpu_set_t allowed, others;
  if (e->side != LS_WORKER || spin->misses_in_a_row < PART_AFTER_MISSES || slept_nanos > PART_AFTER_SLEEP_NANOS ||
      here < 0 || told != (uint32_t)here + 1 || now - e->parted_at < e->part_pause_nanos ||
      sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
    return;
  }
  others = allowed;
  CPU_CLR(here, &others);
  e->parted_at = now;
  if (sched_setaffinity(0, sizeof others, &others) == 0) {
    sched_setaffinity(0, sizeof allowed, &allowed);
    e->part_pause_nanos = e->part_pause_nanos < MOST_PART_PAUSE_NANOS ? e->part_pause_nanos * 2 : e->part_pause_nanos;
  }
}

static void raise_place(ls_place *place) {
  atomic_fetch_add(&place->word, 2);
  ls_futex_wake(&place->word, 1);
}

static void leave_line(ls_endpoint *e, const ls_place *mine) {
  ls_place **at = &e->line;
  bool was_first = *at == mine;
  while (*at != mine) {
    at = &(*at)->next;
  }
  *at = mine->next;
  if (was_first) {
    atomic_store(&e->asked, false);
    if (e->line != NULL) {
      atomic_store(&e->line->first_at, ls_now());
    }
  }
}

/* Whether nobody calls for longer than the pause between two calls. */
static bool stays_free(ls_endpoint *e) {
  for (int i = 0; i < LINE_LOOKS; i++) {
    if (atomic_load_explicit(&e->role, memory_order_relaxed)) {
      return false;
    }
    ls_pause();
  }
  return true;
}

/* Waits on the own word, without the GIL, which the one that calls may keep for milliseconds: until somebody raises it
 * or a signal comes, and as the first in line until nobody calls or this has taken too long. */
static void stand(ls_endpoint *e, ls_place *mine, uint32_t seen, uint64_t turn_nanos) {
  int error;
  uint64_t first_at = atomic_load(&mine->first_at);
  do {
    error = ls_futex_wait(&mine->word, seen, first_at != 0 ? LINE_LOOK_NANOS : (int64_t)turn_nanos);
    first_at = atomic_load(&mine->first_at);
    if (first_at != 0 && ls_now() - first_at >= turn_nanos) {
      atomic_store(&e->asked, true);
    }
  } while (error == ETIMEDOUT &&
           (first_at == 0 || (!stays_free(e) && ls_now() - first_at < turn_nanos * LINE_MOST_TURNS)));
}

/* Whether this thread goes now. */
static bool is_to_go(const ls_endpoint *e, const ls_place *mine, uint64_t turn_nanos) {
  if (e->role && e->asleep) {
    return true;
  }
  return e->line == mine && (!e->role || ls_now() - mine->first_at >= turn_nanos * LINE_MOST_TURNS);
}

/* A thread that sends while another one spins makes that one read its answer and wake it, and each takes the GIL from
 * the other in the midst of a call: several times what a short call costs. So it lets the other one call on. The first
 * in line asks after a turn, and whoever comes to call next lets it go and stands in line itself. Nobody stands while
 * the role's holder sleeps, and nobody is the first for more than a few turns; with many the turns are shorter. */
int ls_stand_in_line(ls_endpoint *e) {
  ls_place mine = {.next = NULL};
  ls_place **end = &e->line;
  uint64_t standing = 1;
  if (e->role && (e->asleep || e->role_thread == PyThread_get_thread_ident())) {
    return 0;
  }
  for (; *end != NULL; end = &(*end)->next) {
    standing++;
  }
  *end = &mine;
  if (e->line == &mine) {
    atomic_store(&mine.first_at, ls_now());
  } else if (!e->role) {
    raise_place(e->line);
  }
  uint64_t turn_nanos = LINE_ROUND_NANOS / standing;
  turn_nanos = turn_nanos > LINE_LONGEST_TURN_NANOS ? LINE_LONGEST_TURN_NANOS : turn_nanos;
  int failed;
  do {
    uint32_t seen = atomic_load(&mine.word);
    Py_BEGIN_ALLOW_THREADS
    stand(e, &mine, seen, turn_nanos);
    Py_END_ALLOW_THREADS
    failed = PyErr_CheckSignals();
  } while (failed == 0 && !is_to_go(e, &mine, turn_nanos));
  leave_line(e, &mine);
  return failed;
}

static void fall_asleep(ls_endpoint *e) {
  e->asleep = true;
  for (ls_place *place = e->line; place != NULL; place = place->next) {
    raise_place(place);
  }
}

ls_wake ls_wait(ls_endpoint *e, ls_spin *spin, int64_t slice_nanos, uint64_t deadline) {
  ls_signal *signal = ls_data_signal(e->in.lane);
  bool found = false, slept = false;
  int error = 0;
  uint32_t seen = 0;
  ls_wake news = look_at_state(e);
  if (news != LS_WAIT_DATA) {
    return news;
  }
  /* The answer of an awake peer is there before the GIL would have changed hands, which costs both of them more. */
  if (ls_spin_at_once(spin, &e->in)) {
    return LS_WAIT_DATA;
  }
  Py_BEGIN_ALLOW_THREADS
  found = ls_spin_for_data(spin, &e->in);
  Py_END_ALLOW_THREADS
  if (found) {
    e->part_pause_nanos = LS_LEAST_PART_PAUSE_NANOS;
    return LS_WAIT_DATA;
  }
  if (run_handlers(e) < 0) {
    return LS_WAIT_RAISED;
  }
  if (e->inbox_count > 0) { /* a handler sent something, and made room by reading */
    return LS_WAIT_DATA;
  }
  uint64_t now = deadline == LS_NO_DEADLINE ? 0 : ls_now();
  uint32_t state = e->seen_state;
  if (now >= deadline) {
    return ls_has_data(&e->in) ? LS_WAIT_DATA : LS_WAIT_DEADLINE;
  }
  fall_asleep(e);
  Py_BEGIN_ALLOW_THREADS
  seen = ls_prepare(signal);
  found = ls_has_data(&e->in);
  if (!found && !atomic_load(&e->attention) && ls_host_state(e) == state) {
    int64_t nanos = shorter(slice_nanos, deadline, now);
    slept = true;
    uint64_t slept_at = ls_now();
    error = ls_futex_wait(signal, seen, nanos);
    found = ls_has_data(&e->in);
    if (found && error == 0) {
      part(e, spin, ls_now() - slept_at);
    }
    if (error == ETIMEDOUT && nanos == slice_nanos && found && is_late(signal, seen)) {
      count_late(e);
    }
  } else {
    ls_unpark(signal);
  }
  Py_END_ALLOW_THREADS
  e->asleep = false;
  e->parks += slept;
  if (error == EINTR && run_handlers(e) < 0) {
    return LS_WAIT_RAISED;
  }
  if (found) {
    return LS_WAIT_DATA;
  }
  if (take_attention(e)) {
    return LS_WAIT_ATTENTION;
  }
  news = look_at_state(e);
  if (news != LS_WAIT_DATA) {
    return news;
  }
  if (error == EINTR) {
    return LS_WAIT_SIGNAL;
  }
  if (error == ETIMEDOUT) {
    return deadline != LS_NO_DEADLINE && ls_now() >= deadline ? LS_WAIT_DEADLINE : LS_WAIT_SLICE;
  }
  if (error != 0) { /* the word is not there any more, or the kernel has no futex: nothing can be waited for */
    errno = error;
    PyErr_SetFromErrno(PyExc_OSError);
    return LS_WAIT_RAISED;
  }
  return slept ? LS_WAIT_WOKEN : LS_WAIT_SLICE;
}

static void sleep_for_space(ls_endpoint *e, uint32_t length, int64_t nanos) {
  ls_signal *signal = ls_space_signal(e->out.lane);
  uint32_t state = ls_host_state(e);
  ls_writer as_seen = e->out; /* other threads of this process may write meanwhile */
  e->space_sleeper = true;
  Py_BEGIN_ALLOW_THREADS
  uint32_t seen = ls_prepare(signal);
  if (!ls_has_space(&as_seen, length) && ls_host_state(e) == state) {
    int error = ls_futex_wait(signal, seen, nanos);
    if (error == ETIMEDOUT && nanos == LS_SLICE_IN_FLIGHT_NANOS && ls_has_space(&as_seen, length) &&
        is_late(signal, seen)) {
      count_late(e);
    }
  }
  Py_END_ALLOW_THREADS
  e->space_sleeper = false;
  /* Those who wait for their turn look again: one of them sleeps next. */
  atomic_fetch_add(&e->space_gate, 2);
  ls_futex_wake(&e->space_gate, INT32_MAX);
}

static void wait_at_gate(ls_endpoint *e, int64_t nanos) {
  uint32_t seen = atomic_load(&e->space_gate);
  Py_BEGIN_ALLOW_THREADS
  ls_futex_wait(&e->space_gate, seen, nanos);
  Py_END_ALLOW_THREADS
}

int ls_wait_for_space(ls_endpoint *e, uint32_t length, uint64_t deadline, bool patient) {
  uint64_t now = ls_now();
  if (now >= deadline) {
    PyErr_SetString(ls_errors.timeout, "call timed out: main did not take the message off the lane");
    return -1;
  }
  int64_t nanos = shorter(LS_SLICE_IN_FLIGHT_NANOS, deadline, now);
  if (e->space_sleeper) {
    wait_at_gate(e, nanos);
  } else {
    sleep_for_space(e, length, nanos);
  }
  /* However the wait ended: a signal that came before it did not interrupt it. */
  return patient ? 0 : PyErr_CheckSignals();
}
