/* The loop of the idle main thread: frames are served, or handed to Python, until something ends it. */
#include "endpoint.h"

#define ROUNDS_BEFORE_YIELD 32

typedef enum { ROUND_RAISED = -1, ROUND_DONE, ROUND_LOST_ROLE } round_result;

static round_result end_round(ls_endpoint *e) { return ls_take_role(e) ? ROUND_DONE : ROUND_LOST_ROLE; }

/* With the role: the thread that the frame is for could else take it, and sleep for what has been read already. */
static round_result dispatch(ls_endpoint *e, PyObject *on_frame, PyObject *frame) {
  PyObject *ended = PyObject_CallOneArg(on_frame, frame ? frame : Py_None);
  Py_XDECREF(frame);
  if (ended == NULL) {
    return ls_leave_role_raising(e);
  }
  bool end = ended == Py_True;
  Py_DECREF(ended);
  if (ls_leave_role(e) < 0) {
    return ROUND_RAISED;
  }
  return end ? ROUND_LOST_ROLE : end_round(e);
}

/* A call in one frame: served; whatever it turns out not to be goes to on_frame. */
static round_result take_call(ls_endpoint *e, PyObject *exports, PyObject *on_frame, const ls_header *h,
                              const uint8_t *payload) {
  ls_inbound call = {.header = h, .payload = payload, .exports = exports};
  PyObject *frame = NULL;
  switch (ls_serve_inbound(e, &call, &frame)) {
    case LS_SERVED:
      return end_round(e);
    case LS_NOT_SERVED:
      return dispatch(e, on_frame, frame);
    default:
      return ROUND_RAISED;
  }
}

static round_result wait_round(ls_endpoint *e, PyObject *on_frame, int64_t *slice) {
  switch (ls_wait(e, &e->idle_spin, *slice, LS_NO_DEADLINE)) {
    case LS_WAIT_RAISED:
      return ls_leave_role_raising(e);
    case LS_WAIT_DATA:
      *slice = LS_SLICE_IN_FLIGHT_NANOS;
      return ROUND_DONE;
    case LS_WAIT_SLICE: /* nothing happens here: longer and longer slices, so that an idle worker costs nothing */
      *slice = *slice * 2 < LS_SLICE_IDLE_NANOS ? *slice * 2 : LS_SLICE_IDLE_NANOS;
      return ROUND_DONE;
    default:
      return dispatch(e, on_frame, NULL);
  }
}

/* One frame, or one wait. */
static round_result one_round(ls_endpoint *e, PyObject *exports, PyObject *on_frame, int64_t *slice) {
  PyObject *frame = ls_pop_inbox(e);
  if (frame != NULL) {
    return dispatch(e, on_frame, frame);
  }
  ls_header h;
  const uint8_t *payload;
  ls_outcome outcome = ls_peek(&e->in, e->allowed_kinds, &h, &payload, &e->fault);
  if (outcome == LS_NOTHING) {
    return wait_round(e, on_frame, slice);
  }
  if (outcome == LS_GOT && h.parent_id == 0 && ls_is_plain_call(e, &h)) {
    return take_call(e, exports, on_frame, &h, payload);
  }
  int got = ls_fetch(e, &frame);
  if (got < 0) {
    return ls_leave_role_raising(e);
  }
  return got > 0 ? dispatch(e, on_frame, frame) : ROUND_DONE;
}

PyObject *ls_serve(ls_endpoint *e, PyObject *exports, PyObject *on_frame) {
  if (e->hooks == NULL) {
    PyErr_SetString(PyExc_RuntimeError, "nothing is attached to this endpoint");
    return NULL;
  }
  int64_t slice = LS_SLICE_IN_FLIGHT_NANOS;
  for (unsigned round = 1;; round++) {
    if (e->queued != 0) {
      if (ls_leave_role(e) < 0) {
        return NULL;
      }
      Py_RETURN_NONE;
    }
    round_result result = ls_usable(e) < 0 ? ls_leave_role_raising(e) : one_round(e, exports, on_frame, &slice);
    if (result == ROUND_RAISED) {
      return NULL;
    }
    if (result == ROUND_LOST_ROLE) {
      Py_RETURN_NONE;
    }
    if (round % ROUNDS_BEFORE_YIELD == 0) {
      ls_yield_gil(e); /* a long run of calls that are there already must not starve other threads */
      if (PyErr_CheckSignals() < 0) {
        ls_leave_role_raising(e);
        return NULL;
      }
    }
  }
}
