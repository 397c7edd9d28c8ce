/* One side of a segment, as Python sees it; the contract stands in lockstep/_channel.py.
 *
 * The GIL is the lock: every field is read and written with it held, but for what the waits look at without it
 * (`attention`, the shared words). It is released only while a thread spins, sleeps in the futex, or waits for a
 * turn. Between a claim and its commit it is never released and no Python code runs, so many threads of this process
 * write one lane without a lock of its own, and a thread that is killed there leaves nothing behind.
 */
#pragma once
#include <Python.h>

#include "codec.h"
#include "lane.h"

#ifdef Py_GIL_DISABLED
#error "the GIL is the lock of everything here: free-threaded builds are served by pure Python"
#endif

#if PY_VERSION_HEX < 0x030A0000
static inline PyObject *Py_NewRef(PyObject *object) {
  Py_INCREF(object);
  return object;
}
static inline PyObject *Py_XNewRef(PyObject *object) {
  Py_XINCREF(object);
  return object;
}
#endif

typedef struct {
  PyObject *unserializable, *malformed, *peer_fault, *closed, *too_large, *queue_full, *timeout, *forked, *lockstep;
} ls_error_classes;

extern ls_error_classes ls_errors;

typedef struct {
  PyObject_HEAD
  uint8_t kind;
  uint8_t flags;
  uint16_t depth;
  unsigned long long call_id;
  unsigned long long parent_id;
  PyObject *payload;
} ls_frame;

/* A message in the making. Its memory grows with what arrives, not with what was announced. */
typedef struct {
  ls_header header; /* of the first fragment, without MORE and CONTINUATION */
  uint64_t total;
  uint64_t received;
  PyObject *bytes;
} ls_partial;

/* A call of ours that is waited for in C, while a call nested in it runs on its thread without the role. Python, which
 * hands out what other threads read meanwhile, gets to know it when one of them has something for it. */
typedef struct ls_suspended {
  uint64_t call_id;
  unsigned long thread;
  PyObject *name;
  PyObject *pending; /* Python's; NULL as long as it does not know */
  struct ls_suspended *next;
} ls_suspended;

/* A thread's place in the line of those that let another one call on before they call; on its stack. */
typedef struct ls_place {
  struct ls_place *next;
  ls_signal word; /* of this process alone */
  _Atomic uint64_t first_at; /* since when nobody stands before it; 0: somebody does */
} ls_place;

#define LS_NAME_SLOTS 32
#define LS_NAME_BYTES 56

typedef struct {
  uint8_t length; /* 0: the slot is free */
  uint8_t bytes[LS_NAME_BYTES];
  PyObject *name;
} ls_name_slot;

typedef struct {
  PyObject_HEAD
  Py_buffer view;
  uint8_t *base;
  int side;
  bool sync_main_only;
  bool forked;
  bool broken;
  ls_fault fault;
  ls_reader in;
  ls_writer out;
  ls_spin reply_spin;
  ls_spin idle_spin;
  uint32_t allowed_kinds;
  uint32_t max_message_bytes;
  uint32_t max_depth;
  uint32_t max_queued;
  uint64_t counter;

  atomic_bool role;
  unsigned long role_thread;
  Py_ssize_t waiting;
  bool asleep; /* the role's holder has stopped spinning */
  atomic_bool asked; /* the first in line has stood for a turn: who comes to call lets it go first */
  ls_place *line;
  _Atomic(bool) attention;
  Py_ssize_t queued;
  uint32_t seen_state; /* the host's state that the last wait knew */
  char unflushed;
  char handed; /* a thread has read something for a call of another thread's */
  unsigned long long calls_served;
  unsigned long nested_served;
  unsigned long long serving; /* the innermost call whose function is run from C now, 0 none */
  uint16_t serving_depth;
  unsigned long serving_thread;
  Py_ssize_t modules_seen; /* how many were imported when `contexts_travel` was found out */
  bool contexts_travel;    /* somebody is loaded who copies contexts to other threads */

  PyObject *hooks;
  PyObject *current; /* the ContextVar */
  PyObject *exports; /* the functions that nested calls are for; NULL: Python serves those */
  ls_suspended *suspended;

  PyObject **inbox; /* a circle of frames */
  uint32_t inbox_room, inbox_first, inbox_count;
  uint64_t inbox_bytes;
  ls_partial *partials;
  uint32_t partial_count, partial_room;
  uint64_t partial_bytes;
  uint64_t *owed_cancels; /* calls whose fragments were given up, to be cancelled before anything else is sent */
  uint32_t owed_count, owed_room;

  bool space_sleeper;  /* one thread sleeps on the space signal; others wait for their turn at the gate */
  ls_signal space_gate;

  bool bridge_running;
  int bridge_fd;
  ls_signal bridge_armed; /* a word of this process alone */
  _Atomic(bool) bridge_busy;
  uint32_t bridge_seen; /* the data signal when the bridge was armed, PARKED set */

  uint64_t parted_at, part_pause_nanos; /* when this side last moved to another processor, and how long it then stays */

  uint64_t frames_in, frames_out, bytes_in, bytes_out, parks, late_wakeups;
  ls_name_slot names[LS_NAME_SLOTS];
} ls_endpoint;

static inline _Atomic(uint32_t) *word32(const ls_endpoint *e, int offset) {
  return (_Atomic(uint32_t) *)(void *)(e->base + offset);
}

extern const char *const ls_kind_names[8];
extern PyTypeObject ls_frame_type, ls_endpoint_type, ls_bound_type;

#define LS_NO_DEADLINE UINT64_MAX
#define LS_SLICE_IN_FLIGHT_NANOS ((int64_t)LS_SLICE_IN_FLIGHT_MILLIS * 1000000)
#define LS_SLICE_IDLE_NANOS ((int64_t)LS_SLICE_IDLE_MILLIS * 1000000)

/* ---- endpoint.c ---- */
int ls_usable(ls_endpoint *e);          /* 0, or -1 with an exception */
int ls_raise_fault(ls_endpoint *e);     /* sets PeerFaultError, returns -1 */
uint32_t ls_host_state(const ls_endpoint *e);
bool ls_take_role(ls_endpoint *e);
int ls_leave_role(ls_endpoint *e);      /* -1 where hand_over raised */
int ls_leave_role_raising(ls_endpoint *e); /* -1; while an exception is set, which hand_over must not see */
PyObject *ls_take_exception(void);      /* the exception that is set, normalised, with its traceback; clears it */
void ls_give_exception(PyObject *exception);

/* ---- messages.c ---- */
PyObject *ls_make_frame(const ls_header *header, PyObject *payload); /* steals payload, also where it fails */
int ls_check_ids(ls_endpoint *e, const ls_header *header);
/* The next whole message of the ring: 1 and a new reference, 0 nothing yet, -1 an exception. */
int ls_fetch(ls_endpoint *e, PyObject **frame);
PyObject *ls_pop_inbox(ls_endpoint *e);
int ls_drain(ls_endpoint *e, bool may_fail);
int ls_send(ls_endpoint *e, ls_header *header, const uint8_t *payload, size_t length, uint64_t deadline);
void ls_drop_messages(ls_endpoint *e);
bool ls_settled(const ls_endpoint *e); /* no cancel is owed: a frame may be claimed and committed in place */
void ls_sent(ls_endpoint *e, const ls_header *header);

/* ---- waiting.c ---- */
#define LS_LEAST_PART_PAUSE_NANOS UINT64_C(1000000)
typedef enum {
  LS_WAIT_RAISED = -1,
  LS_WAIT_DATA,
  LS_WAIT_ATTENTION, /* cleared */
  LS_WAIT_STATE, /* the host's state changed, and is not CLOSED */
  LS_WAIT_SIGNAL, /* a Python signal handler may have run */
  LS_WAIT_WOKEN,
  LS_WAIT_SLICE,
  LS_WAIT_DEADLINE,
} ls_wake;

ls_wake ls_wait(ls_endpoint *e, ls_spin *spin, int64_t slice_nanos, uint64_t deadline);
/* 0 look again, -1 an exception. `patient`: no signal handler runs. */
int ls_wait_for_space(ls_endpoint *e, uint32_t length, uint64_t deadline, bool patient);
static inline bool ls_is_crowded(const ls_endpoint *e) { return e->role || e->asked; }
/* Stands in line while another thread makes short calls, or one that stood for long is to go. 0, or -1 with an
 * exception. */
int ls_stand_in_line(ls_endpoint *e);
int ls_deadline_from(PyObject *seconds, uint64_t *nanos);
void ls_yield_gil(ls_endpoint *e);

/* ---- inbound.c ---- */
typedef struct {
  const ls_header *header;
  const uint8_t *payload; /* in the ring */
  PyObject *exports;
  bool nested;
} ls_inbound;
typedef enum {
  LS_SERVED_RAISED = -1, /* an exception that is the caller's; the role is not held */
  LS_SERVED,             /* answered; the role is not held */
  LS_NOT_SERVED,         /* a whole message that Python must look at; the role is still held */
} ls_served;

bool ls_is_plain_call(const ls_endpoint *e, const ls_header *h);
/* Takes a plain call, which was peeked, off the lane. The role is held. LS_NOT_SERVED sets *frame. */
ls_served ls_serve_inbound(ls_endpoint *e, const ls_inbound *call, PyObject **frame);

/* ---- nested.c ---- */
typedef enum {
  LS_NESTED_RAISED = -1, /* give the call up; the role is not held */
  LS_NESTED_SERVED,      /* go on waiting; the role is held */
  LS_NESTED_FRAME,       /* *result is a frame for Python; the role is held */
  LS_NESTED_ENDED,       /* *result is what became of the call, NULL with its exception; the role is not held */
} ls_nested;

bool ls_is_nested(const ls_endpoint *e, const ls_header *h, uint64_t call_id);
/* Serves what is nested in the call `own` of `name`, for which this thread waits with the role. */
ls_nested ls_serve_nested(ls_endpoint *e, const ls_header *own, PyObject *name, const ls_header *h,
                          const uint8_t *payload, PyObject **result);
PyObject *ls_pending_of(ls_endpoint *e, uint64_t call_id); /* of a suspended call, else None */
PyObject *ls_suspended_names(const ls_endpoint *e);

/* ---- bound.c, serve.c, guard.c ---- */
bool ls_serves_here(const ls_endpoint *e); /* whether a function is run from C on this very thread */
PyObject *ls_make_bound(ls_endpoint *e, PyObject *name);
PyObject *ls_serve(ls_endpoint *e, PyObject *exports, PyObject *on_frame);
extern PyMethodDef ls_guard_methods[];
int ls_start_thread(void *(*run)(void *), void *argument); /* 0 or an errno */

/* ---- bridge.c ---- */
int ls_start_bridge(ls_endpoint *e, int fd);
void ls_arm_bridge(ls_endpoint *e);
void ls_disarm_bridge(ls_endpoint *e);
