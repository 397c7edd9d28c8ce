/* The module _accelerator: what of the shim is written in C. */
#include "endpoint.h"

extern const char ls_source_hash[];

static int find_errors(void) {
  PyObject *module = PyImport_ImportModule("lockstep.errors");
  if (module == NULL) {
    return -1;
  }
  struct {
    const char *name;
    PyObject **place;
  } wanted[] = {
      {"LockstepError", &ls_errors.lockstep},          {"UnserializableError", &ls_errors.unserializable},
      {"MalformedValueError", &ls_errors.malformed},   {"PeerFaultError", &ls_errors.peer_fault},
      {"ChannelClosedError", &ls_errors.closed},       {"MessageTooLargeError", &ls_errors.too_large},
      {"QueueFullError", &ls_errors.queue_full},       {"CallTimeoutError", &ls_errors.timeout},
      {"ForkedWorkerError", &ls_errors.forked},
  };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    *wanted[i].place = PyObject_GetAttrString(module, wanted[i].name);
    if (*wanted[i].place == NULL) {
      Py_DECREF(module);
      return -1;
    }
  }
  Py_DECREF(module);
  return 0;
}

static int make_constants(void) {
  ls_nan_key = PyFloat_FromDouble(Py_NAN);
  return ls_nan_key ? 0 : -1;
}

static int add_type(PyObject *m, const char *name, PyTypeObject *type) {
  if (PyType_Ready(type) < 0) {
    return -1;
  }
  Py_INCREF(type);
  if (PyModule_AddObject(m, name, (PyObject *)type) < 0) {
    Py_DECREF(type);
    return -1;
  }
  return 0;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_accelerator",
    .m_doc = "The C twin of lockstep._codec and lockstep._channel.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__accelerator(void) {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError, "the accelerator serves the main interpreter only");
    return NULL;
  }
  if (find_errors() < 0 || make_constants() < 0) {
    return NULL;
  }
  PyObject *m = PyModule_Create(&definition);
  if (m == NULL) {
    return NULL;
  }
  if (PyModule_AddFunctions(m, ls_codec_methods) < 0 || PyModule_AddFunctions(m, ls_guard_methods) < 0 ||
      PyModule_AddStringConstant(m, "SOURCE_HASH", ls_source_hash) < 0 ||
      add_type(m, "Frame", &ls_frame_type) < 0 || add_type(m, "Endpoint", &ls_endpoint_type) < 0 ||
      add_type(m, "BoundCall", &ls_bound_type) < 0) {
    Py_DECREF(m);
    return NULL;
  }
  return m;
}
