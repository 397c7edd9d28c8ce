#include "endpoint.h"

#include <string.h>

#if PY_VERSION_HEX < 0x030B0000
#include <longintrepr.h>
#endif

#define FIRST_ROOM 224

typedef struct {
  ls_out *out;
  uint32_t items;
  uint32_t depth;
  PyObject *around[LS_DEEPEST]; /* the containers that enclose the value: a value among them is a cycle */
} encoder;

void ls_out_open_in_place(ls_out *out, uint8_t *at, size_t room) {
  /* A frame may be longer than a message is allowed to be: the twin says so. */
  size_t most = ls_limits.max_message_bytes;
  *out = (ls_out){.bytes = at, .room = room < most ? room : most, .in_place = true};
}

void ls_out_open(ls_out *out, size_t most) {
  *out = (ls_out){.most = most < ls_limits.max_message_bytes ? most : ls_limits.max_message_bytes};
}

void ls_out_close(ls_out *out) {
  Py_CLEAR(out->object);
  out->bytes = NULL;
}

PyObject *ls_out_finish(ls_out *out) {
  PyObject *bytes = out->object;
  if (bytes == NULL) {
    return PyBytes_FromStringAndSize(NULL, 0);
  }
  out->object = NULL;
  out->bytes = NULL;
  _PyBytes_Resize(&bytes, (Py_ssize_t)out->length); /* NULL and MemoryError where that fails */
  return bytes;
}

static ls_verdict grow(ls_out *out, size_t more) {
  /* A value's last head asks for nine bytes and may need one: the twin looks closer at what is so near the limit. */
  if (out->in_place || more > out->most - out->length) {
    return LS_REFUSED;
  }
  size_t needed = out->length + more;
  size_t room = out->room < FIRST_ROOM ? FIRST_ROOM : out->room * 2;
  if (room < needed) {
    room = needed;
  }
  if (out->object == NULL) {
    out->object = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
  } else {
    _PyBytes_Resize(&out->object, (Py_ssize_t)room);
  }
  if (out->object == NULL) {
    out->length = 0;
    return LS_RAISED;
  }
  out->bytes = (uint8_t *)PyBytes_AS_STRING(out->object);
  out->room = room;
  return LS_DONE;
}

/* Room for `more` bytes behind what is there. */
static inline ls_verdict ensure(ls_out *out, size_t more) {
  return more <= out->room - out->length ? LS_DONE : grow(out, more);
}

#define TRY(expression)               \
  do {                                \
    ls_verdict verdict_ = expression; \
    if (verdict_ != LS_DONE) {        \
      return verdict_;                \
    }                                 \
  } while (0)

static inline uint8_t *put_big_endian(uint8_t *at, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) {
    *at++ = (uint8_t)(value >> (8 * i));
  }
  return at;
}

/* A head in its shortest form; nine bytes of room are there. */
static inline void put_head(ls_out *out, int major, uint64_t value) {
  uint8_t *at = out->bytes + out->length;
  uint8_t first = (uint8_t)(major << 5);
  if (value < 24) {
    *at++ = first | (uint8_t)value;
  } else if (value <= 0xFF) {
    *at++ = first | 24;
    *at++ = (uint8_t)value;
  } else if (value <= 0xFFFF) {
    *at++ = first | 25;
    at = put_big_endian(at, value, 2);
  } else if (value <= 0xFFFFFFFF) {
    *at++ = first | 26;
    at = put_big_endian(at, value, 4);
  } else {
    *at++ = first | 27;
    at = put_big_endian(at, value, 8);
  }
  out->length = (size_t)(at - out->bytes);
}

ls_verdict ls_out_put(ls_out *out, const void *bytes, size_t length) {
  TRY(ensure(out, length));
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
  return LS_DONE;
}

static ls_verdict put_bytes(ls_out *out, const void *bytes, size_t length) {
  TRY(ensure(out, length + 9));
  put_head(out, 2, length);
  if (length) {
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
  }
  return LS_DONE;
}

static inline ls_verdict put_byte(ls_out *out, uint8_t byte) {
  TRY(ensure(out, 1));
  out->bytes[out->length++] = byte;
  return LS_DONE;
}

static ls_verdict put_float(ls_out *out, double value) {
  TRY(ensure(out, 9));
  uint8_t *at = out->bytes + out->length;
  if (value != value) {
    memcpy(at, "\xf9\x7e\x00", 3);
    out->length += 3;
    return LS_DONE;
  }
  uint64_t bits;
  memcpy(&bits, &value, 8);
  *at = 0xFB;
  put_big_endian(at + 1, bits, 8);
  out->length += 9;
  return LS_DONE;
}

/* Beyond 64 bits: tag 2 or 3 over the magnitude. Out of the way of the hot path, so by Python's own methods. */
static ls_verdict put_big_integer(ls_out *out, PyObject *value, bool negative) {
  if (out->in_place) {
    return LS_REFUSED;
  }
  PyObject *magnitude = negative ? PyNumber_Invert(value) : Py_NewRef(value);
  PyObject *bits = magnitude ? PyObject_CallMethod(magnitude, "bit_length", NULL) : NULL;
  size_t count = bits ? PyLong_AsSize_t(bits) : 0;
  Py_XDECREF(bits);
  if (PyErr_Occurred()) {
    Py_XDECREF(magnitude);
    return LS_RAISED;
  }
  count = (count + 7) / 8;
  if (count > ls_limits.max_integer_bytes) {
    Py_DECREF(magnitude);
    return LS_REFUSED;
  }
  PyObject *bytes = PyObject_CallMethod(magnitude, "to_bytes", "ns", (Py_ssize_t)(count ? count : 1), "big");
  Py_DECREF(magnitude);
  if (bytes == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict;
  if (count <= 8) {
    uint64_t small = 0;
    for (size_t i = 0; i < count; i++) {
      small = small << 8 | (uint8_t)PyBytes_AS_STRING(bytes)[i];
    }
    verdict = ensure(out, 9);
    if (verdict == LS_DONE) {
      put_head(out, negative ? 1 : 0, small);
    }
  } else {
    verdict = put_byte(out, negative ? 0xC3 : 0xC2);
    if (verdict == LS_DONE) {
      verdict = put_bytes(out, PyBytes_AS_STRING(bytes), count);
    }
  }
  Py_DECREF(bytes);
  return verdict;
}

/* A number of one digit, as Python counts them: read without a call. */
static inline bool one_digit(PyObject *value, long long *number) {
#if PY_VERSION_HEX >= 0x030C0000
  if (!PyUnstable_Long_IsCompact((PyLongObject *)value)) {
    return false;
  }
  *number = PyUnstable_Long_CompactValue((PyLongObject *)value);
#else
  Py_ssize_t size = Py_SIZE(value);
  if (size < -1 || size > 1) {
    return false;
  }
  *number = size ? (long long)size * ((PyLongObject *)value)->ob_digit[0] : 0;
#endif
  return true;
}

static ls_verdict put_integer(ls_out *out, PyObject *value) {
  int overflow = 0;
  long long small;
  if (!one_digit(value, &small)) {
    small = PyLong_AsLongLongAndOverflow(value, &overflow);
  }
  if (overflow) {
    return put_big_integer(out, value, overflow < 0);
  }
  TRY(ensure(out, 9));
  if (small >= 0) {
    put_head(out, 0, (uint64_t)small);
  } else {
    put_head(out, 1, (uint64_t)(-1 - small));
  }
  return LS_DONE;
}

/* Bytes of UTF-8, or -1 for a surrogate, which cannot cross. */
static Py_ssize_t utf8_length(int kind, const void *data, Py_ssize_t count) {
  Py_ssize_t length = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    Py_UCS4 c = PyUnicode_READ(kind, data, i);
    if (c >= 0xD800 && c <= 0xDFFF) {
      return -1;
    }
    length += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  }
  return length;
}

static uint8_t *put_utf8(uint8_t *at, int kind, const void *data, Py_ssize_t count) {
  for (Py_ssize_t i = 0; i < count; i++) {
    Py_UCS4 c = PyUnicode_READ(kind, data, i);
    if (c < 0x80) {
      *at++ = (uint8_t)c;
    } else if (c < 0x800) {
      *at++ = 0xC0 | (uint8_t)(c >> 6);
      *at++ = 0x80 | (c & 0x3F);
    } else if (c < 0x10000) {
      *at++ = 0xE0 | (uint8_t)(c >> 12);
      *at++ = 0x80 | (c >> 6 & 0x3F);
      *at++ = 0x80 | (c & 0x3F);
    } else {
      *at++ = 0xF0 | (uint8_t)(c >> 18);
      *at++ = 0x80 | (c >> 12 & 0x3F);
      *at++ = 0x80 | (c >> 6 & 0x3F);
      *at++ = 0x80 | (c & 0x3F);
    }
  }
  return at;
}

ls_verdict ls_encode_text(ls_out *out, PyObject *text) {
#if PY_VERSION_HEX < 0x030C0000
  if (PyUnicode_READY(text) < 0) {
    return LS_RAISED;
  }
#endif
  Py_ssize_t count = PyUnicode_GET_LENGTH(text);
  const void *data = PyUnicode_DATA(text);
  if (PyUnicode_IS_ASCII(text)) {
    TRY(ensure(out, (size_t)count + 9));
    put_head(out, 3, (uint64_t)count);
    memcpy(out->bytes + out->length, data, (size_t)count);
    out->length += (size_t)count;
    return LS_DONE;
  }
  int kind = PyUnicode_KIND(text);
  Py_ssize_t length = utf8_length(kind, data, count);
  if (length < 0) {
    return LS_REFUSED;
  }
  TRY(ensure(out, (size_t)length + 9));
  put_head(out, 3, (uint64_t)length);
  put_utf8(out->bytes + out->length, kind, data, count);
  out->length += (size_t)length;
  return LS_DONE;
}

static ls_verdict encode(encoder *e, PyObject *value);

static ls_verdict enter(encoder *e, PyObject *container) {
  if (e->depth >= ls_limits.max_nesting || e->depth >= LS_DEEPEST) {
    return LS_REFUSED;
  }
  for (uint32_t i = 0; i < e->depth; i++) {
    if (e->around[i] == container) {
      return LS_REFUSED;
    }
  }
  e->around[e->depth++] = container;
  return LS_DONE;
}

static ls_verdict encode_held(encoder *e, PyObject *value) {
  if (PyLong_CheckExact(value)) { /* most arrays are of numbers; no code runs for one */
    return ++e->items > ls_limits.max_items ? LS_REFUSED : put_integer(e->out, value);
  }
  Py_INCREF(value); /* code that runs for it may take it out of its container */
  ls_verdict verdict = encode(e, value);
  Py_DECREF(value);
  return verdict;
}

static ls_verdict encode_sequence(encoder *e, PyObject *value, bool list) {
  Py_ssize_t count = Py_SIZE(value);
  TRY(enter(e, value));
  TRY(ensure(e->out, 9));
  put_head(e->out, 4, (uint64_t)count);
  for (Py_ssize_t i = 0; i < count; i++) {
    if (list && Py_SIZE(value) != count) {
      return LS_REFUSED; /* changed under us */
    }
    TRY(encode_held(e, list ? PyList_GET_ITEM(value, i) : PyTuple_GET_ITEM(value, i)));
  }
  e->depth--;
  return list && Py_SIZE(value) != count ? LS_REFUSED : LS_DONE;
}

/* Keys that differ in Python and could be the same on the wire (NaN, keys inside tuples, keys with code of their own)
 * are the pure twin's to compare. */
static bool plain_key(PyObject *key) {
  return PyUnicode_CheckExact(key) || PyLong_CheckExact(key) || PyBytes_CheckExact(key) || PyBool_Check(key) ||
         key == Py_None || (PyFloat_CheckExact(key) && PyFloat_AS_DOUBLE(key) == PyFloat_AS_DOUBLE(key));
}

static ls_verdict encode_dict(encoder *e, PyObject *value) {
  Py_ssize_t count = PyDict_GET_SIZE(value), position = 0, seen = 0;
  PyObject *key, *item;
  TRY(enter(e, value));
  TRY(ensure(e->out, 9));
  put_head(e->out, 5, (uint64_t)count);
  while (PyDict_Next(value, &position, &key, &item)) {
    if (!plain_key(key) || ++seen > count) {
      return LS_REFUSED;
    }
    Py_INCREF(item); /* as in encode_held; for a plain key no code runs */
    ls_verdict verdict = encode(e, key);
    if (verdict == LS_DONE) {
      verdict = encode(e, item);
    }
    Py_DECREF(item);
    TRY(verdict);
    if (PyDict_GET_SIZE(value) != count) {
      return LS_REFUSED; /* changed under us */
    }
  }
  e->depth--;
  return seen == count ? LS_DONE : LS_REFUSED;
}

static ls_verdict encode_set(encoder *e, PyObject *value) {
  if (e->out->in_place) {
    return LS_REFUSED; /* its iterator is an object, and making one may run the garbage collector */
  }
  TRY(enter(e, value));
  TRY(ensure(e->out, 12));
  memcpy(e->out->bytes + e->out->length, "\xd9\x01\x02", 3);
  e->out->length += 3;
  Py_ssize_t count = PySet_GET_SIZE(value), seen = 0;
  put_head(e->out, 4, (uint64_t)count);
  PyObject *iterator = PyObject_GetIter(value), *item;
  if (iterator == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict = LS_DONE;
  while (verdict == LS_DONE && (item = PyIter_Next(iterator)) != NULL) {
    verdict = ++seen <= count && plain_key(item) ? encode(e, item) : LS_REFUSED;
    Py_DECREF(item);
  }
  Py_DECREF(iterator);
  if (verdict == LS_DONE && PyErr_Occurred()) {
    PyErr_Clear(); /* changed size during iteration: the twin says it */
    return LS_REFUSED;
  }
  e->depth--;
  return verdict == LS_DONE && seen != count ? LS_REFUSED : verdict;
}

static ls_verdict encode_other(encoder *e, PyObject *value) {
  if (e->out->in_place) {
    return LS_REFUSED;
  }
  PyObject *hook = ls_codec_hook("encode_other");
  PyObject *item = hook ? PyObject_CallFunction(hook, "OI", value, e->depth) : NULL;
  if (item == NULL) {
    if (PyErr_ExceptionMatches(ls_errors.lockstep)) {
      PyErr_Clear();
      return LS_REFUSED;
    }
    return LS_RAISED;
  }
  ls_verdict verdict = LS_REFUSED;
  if (PyBytes_CheckExact(item)) {
    verdict = ls_out_put(e->out, PyBytes_AS_STRING(item), (size_t)PyBytes_GET_SIZE(item));
  }
  Py_DECREF(item);
  return verdict;
}

static ls_verdict encode(encoder *e, PyObject *value) {
  if (++e->items > ls_limits.max_items) {
    return LS_REFUSED;
  }
  PyTypeObject *type = Py_TYPE(value);
  if (type == &PyUnicode_Type) {
    return ls_encode_text(e->out, value);
  }
  if (type == &PyLong_Type) {
    return put_integer(e->out, value);
  }
  if (type == &PyFloat_Type) {
    return put_float(e->out, PyFloat_AS_DOUBLE(value));
  }
  if (value == Py_None) {
    return put_byte(e->out, 0xF6);
  }
  if (type == &PyBool_Type) {
    return put_byte(e->out, value == Py_True ? 0xF5 : 0xF4);
  }
  if (type == &PyDict_Type) {
    return encode_dict(e, value);
  }
  if (type == &PyList_Type) {
    return encode_sequence(e, value, true);
  }
  if (type == &PyTuple_Type) {
    return encode_sequence(e, value, false);
  }
  if (type == &PyBytes_Type) {
    return put_bytes(e->out, PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
  }
  if (type == &PyByteArray_Type) {
    return put_bytes(e->out, PyByteArray_AS_STRING(value), (size_t)PyByteArray_GET_SIZE(value));
  }
  if (type == &PySet_Type || type == &PyFrozenSet_Type) {
    return encode_set(e, value);
  }
  return encode_other(e, value);
}

/* The stack of containers is left uninitialised on purpose: only what `depth` says is ever read. */
static inline void open_encoder(encoder *e, ls_out *out) {
  e->out = out;
  e->items = 0;
  e->depth = 0;
}

ls_verdict ls_encode(ls_out *out, PyObject *value) {
  encoder e;
  open_encoder(&e, out);
  return encode(&e, value);
}

ls_verdict ls_encode_arguments(ls_out *out, PyObject *const *args, Py_ssize_t count, PyObject *kwnames) {
  encoder e;
  open_encoder(&e, out);
  Py_ssize_t keywords = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
  TRY(ensure(out, 9));
  put_head(out, 4, (uint64_t)count);
  for (Py_ssize_t i = 0; i < count; i++) {
    TRY(encode(&e, args[i]));
  }
  if (keywords == 0) {
    return LS_DONE;
  }
  TRY(ensure(out, 9));
  put_head(out, 5, (uint64_t)keywords);
  for (Py_ssize_t i = 0; i < keywords; i++) {
    PyObject *name = PyTuple_GET_ITEM(kwnames, i);
    if (!PyUnicode_CheckExact(name)) {
      return LS_REFUSED;
    }
    TRY(encode(&e, name));
    TRY(encode(&e, args[count + i]));
  }
  return LS_DONE;
}
