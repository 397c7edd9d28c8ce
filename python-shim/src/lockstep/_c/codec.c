#include "endpoint.h"

/* The functions that Python sees: the four of lockstep/_codec.py, and `configure`. */

ls_codec_limits ls_limits = {
    .max_message_bytes = 256u << 20,
    .max_nesting = 64,
    .max_items = 16u << 20,
    .max_integer_bytes = 4096,
    .max_name_bytes = 1024,
};

PyObject *ls_codec_hook(const char *name) {
  static PyObject *codec; /* the module lives as long as the interpreter; subinterpreters are refused */
  if (codec == NULL) {
    codec = PyImport_ImportModule("lockstep._codec");
    if (codec == NULL) {
      return NULL;
    }
  }
  PyObject *found = PyObject_GetAttrString(codec, name);
  Py_XDECREF(found); /* the module keeps it */
  return found;
}

/* The verdict of the pure twin on what was refused here. */
static PyObject *ask_twin(const char *name, const char *format, ...) {
  PyObject *function = ls_codec_hook(name);
  if (function == NULL) {
    return NULL;
  }
  va_list list;
  va_start(list, format);
  PyObject *arguments = Py_VaBuildValue(format, list);
  va_end(list);
  if (arguments == NULL) {
    return NULL;
  }
  PyObject *result = PyObject_CallObject(function, arguments);
  Py_DECREF(arguments);
  return result;
}

static PyObject *encode_value(PyObject *self, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"value", "root", NULL};
  (void)self;
  PyObject *value, *root = NULL;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:encode_value", names, &value, &root)) {
    return NULL;
  }
  ls_out out;
  ls_out_open(&out, SIZE_MAX);
  ls_verdict verdict = ls_encode(&out, value);
  if (verdict == LS_DONE) {
    return ls_out_finish(&out);
  }
  ls_out_close(&out);
  if (verdict == LS_RAISED) {
    return NULL;
  }
  return root ? ask_twin("encode_value", "(OO)", value, root) : ask_twin("encode_value", "(O)", value);
}

static PyObject *encode_call(PyObject *self, PyObject *args) {
  (void)self;
  PyObject *name, *positional, *keywords;
  if (!PyArg_ParseTuple(args, "UOO!:encode_call", &name, &positional, &PyDict_Type, &keywords)) {
    return NULL;
  }
  PyObject *items = PySequence_Tuple(positional), *names = NULL, **flat = NULL, *key, *item;
  if (items == NULL) {
    return NULL;
  }
  Py_ssize_t count = PyTuple_GET_SIZE(items), extra = PyDict_GET_SIZE(keywords), position = 0, at = 0;
  names = PyTuple_New(extra);
  flat = PyMem_New(PyObject *, (size_t)(count + extra) + 1);
  ls_out out;
  ls_out_open(&out, SIZE_MAX);
  ls_verdict verdict = LS_RAISED;
  if (names == NULL || flat == NULL) {
    PyErr_NoMemory();
    goto done;
  }
  for (; at < count; at++) {
    flat[at] = Py_NewRef(PyTuple_GET_ITEM(items, at));
  }
  while (PyDict_Next(keywords, &position, &key, &item)) {
    PyTuple_SET_ITEM(names, at - count, Py_NewRef(key));
    flat[at++] = Py_NewRef(item);
  }
  verdict = ls_encode_text(&out, name);
  if (verdict == LS_DONE && (PyUnicode_GET_LENGTH(name) == 0 || out.length > ls_limits.max_name_bytes)) {
    verdict = LS_REFUSED; /* the head counted too: a name so near its limit is measured by the twin */
  }
  if (verdict == LS_DONE) {
    verdict = ls_encode_arguments(&out, flat, count, names);
  }
done:
  while (at > 0) {
    Py_DECREF(flat[--at]);
  }
  PyMem_Free(flat);
  Py_XDECREF(names);
  Py_DECREF(items);
  if (verdict == LS_DONE) {
    return ls_out_finish(&out);
  }
  ls_out_close(&out);
  return verdict == LS_RAISED ? NULL : ask_twin("encode_call", "(OOO)", name, positional, keywords);
}

PyObject *ls_decode_value_or_raise(const uint8_t *bytes, size_t length) {
  ls_in in = {.bytes = bytes, .length = length};
  PyObject *value = NULL;
  ls_verdict verdict = ls_decode(&in, &value);
  if (verdict == LS_DONE && in.at == length) {
    return value;
  }
  Py_XDECREF(value);
  if (verdict == LS_RAISED) {
    return NULL;
  }
  return ask_twin("decode_value", "(y#)", bytes, (Py_ssize_t)length);
}

static PyObject *decode_value(PyObject *self, PyObject *data) {
  (void)self;
  Py_buffer view;
  if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) {
    return NULL;
  }
  PyObject *value = ls_decode_value_or_raise(view.buf, (size_t)view.len);
  PyBuffer_Release(&view);
  return value;
}

static ls_verdict decode_parts(ls_in *in, bool has_keywords, PyObject **name, PyObject **args, PyObject **kwargs) {
  const uint8_t *text;
  size_t length;
  ls_verdict verdict = ls_decode_name(in, &text, &length);
  if (verdict != LS_DONE) {
    return verdict;
  }
  *name = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)length, NULL);
  if (*name == NULL) {
    PyErr_Clear();
    return LS_REFUSED;
  }
  size_t count;
  verdict = ls_decode_count(in, 4, &count);
  if (verdict != LS_DONE) {
    return verdict;
  }
  *args = PyList_New((Py_ssize_t)count);
  *kwargs = PyDict_New();
  if (*args == NULL || *kwargs == NULL) {
    return LS_RAISED;
  }
  for (size_t i = 0; i < count; i++) {
    PyObject *item;
    verdict = ls_decode(in, &item);
    if (verdict != LS_DONE) {
      return verdict;
    }
    PyList_SET_ITEM(*args, (Py_ssize_t)i, item);
  }
  if (has_keywords) {
    verdict = ls_decode_count(in, 5, &count);
    for (size_t i = 0; verdict == LS_DONE && i < count; i++) {
      PyObject *key = NULL, *item = NULL;
      verdict = ls_decode(in, &key);
      if (verdict == LS_DONE) {
        verdict = PyUnicode_CheckExact(key) ? ls_decode(in, &item) : LS_REFUSED;
      }
      if (verdict == LS_DONE && PyDict_SetItem(*kwargs, key, item) < 0) {
        verdict = LS_RAISED;
      }
      if (verdict == LS_DONE && (size_t)PyDict_GET_SIZE(*kwargs) != i + 1) {
        verdict = LS_REFUSED;
      }
      Py_XDECREF(key);
      Py_XDECREF(item);
    }
  }
  return verdict == LS_DONE && in->at != in->length ? LS_REFUSED : verdict;
}

static PyObject *decode_call(PyObject *self, PyObject *args) {
  (void)self;
  PyObject *data;
  int has_keywords;
  Py_buffer view;
  if (!PyArg_ParseTuple(args, "Op:decode_call", &data, &has_keywords) ||
      PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) < 0) {
    return NULL;
  }
  PyObject *name = NULL, *positional = NULL, *keywords = NULL, *result = NULL;
  ls_in in = {.bytes = view.buf, .length = (size_t)view.len};
  ls_verdict verdict = decode_parts(&in, has_keywords, &name, &positional, &keywords);
  if (verdict == LS_DONE) {
    result = PyTuple_Pack(3, name, positional, keywords);
  }
  Py_XDECREF(name);
  Py_XDECREF(positional);
  Py_XDECREF(keywords);
  PyBuffer_Release(&view);
  return verdict == LS_REFUSED ? ask_twin("decode_call", "(Oi)", data, has_keywords) : result;
}

static int limit(PyObject *limits, const char *name, uint32_t *value) {
  PyObject *number = PyDict_GetItemString(limits, name);
  if (number == NULL) {
    return 0;
  }
  unsigned long asked = PyLong_AsUnsignedLong(number);
  if (PyErr_Occurred()) {
    return -1;
  }
  if (asked == 0 || asked > INT32_MAX) {
    PyErr_Format(PyExc_ValueError, "limit refused: %s=%lu, at least 1, at most %d", name, asked, INT32_MAX);
    return -1;
  }
  *value = (uint32_t)asked;
  return 0;
}

static PyObject *configure(PyObject *self, PyObject *limits) {
  (void)self;
  ls_codec_limits asked = ls_limits;
  if (!PyDict_Check(limits)) {
    PyErr_SetString(PyExc_TypeError, "limits must be a dict");
    return NULL;
  }
  if (limit(limits, "maxMessageBytes", &asked.max_message_bytes) < 0 ||
      limit(limits, "maxNesting", &asked.max_nesting) < 0 || limit(limits, "maxItems", &asked.max_items) < 0 ||
      limit(limits, "maxIntegerBytes", &asked.max_integer_bytes) < 0 ||
      limit(limits, "maxNameBytes", &asked.max_name_bytes) < 0) {
    return NULL;
  }
  ls_limits = asked;
  return ask_twin("configure", "(O)", limits); /* it judges what is refused here, by the same limits */
}

PyMethodDef ls_codec_methods[] = {
    {"configure", configure, METH_O, "Sets the limits of every later call, here and in the pure twin."},
    {"encode_value", (PyCFunction)(void (*)(void))encode_value, METH_VARARGS | METH_KEYWORDS,
     "One value as bytes; see lockstep._codec."},
    {"encode_call", encode_call, METH_VARARGS, "Payload of a call; see lockstep._codec."},
    {"decode_value", decode_value, METH_O, "The one value that bytes hold; see lockstep._codec."},
    {"decode_call", decode_call, METH_VARARGS, "Name, arguments and keywords of a payload; see lockstep._codec."},
    {NULL, NULL, 0, NULL},
};
