/* The loop of the idle main thread: a plain call of a plain function is decoded, run and answered without leaving C. */
#include "endpoint.h"

#include <string.h>

#define SMALL_CALL_BYTES 512
#define SMALL_ARGUMENTS 12
#define LEAST_ROOM 256
#define ROUNDS_BEFORE_YIELD 32

typedef enum { ROUND_RAISED = -1, ROUND_DONE, ROUND_LOST_ROLE, ROUND_NOT_OURS } round_result;

/* A call under way: everything that it owns. */
typedef struct {
  ls_endpoint *e;
  ls_header header;
  PyObject *function;
  PyObject *small[SMALL_ARGUMENTS];
  PyObject **values; /* values[0] is left free for vectorcall */
  Py_ssize_t count;  /* those that are there */
  Py_ssize_t positional;
  PyObject *keywords; /* a tuple of names, or NULL */
} call;

/* ---- names ---- */

static PyObject *name_object(ls_endpoint *e, const uint8_t *text, size_t length) {
  if (length > LS_NAME_BYTES) {
    return PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)length, NULL);
  }
  uint32_t hash = (uint32_t)length;
  for (size_t i = 0; i < length; i++) {
    hash = hash * 31 + text[i];
  }
  ls_name_slot *slot = &e->names[(hash ^ hash >> 7) % LS_NAME_SLOTS];
  if (slot->length == length && memcmp(slot->bytes, text, length) == 0) {
    return Py_NewRef(slot->name);
  }
  PyObject *name = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)length, NULL);
  if (name != NULL) {
    slot->length = (uint8_t)length;
    memcpy(slot->bytes, text, length);
    Py_INCREF(name);
    Py_XSETREF(slot->name, name);
  }
  return name;
}

/* ---- arguments ---- */

static int make_room(call *c, size_t wanted) {
  if ((size_t)c->count + wanted + 1 <= SMALL_ARGUMENTS) {
    return 0;
  }
  PyObject **grown = PyMem_New(PyObject *, (size_t)c->count + wanted + 1);
  if (grown == NULL) {
    PyErr_NoMemory();
    return -1;
  }
  memcpy(grown + 1, c->values + 1, (size_t)c->count * sizeof *grown);
  if (c->values != c->small) {
    PyMem_Free(c->values);
  }
  c->values = grown;
  return 0;
}

static ls_verdict decode_keywords(call *c, ls_in *in) {
  size_t count;
  ls_verdict verdict = ls_decode_count(in, 5, &count);
  if (verdict != LS_DONE) {
    return verdict;
  }
  c->keywords = PyTuple_New((Py_ssize_t)count);
  if (c->keywords == NULL || make_room(c, count) < 0) {
    return LS_RAISED;
  }
  for (size_t i = 0; i < count; i++) {
    PyObject *key, *value;
    verdict = ls_decode(in, &key);
    if (verdict != LS_DONE) {
      return verdict;
    }
    PyTuple_SET_ITEM(c->keywords, (Py_ssize_t)i, key);
    if (!PyUnicode_CheckExact(key)) {
      return LS_REFUSED;
    }
    for (size_t k = 0; k < i; k++) {
      if (PyUnicode_Compare(PyTuple_GET_ITEM(c->keywords, (Py_ssize_t)k), key) == 0) {
        return LS_REFUSED;
      }
    }
    verdict = ls_decode(in, &value);
    if (verdict != LS_DONE) {
      return verdict;
    }
    c->values[1 + c->count++] = value;
  }
  return LS_DONE;
}

static ls_verdict decode_arguments(call *c, ls_in *in) {
  size_t count;
  ls_verdict verdict = ls_decode_count(in, 4, &count);
  if (verdict != LS_DONE) {
    return verdict;
  }
  if (make_room(c, count) < 0) {
    return LS_RAISED;
  }
  for (size_t i = 0; i < count; i++) {
    PyObject *value;
    verdict = ls_decode(in, &value);
    if (verdict != LS_DONE) {
      return verdict;
    }
    c->values[1 + c->count++] = value;
  }
  c->positional = c->count;
  if (c->header.flags & LS_KEYWORDS) {
    verdict = decode_keywords(c, in);
  }
  return verdict == LS_DONE && in->at != in->length ? LS_REFUSED : verdict;
}

static void drop_call(call *c) {
  for (Py_ssize_t i = 0; i < c->count; i++) {
    Py_DECREF(c->values[1 + i]);
  }
  c->count = 0;
  if (c->values != c->small) {
    PyMem_Free(c->values);
    c->values = c->small;
  }
  Py_CLEAR(c->keywords);
  Py_CLEAR(c->function);
}

/* What was refused here the pure twin judges: its error, or its values. */
static ls_verdict decode_by_twin(call *c, const uint8_t *payload, size_t length) {
  PyObject *function = Py_NewRef(c->function);
  drop_call(c);
  c->function = function;
  PyObject *hook = ls_codec_hook("decode_call"), *parts = NULL;
  if (hook != NULL) {
    parts = PyObject_CallFunction(hook, "y#i", payload, (Py_ssize_t)length, (c->header.flags & LS_KEYWORDS) != 0);
  }
  PyObject *name, *args, *kwargs, *key, *value;
  if (parts == NULL || !PyArg_ParseTuple(parts, "OO!O!", &name, &PyList_Type, &args, &PyDict_Type, &kwargs)) {
    Py_XDECREF(parts);
    return LS_RAISED;
  }
  ls_verdict verdict = LS_RAISED;
  Py_ssize_t position = 0, extra = PyDict_GET_SIZE(kwargs);
  if (make_room(c, (size_t)(PyList_GET_SIZE(args) + extra)) == 0 && (c->keywords = PyTuple_New(extra)) != NULL) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args); i++) {
      c->values[1 + c->count++] = Py_NewRef(PyList_GET_ITEM(args, i));
    }
    c->positional = c->count;
    for (Py_ssize_t i = 0; PyDict_Next(kwargs, &position, &key, &value); i++) {
      PyTuple_SET_ITEM(c->keywords, i, Py_NewRef(key));
      c->values[1 + c->count++] = Py_NewRef(value);
    }
    verdict = LS_DONE;
  }
  Py_DECREF(parts);
  return verdict;
}

/* ---- running and answering ---- */

bool ls_serves_here(const ls_endpoint *e) {
  return e->serving != 0 && e->serving_thread == PyThread_get_thread_ident();
}

/* What calls main on the thread that serves is nested in the served call: `serving` says so, and costs nothing. A
 * context that is copied to another thread (asyncio.to_thread) must carry the chain itself, for which the ContextVar is
 * set; that takes longer than all the rest of a call, so it is done only where somebody is loaded who copies. */
static bool contexts_travel(ls_endpoint *e) {
  PyObject *modules = PyImport_GetModuleDict(); /* borrowed */
  if (!e->contexts_travel && PyDict_CheckExact(modules) && PyDict_GET_SIZE(modules) != e->modules_seen) {
    e->modules_seen = PyDict_GET_SIZE(modules);
    e->contexts_travel =
        PyDict_GetItemString(modules, "asyncio") != NULL || PyDict_GetItemString(modules, "trio") != NULL;
  }
  return e->contexts_travel || !PyDict_CheckExact(modules);
}

/* Runs the function in the context of its call, so that what it calls carries its chain. A worker that can never call
 * main has no chain. */
static PyObject *run(call *c) {
  ls_endpoint *e = c->e;
  PyObject *token = NULL;
  if (!e->sync_main_only && e->current != NULL && contexts_travel(e)) {
    PyObject *chain = Py_BuildValue("(KH)", (unsigned long long)c->header.call_id, c->header.depth);
    token = chain ? PyContextVar_Set(e->current, chain) : NULL;
    Py_XDECREF(chain);
    if (token == NULL) {
      return NULL;
    }
  }
  size_t nargs = (size_t)c->positional | PY_VECTORCALL_ARGUMENTS_OFFSET;
  PyObject *names = c->keywords && PyTuple_GET_SIZE(c->keywords) > 0 ? c->keywords : NULL;
  e->serving_depth = c->header.depth;
  e->serving_thread = PyThread_get_thread_ident();
  e->serving = c->header.call_id;
  PyObject *result = PyObject_Vectorcall(c->function, c->values + 1, nargs, names);
  e->serving = 0;
  if (token != NULL) {
    PyObject *exception = result ? NULL : ls_take_exception();
    if (PyContextVar_Reset(e->current, token) < 0) {
      PyErr_Clear(); /* the function left another context behind; its own affair */
    }
    Py_DECREF(token);
    if (exception != NULL) {
      ls_give_exception(exception);
    }
  }
  return result;
}

static int fail(call *c, const char *stage) {
  PyObject *exception = ls_take_exception();
  PyObject *done = PyObject_CallMethod(c->e->hooks, "fail", "KHOOs", (unsigned long long)c->header.call_id,
                                       c->header.depth, exception, c->function, stage);
  Py_XDECREF(exception);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

static int flush(ls_endpoint *e) {
  PyObject *done = PyObject_CallMethod(e->hooks, "flush", NULL);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

/* The result straight into the claimed frame: 1 committed, 0 not in this way, -1 an exception. */
static int answer_in_place(call *c, PyObject *result) {
  ls_endpoint *e = c->e;
  uint8_t *frame;
  uint32_t room;
  ls_out out;
  if (!ls_settled(e) || e->forked || e->broken) {
    return 0;
  }
  ls_outcome outcome = ls_claim_open(&e->out, LEAST_ROOM, &frame, &room, &e->fault);
  if (outcome != LS_GOT) {
    return outcome == LS_FAULT ? ls_raise_fault(e) : 0;
  }
  ls_out_open_in_place(&out, frame + LS_FRAME_HEADER_BYTES, room - LS_FRAME_HEADER_BYTES);
  ls_verdict verdict = ls_encode(&out, result);
  if (verdict != LS_DONE) {
    return verdict == LS_RAISED ? -1 : 0;
  }
  ls_header h = {.length = (uint32_t)(LS_FRAME_HEADER_BYTES + out.length), .kind = LS_REPLY,
                 .call_id = c->header.call_id};
  ls_commit(&e->out, frame, 0, &h);
  ls_sent(e, &h);
  return 1;
}

/* 0 answered, -1 what was raised ends the loop. A result that cannot cross is an answer too. */
static int answer(call *c, PyObject *result) {
  ls_endpoint *e = c->e;
  if (e->unflushed && flush(e) < 0) {
    return -1;
  }
  int done = answer_in_place(c, result);
  if (done != 0) {
    return done > 0 ? 0 : -1;
  }
  ls_out out;
  ls_out_open(&out, SIZE_MAX);
  PyObject *bytes = NULL;
  ls_verdict verdict = ls_encode(&out, result);
  if (verdict == LS_REFUSED) {
    PyObject *hook = ls_codec_hook("encode_value");
    bytes = hook ? PyObject_CallOneArg(hook, result) : NULL;
    verdict = bytes && PyBytes_CheckExact(bytes) ? LS_DONE : LS_RAISED;
  }
  if (verdict == LS_RAISED) {
    ls_out_close(&out);
    Py_XDECREF(bytes);
    return fail(c, "encode");
  }
  const uint8_t *payload = bytes ? (const uint8_t *)PyBytes_AS_STRING(bytes) : out.bytes;
  size_t length = bytes ? (size_t)PyBytes_GET_SIZE(bytes) : out.length;
  ls_header h = {.kind = LS_REPLY, .call_id = c->header.call_id};
  done = ls_usable(e) < 0 ? -1 : ls_send(e, &h, payload, length, LS_NO_DEADLINE);
  if (done < 0 && PyErr_ExceptionMatches(ls_errors.too_large)) {
    done = fail(c, "encode");
  }
  ls_out_close(&out);
  Py_XDECREF(bytes);
  return done;
}

static round_result end_round(ls_endpoint *e, int done) {
  if (done < 0) {
    return ROUND_RAISED;
  }
  return ls_take_role(e) ? ROUND_DONE : ROUND_LOST_ROLE;
}

/* An `async def` that nobody could tell from outside: it becomes a task, which answers later. */
static int make_task(call *c, PyObject *coroutine) {
  PyObject *done = PyObject_CallMethod(c->e->hooks, "coroutine", "KHO", (unsigned long long)c->header.call_id,
                                       c->header.depth, coroutine);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

static int run_and_answer(call *c) {
  PyObject *result = run(c);
  if (result == NULL) {
    return fail(c, "call");
  }
  if (PyCoro_CheckExact(result)) {
    int made = make_task(c, result);
    Py_DECREF(result);
    return made;
  }
  int done = answer(c, result);
  if (done == 0) {
    c->e->calls_served++;
  }
  Py_DECREF(result); /* after the answer: a destructor is the user's code, and main need not wait for it */
  return done;
}

/* `payload` is private memory; the frame was given back. The role is held; after ROUND_NOT_OURS it still is. */
static round_result serve_call(ls_endpoint *e, PyObject *exports, const ls_header *h, const uint8_t *payload,
                               size_t length) {
  ls_in in = {.bytes = payload, .length = length};
  const uint8_t *text;
  size_t text_length;
  if (ls_decode_name(&in, &text, &text_length) != LS_DONE) {
    return ROUND_NOT_OURS;
  }
  PyObject *name = name_object(e, text, text_length);
  PyObject *function = name ? PyDict_GetItemWithError(exports, name) : NULL;
  Py_XDECREF(name);
  if (function == NULL) {
    PyErr_Clear(); /* no UTF-8, or not exported: Python says which */
    return ROUND_NOT_OURS;
  }
  call c = {.e = e, .header = *h, .function = Py_NewRef(function)};
  c.values = c.small;
  if (ls_leave_role(e) < 0) {
    drop_call(&c);
    return ROUND_RAISED;
  }
  ls_verdict verdict = decode_arguments(&c, &in);
  if (verdict == LS_REFUSED) {
    verdict = decode_by_twin(&c, payload, length);
  }
  int done = verdict == LS_DONE ? run_and_answer(&c) : fail(&c, "decode");
  drop_call(&c);
  return end_round(e, done);
}

/* ---- the loop ---- */

/* The role goes back while an exception is set: hand_over must not see it. */
static round_result raise_without_role(ls_endpoint *e) {
  PyObject *exception = ls_take_exception();
  if (ls_leave_role(e) < 0) {
    PyErr_Clear();
  }
  ls_give_exception(exception);
  return ROUND_RAISED;
}

static round_result dispatch(ls_endpoint *e, PyObject *on_frame, PyObject *frame) {
  PyObject *ended = ls_leave_role(e) < 0 ? NULL : PyObject_CallOneArg(on_frame, frame ? frame : Py_None);
  Py_XDECREF(frame);
  if (ended == NULL) {
    return ROUND_RAISED;
  }
  bool end = ended == Py_True;
  Py_DECREF(ended);
  return end ? ROUND_LOST_ROLE : end_round(e, 0);
}

static bool is_plain_call(const ls_header *h) {
  return h->kind == LS_INVOKE && (h->flags & ~LS_KEYWORDS) == 0 && h->parent_id == 0;
}

/* A call in one frame: copied, given back, served; whatever it turns out not to be goes to on_frame. */
static round_result take_call(ls_endpoint *e, PyObject *exports, PyObject *on_frame, const ls_header *h,
                              const uint8_t *payload) {
  uint8_t small[SMALL_CALL_BYTES], *copy = small;
  size_t length = h->length - LS_FRAME_HEADER_BYTES;
  if (ls_check_ids(e, h) < 0 || (length > sizeof small && (copy = PyMem_Malloc(length)) == NULL)) {
    if (!PyErr_Occurred()) {
      PyErr_NoMemory();
    }
    return raise_without_role(e);
  }
  memcpy(copy, payload, length);
  ls_release(&e->in, h->length);
  e->frames_in++;
  e->bytes_in += length;
  round_result result = serve_call(e, exports, h, copy, length);
  if (result == ROUND_NOT_OURS) {
    PyObject *frame = ls_make_frame(h, PyBytes_FromStringAndSize((const char *)copy, (Py_ssize_t)length));
    result = frame ? dispatch(e, on_frame, frame) : raise_without_role(e);
  }
  if (copy != small) {
    PyMem_Free(copy);
  }
  return result;
}

static round_result wait_round(ls_endpoint *e, PyObject *on_frame, int64_t *slice) {
  switch (ls_wait(e, &e->idle_spin, *slice, LS_NO_DEADLINE)) {
    case LS_WAIT_RAISED:
      return raise_without_role(e);
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
  if (outcome == LS_GOT && is_plain_call(&h)) {
    return take_call(e, exports, on_frame, &h, payload);
  }
  int got = ls_fetch(e, &frame);
  if (got < 0) {
    return raise_without_role(e);
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
    round_result result = ls_usable(e) < 0 ? raise_without_role(e) : one_round(e, exports, on_frame, &slice);
    if (result == ROUND_RAISED) {
      return NULL;
    }
    if (result == ROUND_LOST_ROLE) {
      Py_RETURN_NONE;
    }
    if (round % ROUNDS_BEFORE_YIELD == 0) {
      ls_yield_gil(e); /* a long run of calls that are there already must not starve other threads */
      if (PyErr_CheckSignals() < 0) {
        raise_without_role(e);
        return NULL;
      }
    }
  }
}
