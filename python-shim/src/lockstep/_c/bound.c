/* The round trip of a call to main in one C call. Everything out of the ordinary is Python's, by the hooks. */
#include "endpoint.h"

#include <stddef.h>
#include <string.h>

#define SMALL_REPLY_BYTES 512
#define LEAST_ROOM 256

typedef struct {
  PyObject_HEAD
  vectorcallfunc call;
  ls_endpoint *endpoint;
  PyObject *name;
  PyObject *members; /* the instance's __dict__ */
  PyObject *encoded; /* the name as a CBOR text; NULL where it cannot cross */
} ls_bound;

/* `hooks.start(name, args, kwargs)` */
static PyObject *go_the_long_way(ls_bound *b, PyObject *const *args, Py_ssize_t count, PyObject *kwnames) {
  if (b->endpoint->hooks == NULL) {
    PyErr_SetString(PyExc_RuntimeError, "nothing is attached to this endpoint");
    return NULL;
  }
  PyObject *positional = PyTuple_New(count), *keywords = PyDict_New(), *result = NULL;
  if (positional == NULL || keywords == NULL) {
    goto done;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    PyTuple_SET_ITEM(positional, i, Py_NewRef(args[i]));
  }
  for (Py_ssize_t i = 0; kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++) {
    if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(kwnames, i), args[count + i]) < 0) {
      goto done;
    }
  }
  result = PyObject_CallMethod(b->endpoint->hooks, "start", "OOO", b->name, positional, keywords);
done:
  Py_XDECREF(positional);
  Py_XDECREF(keywords);
  return result;
}

/* Who calls: the parent's id and the depth of the new call. False where Python must look. */
static bool read_chain(ls_endpoint *e, ls_header *h) {
  PyObject *current = NULL;
  if (PyContextVar_Get(e->current, NULL, &current) < 0) {
    PyErr_Clear();
    return false;
  }
  bool plain = true;
  bool nested = ls_serves_here(e);
  h->depth = nested ? e->serving_depth + 1 : 1;
  h->parent_id = nested ? e->serving : 0;
  plain = !nested || e->serving_depth < 0xFFFF;
  if (current != NULL && current != Py_None) {
    plain = PyTuple_CheckExact(current) && PyTuple_GET_SIZE(current) == 2;
    if (plain) {
      unsigned long long id = PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(current, 0));
      long depth = PyLong_AsLong(PyTuple_GET_ITEM(current, 1));
      h->parent_id = id;
      h->depth = (uint16_t)(depth + 1);
      plain = !PyErr_Occurred() && depth >= 0 && depth < 0xFFFF;
      PyErr_Clear();
    }
  }
  Py_XDECREF(current);
  return plain && h->depth <= e->max_depth;
}

static inline bool may_start(const ls_endpoint *e) {
  return !e->role && e->waiting == 0 && e->inbox_count == 0 && !e->forked && !e->broken && !e->sync_main_only &&
         e->current != NULL && ls_settled(e) && ls_host_state(e) != LS_HOST_CLOSED;
}

static ls_verdict encode_payload(ls_bound *b, ls_out *out, PyObject *const *args, Py_ssize_t count, PyObject *kwnames) {
  ls_verdict verdict = ls_out_put(out, PyBytes_AS_STRING(b->encoded), (size_t)PyBytes_GET_SIZE(b->encoded));
  return verdict == LS_DONE ? ls_encode_arguments(out, args, count, kwnames) : verdict;
}

/* 1 committed, 0 not in this way, -1 an exception. The frame is written in place where the values allow it. */
static int commit_call(ls_bound *b, ls_header *h, PyObject *const *args, Py_ssize_t count, PyObject *kwnames) {
  ls_endpoint *e = b->endpoint;
  uint8_t *frame;
  uint32_t room, pad;
  ls_out out;
  ls_outcome outcome = ls_claim_open(&e->out, LEAST_ROOM, &frame, &room, &e->fault);
  if (outcome == LS_FAULT) {
    return ls_raise_fault(e);
  }
  if (outcome == LS_GOT) {
    ls_out_open_in_place(&out, frame + LS_FRAME_HEADER_BYTES, room - LS_FRAME_HEADER_BYTES);
    ls_verdict in_place = encode_payload(b, &out, args, count, kwnames);
    if (in_place == LS_RAISED) {
      return -1;
    }
    if (in_place == LS_DONE) {
      h->length = (uint32_t)(LS_FRAME_HEADER_BYTES + out.length);
      h->call_id = e->counter++ << 1 | (uint64_t)e->side;
      ls_commit(&e->out, frame, 0, h);
      return 1;
    }
  }
  ls_out_open(&out, e->out.max_frame - LS_FRAME_HEADER_BYTES); /* what is longer goes the long way: no byte is copied */
  ls_verdict verdict = encode_payload(b, &out, args, count, kwnames);
  int done = verdict == LS_RAISED ? -1 : 0;
  if (verdict == LS_DONE && may_start(e)) {
    h->length = (uint32_t)(LS_FRAME_HEADER_BYTES + out.length);
    outcome = ls_claim(&e->out, h->length, &frame, &pad, &e->fault);
    if (outcome == LS_GOT) {
      memcpy(frame + LS_FRAME_HEADER_BYTES, out.bytes, out.length);
      h->call_id = e->counter++ << 1 | (uint64_t)e->side;
      ls_commit(&e->out, frame, pad, h);
      done = 1;
    } else if (outcome == LS_FAULT) {
      done = ls_raise_fault(e);
    }
  }
  ls_out_close(&out);
  return done;
}

/* Copies the payload to private memory, gives the frame back, lets go of the role, decodes. */
static PyObject *take_reply(ls_endpoint *e, const ls_header *h, const uint8_t *payload) {
  uint8_t small[SMALL_REPLY_BYTES], *copy = small;
  size_t length = h->length - LS_FRAME_HEADER_BYTES;
  if (length > sizeof small) {
    copy = PyMem_Malloc(length);
    if (copy == NULL) {
      return ls_leave_role(e) < 0 ? NULL : PyErr_NoMemory();
    }
  }
  memcpy(copy, payload, length);
  ls_release(&e->in, h->length);
  e->frames_in++;
  e->bytes_in += length;
  PyObject *value = ls_leave_role(e) < 0 ? NULL : ls_decode_value_or_raise(copy, length);
  if (copy != small) {
    PyMem_Free(copy);
  }
  return value;
}

static PyObject *raise_error(ls_bound *b, PyObject *payload) {
  if (ls_leave_role(b->endpoint) < 0) {
    return NULL;
  }
  PyObject *error = PyObject_CallMethod(b->endpoint->hooks, "error", "OO", payload, b->name);
  if (error != NULL) {
    if (PyExceptionInstance_Check(error)) {
      PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    } else {
      PyErr_SetString(PyExc_TypeError, "hooks.error returned no exception");
    }
    Py_DECREF(error);
  }
  return NULL;
}

/* An exception ends the wait; the role is not held any more. */
static PyObject *abandon(ls_bound *b, const ls_header *call) {
  PyObject *exception = ls_take_exception();
  PyObject *done = PyObject_CallMethod(b->endpoint->hooks, "abandon", "K", (unsigned long long)call->call_id);
  if (done == NULL) {
    PyErr_Clear(); /* the exception that ended the wait says more */
  }
  Py_XDECREF(done);
  ls_give_exception(exception);
  return NULL;
}

static PyObject *give_up(ls_bound *b, const ls_header *call) {
  ls_leave_role_raising(b->endpoint);
  return abandon(b, call);
}

/* Goes on in Python, which gives the role back; but it may not even have begun where a signal handler raised. */
static PyObject *resume(ls_bound *b, const ls_header *call, PyObject *frame) {
  ls_endpoint *e = b->endpoint;
  PyObject *result = PyObject_CallMethod(e->hooks, "resume", "KHOO", (unsigned long long)call->call_id, call->depth,
                                         frame, b->name);
  if (result == NULL && e->role && e->role_thread == PyThread_get_thread_ident()) {
    return give_up(b, call);
  }
  return result;
}

/* A whole message that is no unfragmented reply: an error, a long reply, or something for somebody else. */
static PyObject *take_frame(ls_bound *b, const ls_header *call, PyObject *object) {
  ls_endpoint *e = b->endpoint;
  ls_frame *frame = (ls_frame *)object;
  PyObject *result;
  if (frame->call_id != call->call_id || (frame->kind != LS_REPLY && frame->kind != LS_ERROR)) {
    result = resume(b, call, object);
  } else if (frame->kind == LS_ERROR) {
    result = raise_error(b, frame->payload);
  } else {
    const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(frame->payload);
    size_t length = (size_t)PyBytes_GET_SIZE(frame->payload);
    result = ls_leave_role(e) < 0 ? NULL : ls_decode_value_or_raise(bytes, length);
  }
  Py_DECREF(object);
  return result;
}

static PyObject *wait_for_reply(ls_bound *b, const ls_header *call) {
  ls_endpoint *e = b->endpoint;
  for (;;) {
    ls_header h;
    const uint8_t *payload;
    PyObject *frame = ls_pop_inbox(e); /* empty, unless a signal handler sent something meanwhile */
    if (frame != NULL) {
      return take_frame(b, call, frame);
    }
    ls_outcome outcome = ls_peek(&e->in, e->allowed_kinds, &h, &payload, &e->fault);
    if (outcome == LS_GOT && h.kind == LS_REPLY && h.call_id == call->call_id && e->partial_count == 0 &&
        !(h.flags & (LS_MORE | LS_CONTINUATION))) {
      return take_reply(e, &h, payload);
    }
    if (outcome == LS_GOT && ls_is_nested(e, &h, call->call_id)) {
      PyObject *result = NULL;
      switch (ls_serve_nested(e, call, b->name, &h, payload, &result)) {
        case LS_NESTED_SERVED:
          continue;
        case LS_NESTED_FRAME:
          return take_frame(b, call, result);
        case LS_NESTED_ENDED:
          return result;
        default:
          return abandon(b, call);
      }
    }
    if (outcome != LS_NOTHING) {
      int got = ls_fetch(e, &frame);
      if (got < 0) {
        return give_up(b, call);
      }
      if (got > 0) {
        return take_frame(b, call, frame);
      }
      continue;
    }
    switch (ls_wait(e, &e->reply_spin, LS_SLICE_IN_FLIGHT_NANOS, LS_NO_DEADLINE)) {
      case LS_WAIT_RAISED:
        return give_up(b, call);
      case LS_WAIT_ATTENTION: /* somebody wants the role's holder to look around; and at the end of main all must */
      case LS_WAIT_STATE:
        return resume(b, call, Py_None);
      default:
        continue;
    }
  }
}

/* Something that another thread has read lies in this one's inbox, and Python must run it: what main answers may depend
 * on it. Asked with the role, so that nobody reads meanwhile; from the answer to the wait the GIL is kept. 1 the long
 * way, 0 nothing, -1 an exception. */
static int lies_here(ls_endpoint *e) {
  ls_take_role(e);
  PyObject *found = PyObject_CallMethod(e->hooks, "has_frames", NULL);
  if (found == NULL) {
    ls_leave_role_raising(e);
    return -1;
  }
  bool lies = found != Py_False || e->waiting != 0;
  Py_DECREF(found);
  return ls_leave_role(e) < 0 ? -1 : lies || !may_start(e);
}

static PyObject *bound_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *kwnames) {
  ls_bound *b = (ls_bound *)self;
  ls_endpoint *e = b->endpoint;
  Py_ssize_t count = PyVectorcall_NARGS(nargsf);
  bool keywords = kwnames != NULL && PyTuple_GET_SIZE(kwnames) > 0;
  ls_header h = {.kind = LS_INVOKE, .flags = keywords ? LS_KEYWORDS : 0};
  if (ls_is_crowded(e) && !e->forked && !e->sync_main_only && ls_stand_in_line(e) < 0) {
    return NULL;
  }
  if (b->encoded == NULL || !may_start(e) || !read_chain(e, &h)) {
    return go_the_long_way(b, args, count, kwnames);
  }
  int lies = e->handed ? lies_here(e) : 0;
  int committed = lies == 0 ? commit_call(b, &h, args, count, kwnames) : lies < 0 ? -1 : 0;
  if (committed <= 0) {
    return committed < 0 ? NULL : go_the_long_way(b, args, count, kwnames);
  }
  ls_sent(e, &h);
  ls_take_role(e);
  return wait_for_reply(b, &h);
}

/* ---- the type ---- */

PyObject *ls_make_bound(ls_endpoint *e, PyObject *name) {
  if (!PyUnicode_CheckExact(name)) {
    PyErr_SetString(PyExc_TypeError, "the name of a function must be a str");
    return NULL;
  }
  ls_bound *b = PyObject_GC_New(ls_bound, &ls_bound_type);
  if (b == NULL) {
    return NULL;
  }
  b->call = bound_call;
  b->endpoint = (ls_endpoint *)Py_NewRef((PyObject *)e);
  b->name = Py_NewRef(name);
  b->members = NULL;
  b->encoded = NULL;
  PyObject_GC_Track((PyObject *)b);
  ls_out out;
  ls_out_open(&out, SIZE_MAX);
  ls_verdict verdict = ls_encode_text(&out, name);
  /* A name that cannot cross is not refused here but by the call, which names it: an empty one never fits. */
  if (verdict == LS_DONE && PyUnicode_GET_LENGTH(name) > 0 && out.length <= ls_limits.max_name_bytes) {
    b->encoded = ls_out_finish(&out);
    verdict = b->encoded ? LS_DONE : LS_RAISED;
  }
  ls_out_close(&out);
  if (verdict == LS_RAISED) {
    Py_DECREF(b);
    return NULL;
  }
  return (PyObject *)b;
}

static PyObject *get_attribute(PyObject *self, PyObject *attribute) {
  PyObject *found = PyObject_GenericGetAttr(self, attribute);
  if (found != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError)) {
    return found;
  }
  ls_bound *b = (ls_bound *)self;
  if (!PyUnicode_Check(attribute) || b->endpoint->hooks == NULL) {
    return NULL;
  }
  if (PyUnicode_GET_LENGTH(attribute) > 1 && PyUnicode_READ_CHAR(attribute, 0) == '_' &&
      PyUnicode_READ_CHAR(attribute, 1) == '_') {
    return NULL; /* __wrapped__, __name__: questions of Python's own, no functions of main */
  }
  PyErr_Clear();
  found = PyObject_CallMethod(b->endpoint->hooks, "member", "OO", b->name, attribute);
  if (found != NULL && PyObject_GenericSetAttr(self, attribute, found) < 0) {
    Py_CLEAR(found);
  }
  return found;
}

static int set_attribute(PyObject *self, PyObject *attribute, PyObject *value) {
  ls_bound *b = (ls_bound *)self;
  (void)value;
  PyErr_Format(PyExc_AttributeError, "cannot assign to %U.%S: export with sync['%U.%S'] = function", b->name, attribute,
               b->name, attribute);
  return -1;
}

static PyObject *get_name(PyObject *self, void *unused) {
  (void)unused;
  return Py_NewRef(((ls_bound *)self)->name);
}

static PyGetSetDef bound_getset[] = {
    {"__name__", get_name, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static int bound_traverse(ls_bound *b, visitproc visit, void *arg) {
  Py_VISIT(b->endpoint);
  Py_VISIT(b->members);
  return 0;
}

static int bound_clear(ls_bound *b) {
  Py_CLEAR(b->members);
  return 0;
}

static void bound_dealloc(ls_bound *b) {
  PyObject_GC_UnTrack(b);
  bound_clear(b);
  Py_CLEAR(b->endpoint);
  Py_CLEAR(b->name);
  Py_CLEAR(b->encoded);
  PyObject_GC_Del(b);
}

static PyObject *bound_repr(ls_bound *b) { return PyUnicode_FromFormat("<main's function %U>", b->name); }

PyTypeObject ls_bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_accelerator.BoundCall",
    .tp_doc = "Main's function by its name: call it, and it blocks for the answer.",
    .tp_basicsize = sizeof(ls_bound),
    .tp_dealloc = (destructor)bound_dealloc,
    .tp_repr = (reprfunc)bound_repr,
    .tp_vectorcall_offset = offsetof(ls_bound, call),
    .tp_call = PyVectorcall_Call,
    .tp_getattro = get_attribute,
    .tp_setattro = set_attribute,
    .tp_getset = bound_getset,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_traverse = (traverseproc)bound_traverse,
    .tp_clear = (inquiry)bound_clear,
    .tp_dictoffset = offsetof(ls_bound, members),
};
