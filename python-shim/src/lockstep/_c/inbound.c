/* One plain call of a plain function: decoded, run and answered without leaving C. */
#include "endpoint.h"

#include <string.h>

#define SMALL_CALL_BYTES 512
#define SMALL_ARGUMENTS 12
#define LEAST_ROOM 256

/* A call under way: everything that it owns. */
typedef struct {
  ls_endpoint *e;
  ls_header header;
  bool nested; /* in a call of this very thread's, which waits for main */
  PyObject *name;
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

static void drop_arguments(call *c) {
  for (Py_ssize_t i = 0; i < c->count; i++) {
    Py_DECREF(c->values[1 + i]);
  }
  c->count = 0;
  if (c->values != c->small) {
    PyMem_Free(c->values);
    c->values = c->small;
  }
  Py_CLEAR(c->keywords);
}

static void close_call(call *c) {
  drop_arguments(c);
  Py_CLEAR(c->name);
  Py_CLEAR(c->function);
}

/* What was refused here the pure twin judges: its error, or its values. */
static ls_verdict decode_by_twin(call *c, const uint8_t *payload, size_t length) {
  drop_arguments(c);
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

static bool has_context(const ls_endpoint *e) {
  PyObject *current = NULL;
  if (PyContextVar_Get(e->current, NULL, &current) < 0) {
    PyErr_Clear();
    return true;
  }
  bool set = current != NULL && current != Py_None;
  Py_XDECREF(current);
  return set;
}

/* The ContextVar goes before `serving`, so it is set wherever the call around this one has set it; and where `serving`
 * is taken by another thread, whose call main nested another one in. */
static bool needs_context(call *c, bool is_slot_ours) {
  ls_endpoint *e = c->e;
  return !e->sync_main_only && e->current != NULL &&
         (!is_slot_ours || contexts_travel(e) || (c->nested && has_context(e)));
}

/* Runs the function in the context of its call, so that what it calls carries its chain. A worker that can never call
 * main has no chain. */
static PyObject *run(call *c) {
  ls_endpoint *e = c->e;
  PyObject *token = NULL;
  bool is_slot_ours = e->serving == 0 || ls_serves_here(e);
  if (needs_context(c, is_slot_ours)) {
    PyObject *chain = Py_BuildValue("(KH)", (unsigned long long)c->header.call_id, c->header.depth);
    token = chain ? PyContextVar_Set(e->current, chain) : NULL;
    Py_XDECREF(chain);
    if (token == NULL) {
      return NULL;
    }
  }
  size_t nargs = (size_t)c->positional | PY_VECTORCALL_ARGUMENTS_OFFSET;
  PyObject *names = c->keywords && PyTuple_GET_SIZE(c->keywords) > 0 ? c->keywords : NULL;
  unsigned long long around = e->serving;
  uint16_t around_depth = e->serving_depth;
  if (is_slot_ours) {
    e->serving_depth = c->header.depth;
    e->serving_thread = PyThread_get_thread_ident();
    e->serving = c->header.call_id;
  }
  PyObject *result = PyObject_Vectorcall(c->function, c->values + 1, nargs, names);
  if (is_slot_ours) {
    e->serving_depth = around_depth;
    e->serving = around;
  }
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

/* An `async def` that nobody could tell from outside: it becomes a task, which answers later; but nested in a call that
 * its event loop waits for, it could never run. */
static int make_task(call *c, PyObject *coroutine) {
  unsigned long long call_id = c->header.call_id;
  PyObject *done =
      c->nested ? PyObject_CallMethod(c->e->hooks, "blocked", "KHOO", call_id, c->header.depth, c->name, coroutine)
                : PyObject_CallMethod(c->e->hooks, "coroutine", "KHO", call_id, c->header.depth, coroutine);
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

/* `payload` is private memory; the frame was given back. The role is held; after LS_NOT_SERVED it still is. */
static ls_served serve_call(ls_endpoint *e, const ls_inbound *from, const uint8_t *payload, size_t length) {
  ls_in in = {.bytes = payload, .length = length};
  const uint8_t *text;
  size_t text_length;
  if (ls_decode_name(&in, &text, &text_length) != LS_DONE) {
    return LS_NOT_SERVED;
  }
  PyObject *name = name_object(e, text, text_length);
  PyObject *function = name ? PyDict_GetItemWithError(from->exports, name) : NULL;
  if (function == NULL) {
    PyErr_Clear(); /* no UTF-8, or not exported: Python says which */
    Py_XDECREF(name);
    return LS_NOT_SERVED;
  }
  call c = {.e = e, .header = *from->header, .nested = from->nested, .name = name, .function = Py_NewRef(function)};
  c.values = c.small;
  if (ls_leave_role(e) < 0) {
    close_call(&c);
    return LS_SERVED_RAISED;
  }
  ls_verdict verdict = decode_arguments(&c, &in);
  if (verdict == LS_REFUSED) {
    verdict = decode_by_twin(&c, payload, length);
  }
  int done = verdict == LS_DONE ? run_and_answer(&c) : fail(&c, "decode");
  close_call(&c);
  return done < 0 ? LS_SERVED_RAISED : LS_SERVED;
}

bool ls_is_plain_call(const ls_endpoint *e, const ls_header *h) {
  return h->kind == LS_INVOKE && (h->flags & ~LS_KEYWORDS) == 0 && e->partial_count == 0;
}

ls_served ls_serve_inbound(ls_endpoint *e, const ls_inbound *from, PyObject **frame) {
  const ls_header *h = from->header;
  uint8_t small[SMALL_CALL_BYTES], *copy = small;
  size_t length = h->length - LS_FRAME_HEADER_BYTES;
  if (ls_check_ids(e, h) < 0) {
    return ls_leave_role_raising(e);
  }
  if (length > sizeof small && (copy = PyMem_Malloc(length)) == NULL) {
    PyErr_NoMemory();
    return ls_leave_role_raising(e);
  }
  memcpy(copy, from->payload, length);
  ls_release(&e->in, h->length);
  e->frames_in++;
  e->bytes_in += length;
  ls_served served = serve_call(e, from, copy, length);
  if (served == LS_NOT_SERVED) {
    *frame = ls_make_frame(h, PyBytes_FromStringAndSize((const char *)copy, (Py_ssize_t)length));
    served = *frame ? LS_NOT_SERVED : ls_leave_role_raising(e);
  }
  if (copy != small) {
    PyMem_Free(copy);
  }
  return served;
}
