#include "endpoint.h"

#include <string.h>

#define TRY(expression)               \
  do {                                \
    ls_verdict verdict_ = expression; \
    if (verdict_ != LS_DONE) {        \
      return verdict_;                \
    }                                 \
  } while (0)

#define INDEFINITE UINT64_MAX

typedef struct {
  int major;
  int info;
  uint64_t argument; /* INDEFINITE also where info is 31 */
} head;

static ls_verdict read_argument(ls_in *in, head *h) {
  if (h->info == 31) {
    h->argument = INDEFINITE;
    return h->major == 0 || h->major == 1 || h->major == 6 ? LS_REFUSED : LS_DONE;
  }
  if (h->info > 27) {
    return LS_REFUSED;
  }
  size_t count = (size_t)1 << (h->info - 24);
  if (in->length - in->at < count) {
    return LS_REFUSED;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < count; i++) {
    value = value << 8 | in->bytes[in->at++];
  }
  h->argument = value;
  return LS_DONE;
}

static inline ls_verdict read_head(ls_in *in, head *h) {
  if (in->at >= in->length) {
    return LS_REFUSED;
  }
  uint8_t first = in->bytes[in->at++];
  h->major = first >> 5;
  h->info = first & 31;
  if (h->info < 24) {
    h->argument = (uint64_t)h->info;
    return LS_DONE;
  }
  return read_argument(in, h);
}

static inline ls_verdict got(PyObject *made, PyObject **value) {
  *value = made;
  return made == NULL ? LS_RAISED : LS_DONE;
}

static ls_verdict decode(ls_in *in, bool hashable, bool after_tag, PyObject **value);

static inline bool at_break(ls_in *in) {
  if (in->at < in->length && in->bytes[in->at] == 0xFF) {
    in->at++;
    return true;
  }
  return false;
}

static inline bool enter(ls_in *in) {
  if (in->depth >= ls_limits.max_nesting || in->depth >= LS_DEEPEST) {
    return false;
  }
  in->depth++;
  return true;
}

/* ---- bytes and text ---- */

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_ascii(const uint8_t *bytes, size_t length) {
  uint64_t word = 0;
  for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    if (word & HIGH_BITS) {
      return false;
    }
  }
  for (uint8_t all = 0;; all |= *bytes++) {
    if (length-- == 0) {
      return all < 0x80;
    }
  }
}

/* Short text is most often ASCII, of which Python's decoder would have to make sure first, with more ado. Of one
 * character Python has the object already. */
#define LONGEST_SHORT_TEXT 64

static ls_verdict decode_text_chunk(const uint8_t *bytes, size_t length, PyObject **value) {
  if (length > 1 && length <= LONGEST_SHORT_TEXT && is_ascii(bytes, length)) {
    *value = PyUnicode_New((Py_ssize_t)length, 127);
    if (*value == NULL) {
      return LS_RAISED;
    }
    memcpy(PyUnicode_1BYTE_DATA(*value), bytes, length);
    return LS_DONE;
  }
  *value = PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)length, NULL);
  if (*value != NULL) {
    return LS_DONE;
  }
  if (PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
    PyErr_Clear();
    return LS_REFUSED;
  }
  return LS_RAISED;
}

static ls_verdict decode_chunk(ls_in *in, const head *h, PyObject **value) {
  if (h->argument > in->length - in->at) {
    return LS_REFUSED;
  }
  const uint8_t *bytes = in->bytes + in->at;
  in->at += h->argument;
  if (h->major == 3) {
    return decode_text_chunk(bytes, h->argument, value);
  }
  return got(PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)h->argument), value);
}

/* The keys of maps come again and again: a few short ones are kept, and with them their hashes. They are not interned:
 * some versions of Python never let go of a string that is, and keys may be data. */
#define KEY_SLOTS 128
#define KEY_BYTES 23

typedef struct {
  uint8_t length; /* 0: the slot is free */
  uint8_t bytes[KEY_BYTES];
  PyObject *text;
} key_slot;

static key_slot key_slots[KEY_SLOTS];

static inline key_slot *slot_of(const uint8_t *bytes, size_t length) {
  uint32_t first = bytes[0], last = bytes[length - 1], middle = bytes[length / 2];
  return &key_slots[(first * 31 + middle * 7 + last + (uint32_t)length * 17) % KEY_SLOTS];
}

static ls_verdict decode_key_text(ls_in *in, size_t length, PyObject **value) {
  const uint8_t *bytes = in->bytes + in->at;
  key_slot *slot = slot_of(bytes, length);
  if (slot->length == length && memcmp(slot->bytes, bytes, length) == 0) {
    in->at += length;
    *value = Py_NewRef(slot->text);
    return LS_DONE;
  }
  ls_verdict verdict = decode_text_chunk(bytes, length, value);
  if (verdict == LS_DONE) {
    in->at += length;
    PyObject *before = slot->length ? slot->text : NULL;
    slot->length = (uint8_t)length;
    memcpy(slot->bytes, bytes, length);
    slot->text = Py_NewRef(*value);
    Py_XDECREF(before);
  }
  return verdict;
}

/* A key that is short text of definite length, as most are; any other item goes the general way. */
static inline ls_verdict decode_key(ls_in *in, PyObject **value) {
  if (in->at < in->length) {
    size_t length = (size_t)(in->bytes[in->at] - 0x60);
    if (length - 1 < KEY_BYTES && length < in->length - in->at) {
      if (++in->items > ls_limits.max_items) {
        return LS_REFUSED;
      }
      in->at++;
      return decode_key_text(in, length, value);
    }
  }
  return decode(in, true, false, value);
}

/* Chunks up to the break, put together. */
static ls_verdict decode_chunks(ls_in *in, int major, PyObject **value) {
  PyObject *chunks = PyList_New(0);
  if (chunks == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict = LS_DONE;
  while (verdict == LS_DONE && !at_break(in)) {
    head h;
    PyObject *chunk = NULL;
    verdict = ++in->items > ls_limits.max_items ? LS_REFUSED : read_head(in, &h);
    if (verdict == LS_DONE) {
      verdict = h.major == major && h.argument != INDEFINITE ? decode_chunk(in, &h, &chunk) : LS_REFUSED;
    }
    if (verdict == LS_DONE && PyList_Append(chunks, chunk) < 0) {
      verdict = LS_RAISED;
    }
    Py_XDECREF(chunk);
  }
  if (verdict == LS_DONE) {
    PyObject *empty = major == 3 ? PyUnicode_FromString("") : PyBytes_FromString("");
    PyObject *joined = NULL;
    if (empty != NULL) {
      joined = major == 3 ? PyUnicode_Join(empty, chunks) : PyObject_CallMethod(empty, "join", "O", chunks);
    }
    Py_XDECREF(empty);
    verdict = got(joined, value);
  }
  Py_DECREF(chunks);
  return verdict;
}

/* ---- arrays, maps, sets ---- */

static ls_verdict decode_list(ls_in *in, uint64_t count, PyObject **value) {
  bool endless = count == INDEFINITE;
  if (!endless && (count > in->length - in->at || count > ls_limits.max_items)) {
    return LS_REFUSED; /* an item takes a byte at least: nothing is allocated for what cannot be there */
  }
  PyObject *list = PyList_New(endless ? 0 : (Py_ssize_t)count);
  if (list == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict = LS_DONE;
  for (uint64_t i = 0; verdict == LS_DONE && (endless ? !at_break(in) : i < count); i++) {
    PyObject *item = NULL;
    verdict = decode(in, false, false, &item);
    if (verdict != LS_DONE) {
      break;
    }
    if (!endless) {
      PyList_SET_ITEM(list, (Py_ssize_t)i, item);
      continue;
    }
    if (PyList_Append(list, item) < 0) {
      verdict = LS_RAISED;
    }
    Py_DECREF(item);
  }
  if (verdict != LS_DONE) {
    Py_CLEAR(list);
  }
  *value = list;
  return verdict;
}

/* The items of an array as a tuple: what may be a key or an element of a set. */
static ls_verdict decode_tuple(ls_in *in, uint64_t count, PyObject **value) {
  bool endless = count == INDEFINITE;
  if (!endless && count > in->length - in->at) {
    return LS_REFUSED;
  }
  PyObject *list = PyList_New(0);
  if (list == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict = LS_DONE;
  for (uint64_t i = 0; verdict == LS_DONE && (endless ? !at_break(in) : i < count); i++) {
    PyObject *item = NULL;
    verdict = decode(in, true, false, &item);
    if (verdict == LS_DONE && PyList_Append(list, item) < 0) {
      verdict = LS_RAISED;
    }
    Py_XDECREF(item);
  }
  if (verdict == LS_DONE) {
    verdict = got(PyList_AsTuple(list), value);
  }
  Py_DECREF(list);
  return verdict;
}

/* A key or element that Python cannot hash, or that equals an earlier one, is refused. (Views of numbers raise
 * ValueError.) */
static ls_verdict unhashable(void) {
  if (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError)) {
    PyErr_Clear();
    return LS_REFUSED;
  }
  return LS_RAISED;
}

static ls_verdict decode_map(ls_in *in, uint64_t count, PyObject **value) {
  bool endless = count == INDEFINITE;
  if (!endless && count > (in->length - in->at) / 2) {
    return LS_REFUSED;
  }
  PyObject *map = PyDict_New();
  if (map == NULL) {
    return LS_RAISED;
  }
  ls_verdict verdict = LS_DONE;
  for (uint64_t i = 0; verdict == LS_DONE && (endless ? !at_break(in) : i < count); i++) {
    PyObject *key = NULL, *item = NULL;
    verdict = decode_key(in, &key);
    if (verdict == LS_DONE) {
      verdict = decode(in, false, false, &item);
    }
    if (verdict == LS_DONE) {
      if (PyDict_SetItem(map, key, item) < 0) {
        verdict = unhashable();
      } else if ((uint64_t)PyDict_GET_SIZE(map) != i + 1) {
        verdict = LS_REFUSED;
      }
    }
    Py_XDECREF(key);
    Py_XDECREF(item);
  }
  if (verdict != LS_DONE) {
    Py_CLEAR(map);
  }
  *value = map;
  return verdict;
}

static ls_verdict decode_set(ls_in *in, bool hashable, PyObject **value) {
  head h;
  PyObject *items = NULL;
  if (++in->items > ls_limits.max_items) {
    return LS_REFUSED;
  }
  TRY(read_head(in, &h));
  if (h.major != 4 || !enter(in)) {
    return LS_REFUSED;
  }
  TRY(decode_tuple(in, h.argument, &items));
  in->depth--;
  Py_ssize_t size = PyTuple_GET_SIZE(items);
  ls_verdict verdict = LS_DONE;
  PyObject *set = hashable ? PyFrozenSet_New(items) : PySet_New(items);
  if (set == NULL) {
    verdict = unhashable();
  } else if (PySet_GET_SIZE(set) != size) {
    Py_DECREF(set);
    verdict = LS_REFUSED;
  } else {
    *value = set;
  }
  Py_DECREF(items);
  return verdict;
}

/* ---- tags ---- */

static ls_verdict decode_big_integer(ls_in *in, bool negative, PyObject **value) {
  head h;
  if (++in->items > ls_limits.max_items) {
    return LS_REFUSED;
  }
  TRY(read_head(in, &h));
  if (h.major != 2 || h.argument > ls_limits.max_integer_bytes || h.argument > in->length - in->at) {
    return LS_REFUSED; /* an indefinite one too: the twin takes care of it */
  }
  PyObject *magnitude = PyObject_CallMethod((PyObject *)&PyLong_Type, "from_bytes", "y#s", in->bytes + in->at,
                                            (Py_ssize_t)h.argument, "big");
  in->at += h.argument;
  if (magnitude == NULL || !negative) {
    return got(magnitude, value);
  }
  PyObject *inverted = PyNumber_Invert(magnitude);
  Py_DECREF(magnitude);
  return got(inverted, value);
}

static ls_verdict decode_tag(ls_in *in, uint64_t tag, size_t position, bool hashable, PyObject **value) {
  if (tag == 2 || tag == 3) {
    return decode_big_integer(in, tag == 3, value);
  }
  if (tag == 258) {
    return decode_set(in, hashable, value);
  }
  PyObject *content = NULL;
  TRY(decode(in, hashable, true, &content));
  PyObject *hook = ls_codec_hook("decode_tag");
  *value = NULL;
  if (hook != NULL) {
    *value = PyObject_CallFunction(hook, "KOn", (unsigned long long)tag, content, (Py_ssize_t)position);
  }
  Py_DECREF(content);
  if (*value != NULL) {
    return LS_DONE;
  }
  if (PyErr_ExceptionMatches(ls_errors.lockstep)) {
    PyErr_Clear();
    return LS_REFUSED;
  }
  return LS_RAISED;
}

/* ---- simple values and floats ---- */

static double half_to_double(uint16_t half) {
  uint64_t sign = (uint64_t)(half >> 15) << 63;
  uint64_t exponent = half >> 10 & 31, fraction = half & 1023, bits;
  double value;
  if (exponent == 0) { /* zero and subnormals: fraction * 2^-24 */
    value = (double)fraction / 16777216.0;
    return sign ? -value : value;
  }
  exponent = exponent == 31 ? 2047 : exponent - 15 + 1023;
  bits = sign | exponent << 52 | fraction << 42;
  memcpy(&value, &bits, 8);
  return value;
}

/* NaN equals nothing, itself neither: as one object it is one key, however often it comes. */
PyObject *ls_nan_key;

static ls_verdict decode_float(double number, bool hashable, PyObject **value) {
  if (!hashable || number == number) {
    return got(PyFloat_FromDouble(number), value);
  }
  return got(Py_NewRef(ls_nan_key), value);
}

static ls_verdict decode_simple(const head *h, bool hashable, PyObject **value) {
  switch (h->info) {
    case 20:
      return got(Py_NewRef(Py_False), value);
    case 21:
      return got(Py_NewRef(Py_True), value);
    case 22:
      return got(Py_NewRef(Py_None), value);
    case 25:
      return decode_float(half_to_double((uint16_t)h->argument), hashable, value);
    case 26: {
      float single;
      uint32_t bits = (uint32_t)h->argument;
      memcpy(&single, &bits, 4);
      return decode_float(single, hashable, value);
    }
    case 27: {
      double number;
      memcpy(&number, &h->argument, 8);
      return decode_float(number, hashable, value);
    }
    default:
      return LS_REFUSED; /* undefined, unassigned, or a break where none may be */
  }
}

static ls_verdict decode_negative(uint64_t argument, PyObject **value) {
  if (argument <= INT64_MAX) {
    return got(PyLong_FromLongLong(-1 - (long long)argument), value);
  }
  PyObject *positive = PyLong_FromUnsignedLongLong(argument);
  if (positive == NULL) {
    return LS_RAISED;
  }
  PyObject *negative = PyNumber_Invert(positive);
  Py_DECREF(positive);
  return got(negative, value);
}

static ls_verdict decode(ls_in *in, bool hashable, bool after_tag, PyObject **value) {
  head h;
  size_t position = in->at;
  if (++in->items > ls_limits.max_items) {
    return LS_REFUSED;
  }
  TRY(read_head(in, &h));
  bool endless = h.info == 31;
  ls_verdict verdict;
  switch (h.major) {
    case 0:
      return got(h.argument <= INT32_MAX ? PyLong_FromLong((long)h.argument)
                                         : PyLong_FromUnsignedLongLong(h.argument),
                 value);
    case 1:
      return decode_negative(h.argument, value);
    case 2:
    case 3:
      return endless ? decode_chunks(in, h.major, value) : decode_chunk(in, &h, value);
    case 4:
    case 5:
      if ((h.major == 5 && hashable) || (!endless && h.argument == INDEFINITE) || !enter(in)) {
        return LS_REFUSED;
      }
      verdict = h.major == 5 ? decode_map(in, h.argument, value)
                : hashable   ? decode_tuple(in, h.argument, value)
                             : decode_list(in, h.argument, value);
      in->depth--;
      return verdict;
    case 6:
      return after_tag ? LS_REFUSED : decode_tag(in, h.argument, position, hashable, value);
    default:
      return decode_simple(&h, hashable, value);
  }
}

ls_verdict ls_decode(ls_in *in, PyObject **value) {
  *value = NULL;
  return decode(in, false, false, value);
}

ls_verdict ls_decode_name(ls_in *in, const uint8_t **text, size_t *length) {
  head h;
  in->items++;
  TRY(read_head(in, &h));
  if (h.major != 3 || h.argument > in->length - in->at || h.argument == 0 || h.argument > ls_limits.max_name_bytes) {
    return LS_REFUSED;
  }
  *text = in->bytes + in->at;
  *length = h.argument;
  in->at += h.argument;
  return LS_DONE;
}

ls_verdict ls_decode_count(ls_in *in, int major, size_t *count) {
  head h;
  in->items++;
  TRY(read_head(in, &h));
  if (h.major != major || h.argument > in->length - in->at || h.argument > ls_limits.max_items) {
    return LS_REFUSED;
  }
  *count = h.argument;
  return LS_DONE;
}
