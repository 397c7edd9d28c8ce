/* Calls that main nests in a call of ours, served by the thread that waits for it, on top of its wait. */
#include "endpoint.h"

#define SERVED_BEFORE_YIELD 32

bool ls_is_nested(const ls_endpoint *e, const ls_header *h, uint64_t call_id) {
  return h->parent_id == call_id && e->exports != NULL && ls_is_plain_call(e, h);
}

static void suspend(ls_endpoint *e, ls_suspended *call) {
  call->next = e->suspended;
  e->suspended = call;
}

/* Most often the first: only those of other threads can stand before it. */
static void forget(ls_endpoint *e, ls_suspended *call) {
  ls_suspended **at = &e->suspended;
  while (*at != call) {
    at = &(*at)->next;
  }
  *at = call->next;
  Py_CLEAR(call->pending);
}

static ls_suspended *find(const ls_endpoint *e, uint64_t call_id) {
  ls_suspended *at = e->suspended;
  while (at != NULL && at->call_id != call_id) {
    at = at->next;
  }
  return at;
}

PyObject *ls_pending_of(ls_endpoint *e, uint64_t call_id) {
  ls_suspended *call = find(e, call_id);
  if (call != NULL && call->pending == NULL) {
    PyObject *made = PyObject_CallMethod(e->hooks, "adopt", "KOk", (unsigned long long)call_id, call->name, call->thread);
    if (made == NULL) {
      return NULL;
    }
    call = find(e, call_id); /* Python ran, and with it perhaps its thread, or another one that has something for it */
    if (call != NULL && call->pending == NULL) {
      call->pending = Py_NewRef(made);
    }
    Py_DECREF(made);
  }
  return Py_NewRef(call ? call->pending : Py_None);
}

PyObject *ls_suspended_names(const ls_endpoint *e) {
  PyObject *names = PyList_New(0);
  for (ls_suspended *at = e->suspended; names != NULL && at != NULL; at = at->next) {
    PyObject *pair = Py_BuildValue("(KO)", (unsigned long long)at->call_id, at->name);
    if (pair == NULL || PyList_Append(names, pair) < 0) {
      Py_CLEAR(names);
    }
    Py_XDECREF(pair);
  }
  return names;
}

/* Whether the role is back, so that the wait goes on in C: nobody else has read anything for the call, nor reads now. */
static bool take_up(ls_endpoint *e, const ls_suspended *call) { return call->pending == NULL && ls_take_role(e); }

static bool is_unanswered(PyObject *pending) {
  PyObject *exception = ls_take_exception(), *answer = PyObject_GetAttrString(pending, "answer");
  bool unanswered = answer == Py_None;
  Py_XDECREF(answer);
  PyErr_Clear();
  ls_give_exception(exception);
  return unanswered;
}

/* Other threads have the role, or had it and read something for the call. */
static ls_nested go_on(ls_endpoint *e, const ls_suspended *call, PyObject **result) {
  PyObject *pending = ls_pending_of(e, call->call_id);
  if (pending == NULL) {
    return LS_NESTED_RAISED;
  }
  *result = PyObject_CallMethod(e->hooks, "go_on", "O", pending);
  ls_nested nested = *result == NULL && is_unanswered(pending) ? LS_NESTED_RAISED : LS_NESTED_ENDED;
  Py_DECREF(pending);
  return nested;
}

/* A long run of calls that are there already must starve neither other threads nor signal handlers. */
static int breathe(ls_endpoint *e) {
  if (++e->nested_served % SERVED_BEFORE_YIELD == 0) {
    ls_yield_gil(e);
    return PyErr_CheckSignals();
  }
  return 0;
}

ls_nested ls_serve_nested(ls_endpoint *e, const ls_header *own, PyObject *name, const ls_header *h,
                          const uint8_t *payload, PyObject **result) {
  ls_suspended call = {.call_id = own->call_id, .thread = PyThread_get_thread_ident(), .name = name};
  ls_inbound inbound = {.header = h, .payload = payload, .exports = e->exports, .nested = true};
  ls_nested nested;
  suspend(e, &call);
  switch (ls_serve_inbound(e, &inbound, result)) {
    case LS_SERVED:
      nested = breathe(e) < 0 || ls_usable(e) < 0 ? LS_NESTED_RAISED
               : take_up(e, &call)              ? LS_NESTED_SERVED
                                                : go_on(e, &call, result);
      break;
    case LS_NOT_SERVED:
      nested = LS_NESTED_FRAME;
      break;
    default:
      nested = LS_NESTED_RAISED;
  }
  forget(e, &call);
  return nested;
}
