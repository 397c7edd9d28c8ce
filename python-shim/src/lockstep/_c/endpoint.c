/* The types Endpoint and Frame: state, role, and the methods that Python sees. */
#include "endpoint.h"

#include <structmember.h>
#include <unistd.h>

ls_error_classes ls_errors;

/* ---- Frame ---- */

static void frame_dealloc(ls_frame *frame) {
  Py_XDECREF(frame->payload);
  PyObject_Free(frame);
}

static PyObject *frame_repr(ls_frame *frame) {
  return PyUnicode_FromFormat("Frame(%s, flags=%u, depth=%u, call_id=%llu, parent_id=%llu, %zd bytes)",
                              ls_kind_names[frame->kind & 7], frame->flags, frame->depth, frame->call_id, frame->parent_id,
                              PyBytes_GET_SIZE(frame->payload));
}

static PyMemberDef frame_members[] = {
    {"kind", T_UBYTE, offsetof(ls_frame, kind), READONLY, NULL},
    {"flags", T_UBYTE, offsetof(ls_frame, flags), READONLY, NULL},
    {"depth", T_USHORT, offsetof(ls_frame, depth), READONLY, NULL},
    {"call_id", T_ULONGLONG, offsetof(ls_frame, call_id), READONLY, NULL},
    {"parent_id", T_ULONGLONG, offsetof(ls_frame, parent_id), READONLY, NULL},
    {"payload", T_OBJECT_EX, offsetof(ls_frame, payload), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *frame_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"kind", "flags", "depth", "call_id", "parent_id", "payload", NULL};
  ls_header h = {0};
  unsigned long long call_id, parent_id;
  PyObject *payload;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "BBHKKS:Frame", names, &h.kind, &h.flags, &h.depth, &call_id,
                                   &parent_id, &payload)) {
    return NULL;
  }
  h.call_id = call_id;
  h.parent_id = parent_id;
  return ls_make_frame(&h, Py_NewRef(payload));
}

PyTypeObject ls_frame_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_accelerator.Frame",
    .tp_doc = "One whole message; never a decodable value.",
    .tp_basicsize = sizeof(ls_frame),
    .tp_dealloc = (destructor)frame_dealloc,
    .tp_repr = (reprfunc)frame_repr,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_members = frame_members,
    .tp_new = frame_new,
};

/* ---- state that the other files ask for ---- */

int ls_raise_fault(ls_endpoint *e) {
  e->broken = true; /* final: nothing of a peer that wrote this is believed again */
  PyObject *error =
      PyObject_CallFunction(ls_errors.peer_fault, "sKs", e->fault.word, (unsigned long long)e->fault.value,
                            e->fault.allowed);
  if (error != NULL) {
    PyErr_SetObject(ls_errors.peer_fault, error);
    Py_DECREF(error);
  }
  return -1;
}

int ls_usable(ls_endpoint *e) {
  if (e->forked) {
    PyErr_Format(ls_errors.forked,
                 "channel used in a forked child: pid=%d; only the process that the host started can call main",
                 (int)getpid());
    return -1;
  }
  return e->broken ? ls_raise_fault(e) : 0;
}

uint32_t ls_host_state(const ls_endpoint *e) {
  /* PAIRS: Segment.hostState */
  return atomic_load_explicit(word32(e, LS_HOST_STATE_OFFSET), memory_order_acquire);
}

bool ls_take_role(ls_endpoint *e) {
  if (e->role) {
    return false;
  }
  atomic_store_explicit(&e->role, true, memory_order_relaxed); /* written with the GIL; the line looks without */
  e->role_thread = PyThread_get_thread_ident();
  return true;
}

int ls_leave_role(ls_endpoint *e) {
  atomic_store_explicit(&e->role, false, memory_order_relaxed);
  if (e->waiting == 0 || e->hooks == NULL) {
    return 0;
  }
  PyObject *done = PyObject_CallMethod(e->hooks, "hand_over", NULL);
  Py_XDECREF(done);
  return done ? 0 : -1;
}

int ls_leave_role_raising(ls_endpoint *e) {
  PyObject *exception = ls_take_exception();
  if (ls_leave_role(e) < 0) {
    PyErr_Clear();
  }
  ls_give_exception(exception);
  return -1;
}

PyObject *ls_take_exception(void) {
#if PY_VERSION_HEX >= 0x030C0000
  return PyErr_GetRaisedException();
#else
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != NULL) {
    PyException_SetTraceback(value, traceback);
  }
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return value;
#endif
}

void ls_give_exception(PyObject *exception) {
#if PY_VERSION_HEX >= 0x030C0000
  PyErr_SetRaisedException(exception);
#else
  PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
#endif
}

/* ---- Endpoint: life ---- */

/* A limit by its name; what is not named has its default. */
static int number(PyObject *limits, const char *name, uint32_t *value) {
  PyObject *layout = PyImport_ImportModule("lockstep._layout");
  PyObject *defaults = layout ? PyObject_GetAttrString(layout, "DEFAULT_LIMITS") : NULL;
  PyObject *found = defaults ? PyDict_GetItemString(PyDict_GetItemString(limits, name) ? limits : defaults, name) : NULL;
  unsigned long asked = found ? PyLong_AsUnsignedLong(found) : 0;
  Py_XDECREF(defaults);
  Py_XDECREF(layout);
  if (PyErr_Occurred()) {
    return -1;
  }
  *value = asked > INT32_MAX ? INT32_MAX : (uint32_t)asked;
  return 0;
}

static bool is_capacity(unsigned long bytes) {
  return bytes >= LS_MIN_CAPACITY_BYTES && bytes <= LS_MAX_CAPACITY_BYTES && (bytes & (bytes - 1)) == 0;
}

static uint32_t kinds_for(int side, bool sync_main_only) {
  uint32_t calls = 1u << LS_INVOKE | 1u << LS_CANCEL | 1u << LS_NOTIFY, answers = 1u << LS_REPLY | 1u << LS_ERROR;
  if (side == LS_WORKER) {
    return sync_main_only ? calls : calls | answers;
  }
  answers |= 1u << LS_READY | 1u << LS_FATAL;
  return sync_main_only ? answers : calls | answers;
}

static PyObject *endpoint_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"buffer", "side", "to_worker_capacity", "to_host_capacity", "limits", "sync_main_only", NULL};
  PyObject *buffer, *limits;
  int side, only = 0;
  unsigned long to_worker, to_host;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OikkO!|p:Endpoint", names, &buffer, &side, &to_worker, &to_host,
                                   &PyDict_Type, &limits, &only)) {
    return NULL;
  }
  if ((side != LS_HOST && side != LS_WORKER) || !is_capacity(to_worker) || !is_capacity(to_host)) {
    return PyErr_Format(PyExc_ValueError, "endpoint refused: side=%d, toWorkerCapacity=%lu, toHostCapacity=%lu", side,
                        to_worker, to_host);
  }
  ls_endpoint *e = (ls_endpoint *)type->tp_alloc(type, 0);
  if (e == NULL) {
    return NULL;
  }
  if (number(limits, "maxMessageBytes", &e->max_message_bytes) < 0 || number(limits, "maxDepth", &e->max_depth) < 0 ||
      number(limits, "maxQueued", &e->max_queued) < 0 || PyObject_GetBuffer(buffer, &e->view, PyBUF_WRITABLE) < 0) {
    Py_DECREF(e);
    return NULL;
  }
  e->base = e->view.buf;
  uint64_t needed = LS_HEADER_BYTES + (uint64_t)to_worker + to_host;
  if ((uint64_t)e->view.len < needed || (uintptr_t)e->base % 8 != 0) {
    PyErr_Format(PyExc_ValueError, "buffer refused: bytes=%zd, at least %llu, aligned to 8", e->view.len,
                 (unsigned long long)needed);
    Py_DECREF(e);
    return NULL;
  }
  e->side = side;
  e->sync_main_only = only;
  e->allowed_kinds = kinds_for(side, only);
  e->counter = 1;
  e->seen_state = LS_HOST_READY;
  e->part_pause_nanos = LS_LEAST_PART_PAUSE_NANOS;
  uint8_t *lane0 = e->base + LS_TO_WORKER_LANE_OFFSET, *lane1 = e->base + LS_TO_HOST_LANE_OFFSET;
  uint8_t *ring0 = e->base + LS_HEADER_BYTES, *ring1 = ring0 + to_worker;
  if (side == LS_WORKER) {
    ls_reader_open(&e->in, lane0, ring0, to_worker);
    ls_writer_open(&e->out, lane1, ring1, to_host);
  } else {
    ls_writer_open(&e->out, lane0, ring0, to_worker);
    ls_reader_open(&e->in, lane1, ring1, to_host);
  }
  ls_spin_open(&e->reply_spin);
  ls_spin_open(&e->idle_spin);
  int refused = ls_futex_refused(ls_data_signal(e->in.lane));
  if (refused != 0) {
    PyErr_Format(PyExc_OSError, "the kernel refuses the futex call, without which nobody can wait: errno=%d; is it filtered?",
                 refused);
    Py_DECREF(e);
    return NULL;
  }
  return (PyObject *)e;
}

static int endpoint_traverse(ls_endpoint *e, visitproc visit, void *arg) {
  Py_VISIT(e->hooks);
  Py_VISIT(e->current);
  Py_VISIT(e->exports);
  return 0;
}

static int endpoint_clear(ls_endpoint *e) {
  Py_CLEAR(e->hooks);
  Py_CLEAR(e->current);
  Py_CLEAR(e->exports);
  return 0;
}

static void endpoint_dealloc(ls_endpoint *e) {
  PyObject_GC_UnTrack(e);
  endpoint_clear(e);
  ls_drop_messages(e);
  for (int i = 0; i < LS_NAME_SLOTS; i++) {
    Py_XDECREF(e->names[i].name);
  }
  if (e->view.obj != NULL) {
    PyBuffer_Release(&e->view);
  }
  Py_TYPE(e)->tp_free((PyObject *)e);
}

/* ---- Endpoint: methods ---- */

static PyObject *attach(ls_endpoint *e, PyObject *hooks) {
  PyObject *current = PyObject_GetAttrString(hooks, "current");
  if (current == NULL) {
    return NULL;
  }
  if (!PyContextVar_CheckExact(current)) {
    Py_DECREF(current);
    PyErr_SetString(PyExc_TypeError, "hooks.current must be a ContextVar");
    return NULL;
  }
  PyObject *exports = PyObject_GetAttrString(hooks, "exports");
  if (exports == NULL || !PyDict_Check(exports)) {
    PyErr_Clear();
    Py_CLEAR(exports);
  }
  Py_XSETREF(e->exports, exports);
  Py_XSETREF(e->current, current);
  Py_INCREF(hooks);
  Py_XSETREF(e->hooks, hooks);
  Py_RETURN_NONE;
}

static PyObject *next_call_id(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return PyLong_FromUnsignedLongLong(e->counter++ << 1 | (uint64_t)e->side);
}

static PyObject *send_message(ls_endpoint *e, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"kind", "flags", "depth", "call_id", "parent_id", "payload", "deadline", NULL};
  ls_header h = {0};
  unsigned long long call_id, parent_id;
  Py_buffer payload;
  PyObject *deadline = NULL;
  uint64_t nanos;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "BBHKKy*|O:send", names, &h.kind, &h.flags, &h.depth, &call_id,
                                   &parent_id, &payload, &deadline)) {
    return NULL;
  }
  h.call_id = call_id;
  h.parent_id = parent_id;
  int done = -1;
  if (ls_usable(e) == 0 && ls_deadline_from(deadline, &nanos) == 0) {
    done = ls_send(e, &h, payload.buf, (size_t)payload.len, nanos);
  }
  PyBuffer_Release(&payload);
  if (done < 0) {
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *next_frame(ls_endpoint *e) {
  PyObject *frame = ls_pop_inbox(e);
  if (frame == NULL && ls_fetch(e, &frame) == 0) {
    Py_RETURN_NONE;
  }
  return frame;
}

static PyObject *poll_message(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return ls_usable(e) < 0 ? NULL : next_frame(e);
}

static PyObject *wait_message(ls_endpoint *e, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"deadline", NULL};
  PyObject *seconds = NULL;
  uint64_t deadline;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:wait", names, &seconds) ||
      ls_deadline_from(seconds, &deadline) < 0) {
    return NULL;
  }
  for (int64_t slice = LS_SLICE_IN_FLIGHT_NANOS;;) {
    if (ls_usable(e) < 0) {
      return NULL;
    }
    PyObject *frame = next_frame(e);
    if (frame != Py_None) {
      return frame;
    }
    Py_DECREF(frame);
    switch (ls_wait(e, &e->reply_spin, slice, deadline)) {
      case LS_WAIT_RAISED:
        return NULL;
      case LS_WAIT_DATA:
        continue;
      case LS_WAIT_SLICE:
        slice = slice * 2 < LS_SLICE_IDLE_NANOS ? slice * 2 : LS_SLICE_IDLE_NANOS;
        continue;
      default:
        Py_RETURN_NONE;
    }
  }
}

static PyObject *try_acquire_role(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return PyBool_FromLong(ls_take_role(e));
}

static PyObject *role_is_mine(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return PyBool_FromLong(e->role && e->role_thread == PyThread_get_thread_ident());
}

static PyObject *release_role(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  if (ls_leave_role(e) < 0) {
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *wake(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  if (!e->forked) {
    ls_raise_and_wake(ls_data_signal(e->in.lane));
  }
  Py_RETURN_NONE;
}

static PyObject *state(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return PyLong_FromUnsignedLong(ls_host_state(e));
}

static PyObject *set_worker_state(ls_endpoint *e, PyObject *value) {
  unsigned long asked = PyLong_AsUnsignedLong(value);
  if (PyErr_Occurred()) {
    return NULL;
  }
  if (!e->forked) {
    LS_STEP("worker state");
    /* PAIRS: Segment.workerState */
    atomic_store_explicit(word32(e, LS_WORKER_STATE_OFFSET), (uint32_t)asked, memory_order_release);
  }
  Py_RETURN_NONE;
}

static PyObject *interrupt_call_id(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  /* PAIRS: Segment.interruptCallId */
  return PyLong_FromUnsignedLongLong(atomic_load_explicit(
      (_Atomic(uint64_t) *)(void *)(e->base + LS_INTERRUPT_CALL_ID_OFFSET), memory_order_acquire));
}

static PyObject *chain(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  if (!ls_serves_here(e)) {
    Py_RETURN_NONE;
  }
  return Py_BuildValue("(Ki)", e->serving, (int)e->serving_depth);
}

static PyObject *suspended(ls_endpoint *e, PyObject *call_id) {
  unsigned long long id = PyLong_AsUnsignedLongLong(call_id);
  return PyErr_Occurred() ? NULL : ls_pending_of(e, id);
}

static PyObject *suspended_names(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  return ls_suspended_names(e);
}

static PyObject *counters(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  unsigned long long spins = e->reply_spin.hits + e->idle_spin.hits;
  return Py_BuildValue("{sK sK sK sK sK sK sK sI sK}", "frames_in", e->frames_in, "frames_out", e->frames_out,
                       "bytes_in", e->bytes_in, "bytes_out", e->bytes_out, "parks", e->parks, "spins", spins,
                       "late_wakeups", e->late_wakeups, "inbox_messages", e->inbox_count,
                       "inbox_bytes", e->inbox_bytes);
}

static PyObject *close_in_child(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  e->forked = true;
  Py_RETURN_NONE;
}

static PyObject *bound_call(ls_endpoint *e, PyObject *name) { return ls_make_bound(e, name); }

static PyObject *serve(ls_endpoint *e, PyObject *args) {
  PyObject *exports, *on_frame;
  if (!PyArg_ParseTuple(args, "O!O:serve", &PyDict_Type, &exports, &on_frame)) {
    return NULL;
  }
  return ls_serve(e, exports, on_frame);
}

static PyObject *bridge(ls_endpoint *e, PyObject *number) {
  int fd = PyObject_AsFileDescriptor(number);
  if (fd < 0 || ls_usable(e) < 0 || ls_start_bridge(e, fd) < 0) {
    return NULL;
  }
  Py_RETURN_NONE;
}

static PyObject *arm(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  if (ls_usable(e) < 0) {
    return NULL;
  }
  if (!e->bridge_running) {
    PyErr_SetString(PyExc_RuntimeError, "no bridge was started on this endpoint");
    return NULL;
  }
  ls_arm_bridge(e);
  Py_RETURN_NONE;
}

static PyObject *disarm(ls_endpoint *e, PyObject *unused) {
  (void)unused;
  if (!e->forked) {
    ls_disarm_bridge(e);
  }
  Py_RETURN_NONE;
}

static PyObject *get_attention(ls_endpoint *e, void *unused) {
  (void)unused;
  return PyBool_FromLong(atomic_load(&e->attention));
}

static int set_attention(ls_endpoint *e, PyObject *value, void *unused) {
  (void)unused;
  int wanted = value ? PyObject_IsTrue(value) : 0;
  if (wanted < 0) {
    return -1;
  }
  atomic_store(&e->attention, wanted != 0);
  return 0;
}

#define METHOD(function) (PyCFunction)(void (*)(void))(function)

static PyMethodDef endpoint_methods[] = {
    {"attach", METHOD(attach), METH_O, NULL},
    {"next_call_id", METHOD(next_call_id), METH_NOARGS, NULL},
    {"send", METHOD(send_message), METH_VARARGS | METH_KEYWORDS, NULL},
    {"poll", METHOD(poll_message), METH_NOARGS, NULL},
    {"wait", METHOD(wait_message), METH_VARARGS | METH_KEYWORDS, NULL},
    {"try_acquire_role", METHOD(try_acquire_role), METH_NOARGS, NULL},
    {"role_is_mine", METHOD(role_is_mine), METH_NOARGS, "Whether the calling thread holds the role."},
    {"release_role", METHOD(release_role), METH_NOARGS, NULL},
    {"wake", METHOD(wake), METH_NOARGS, NULL},
    {"state", METHOD(state), METH_NOARGS, NULL},
    {"set_worker_state", METHOD(set_worker_state), METH_O, NULL},
    {"interrupt_call_id", METHOD(interrupt_call_id), METH_NOARGS, NULL},
    {"chain", METHOD(chain), METH_NOARGS, "(call id, depth) of the call that C runs on this thread, or None."},
    {"suspended", METHOD(suspended), METH_O, NULL},
    {"suspended_names", METHOD(suspended_names), METH_NOARGS, NULL},
    {"counters", METHOD(counters), METH_NOARGS, NULL},
    {"close_in_child", METHOD(close_in_child), METH_NOARGS, NULL},
    {"bound_call", METHOD(bound_call), METH_O, NULL},
    {"serve", METHOD(serve), METH_VARARGS, NULL},
    {"bridge", METHOD(bridge), METH_O, "Starts the thread that turns the data signal into writes to this eventfd."},
    {"arm", METHOD(arm), METH_NOARGS,
     "By the role's holder, which keeps the role and sleeps elsewhere: the next thing raised fires the eventfd once."},
    {"disarm", METHOD(disarm), METH_NOARGS, "After it the bridge touches nothing until armed again."},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef endpoint_members[] = {
    {"side", T_INT, offsetof(ls_endpoint, side), READONLY, NULL},
    {"queued", T_PYSSIZET, offsetof(ls_endpoint, queued), 0, NULL},
    {"handed", T_BOOL, offsetof(ls_endpoint, handed), 0, NULL},
    {"waiting", T_PYSSIZET, offsetof(ls_endpoint, waiting), 0, NULL},
    {"unflushed", T_BOOL, offsetof(ls_endpoint, unflushed), 0, NULL},
    {"serving", T_ULONGLONG, offsetof(ls_endpoint, serving), READONLY, NULL},
    {"calls_served", T_ULONGLONG, offsetof(ls_endpoint, calls_served), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyObject *get_twin(ls_endpoint *e, void *unused) {
  (void)e;
  (void)unused;
  return PyUnicode_FromString("c");
}

static PyGetSetDef endpoint_getset[] = {
    {"twin", (getter)get_twin, NULL, NULL, NULL},
    {"attention", (getter)get_attention, (setter)set_attention, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject ls_endpoint_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "_accelerator.Endpoint",
    .tp_doc = "One side of a segment; see lockstep._channel.Endpoint.",
    .tp_basicsize = sizeof(ls_endpoint),
    .tp_dealloc = (destructor)endpoint_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)endpoint_traverse,
    .tp_clear = (inquiry)endpoint_clear,
    .tp_methods = endpoint_methods,
    .tp_members = endpoint_members,
    .tp_getset = endpoint_getset,
    .tp_new = endpoint_new,
};
