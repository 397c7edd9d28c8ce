/* libFuzzer's entry: the accelerator, linked in and instrumented, in an interpreter that runs tests/verdicts.py.
 *
 * LOCKSTEP_FUZZ_TARGET chooses `value`, `call` or `frames`. Every input gets its verdict of the C twin and of the pure
 * one; whatever else happens (another verdict, an exception that is no refusal, what a sanitizer sees) ends the run.
 */
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>

PyMODINIT_FUNC PyInit__accelerator(void);

static PyObject *check;

static void give_up(void) {
  PyErr_Print();
  abort();
}

static const char prepare[] =
    "import os, sys\n"
    "sys.path.insert(0, os.environ['LOCKSTEP_FUZZ_TESTS'])\n"
    "import harness, lockstep\n"
    "sys.modules['lockstep._accelerator'] = lockstep._accelerator = make()\n"
    "import verdicts\n"
    "c, py = verdicts.Decoders('c'), verdicts.Decoders('py')\n"
    "target = os.environ['LOCKSTEP_FUZZ_TARGET']\n"
    "def check(data):\n"
    "    found, expected = c.verdict(target, data), py.verdict(target, data)\n"
    "    if found != expected:\n"
    "        raise AssertionError('c: %s, py: %s' % (found, expected))\n";

static PyObject *make(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  return PyInit__accelerator();
}

static PyMethodDef maker = {"make", make, METH_NOARGS, NULL};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  Py_InitializeEx(0);
  PyObject *globals = PyDict_New();
  if (globals == NULL || PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins()) < 0 ||
      PyDict_SetItemString(globals, "make", PyCFunction_New(&maker, NULL)) < 0 ||
      PyRun_String(prepare, Py_file_input, globals, globals) == NULL) {
    give_up();
  }
  check = PyDict_GetItemString(globals, "check");
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  PyObject *done = PyObject_CallFunction(check, "y#", data, (Py_ssize_t)size);
  if (done == NULL) {
    give_up();
  }
  Py_DECREF(done);
  return 0;
}
