/* The bridge to an event loop: a thread without the GIL that turns the data signal into an eventfd.
 *
 * While the loop waits in its selector it keeps the reader's role, so nobody else sleeps on the data signal; it arms
 * the bridge, which sleeps there in its place. What is raised (data, a wake, a change of state) fires once: one write
 * to the eventfd, and the bridge is disarmed until the loop, having read everything, arms it again.
 */
#include "endpoint.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

enum { IDLE, ARMED };

static void fire(int fd) {
  uint64_t one = 1;
  while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

/* Until something is raised or the loop disarms. `busy` is true as long as this thread may touch the signal. */
static void sleep_armed(ls_endpoint *e) {
  ls_signal *signal = ls_data_signal(e->in.lane);
  int64_t slice = LS_SLICE_IN_FLIGHT_NANOS;
  for (;;) {
    uint32_t seen = ls_prepare(signal);
    /* PAIRS: disarm; the look after the mark, as everywhere */
    if (atomic_load(&e->bridge_armed) != ARMED) {
      return;
    }
    bool raised = (seen | LS_SIGNAL_PARKED) != e->bridge_seen || ls_has_data(&e->in);
    if (!raised && ls_futex_wait(signal, seen, slice) != 0 && !ls_has_data(&e->in)) {
      slice = slice * 2 < LS_SLICE_IDLE_NANOS ? slice * 2 : LS_SLICE_IDLE_NANOS;
      continue; /* the slice ran out */
    }
    uint32_t armed = ARMED;
    if (atomic_compare_exchange_strong(&e->bridge_armed, &armed, IDLE)) {
      fire(e->bridge_fd);
    }
    return;
  }
}

static void *run_bridge(void *argument) {
  ls_endpoint *e = argument;
  for (;;) {
    uint32_t armed = atomic_load(&e->bridge_armed);
    if (armed != ARMED) {
      ls_futex_wait(&e->bridge_armed, armed, LS_SLICE_IDLE_NANOS);
      continue;
    }
    atomic_store(&e->bridge_busy, true); /* PAIRS: disarm: busy is set before armed is looked at again */
    sleep_armed(e);
    atomic_store(&e->bridge_busy, false);
  }
  return NULL;
}

int ls_start_bridge(ls_endpoint *e, int fd) {
  if (e->bridge_running) {
    e->bridge_fd = fd;
    return 0;
  }
  e->bridge_fd = fd;
  Py_INCREF(e); /* the thread's, for good: what it reads is never unmapped under it */
  int error = ls_start_thread(run_bridge, e);
  if (error) {
    Py_DECREF(e);
    errno = error;
    PyErr_SetFromErrno(PyExc_OSError);
    return -1;
  }
  e->bridge_running = true;
  return 0;
}

void ls_arm_bridge(ls_endpoint *e) {
  /* What is raised from here on differs from this, however late the bridge comes to look. */
  e->bridge_seen = atomic_load(ls_data_signal(e->in.lane)) | LS_SIGNAL_PARKED;
  if (ls_has_data(&e->in) || e->inbox_count > 0 || ls_host_state(e) != e->seen_state ||
      atomic_load(&e->attention)) {
    fire(e->bridge_fd);
    return;
  }
  atomic_store(&e->bridge_armed, ARMED);
  ls_futex_wake(&e->bridge_armed, 1);
}

void ls_disarm_bridge(ls_endpoint *e) {
  if (!e->bridge_running) {
    return;
  }
  atomic_store(&e->bridge_armed, IDLE);
  Py_BEGIN_ALLOW_THREADS
  while (atomic_load(&e->bridge_busy)) {
    ls_raise_and_wake(ls_data_signal(e->in.lane));
    sched_yield();
  }
  Py_END_ALLOW_THREADS
}
