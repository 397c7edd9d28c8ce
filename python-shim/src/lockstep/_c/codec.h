/* Values to bytes and back, for exact built-in types; the contract with the pure twin stands in lockstep/_codec.py.
 *
 * Whatever is refused here is handed to the function of the same name there, which names path or position; so this
 * half may be stricter than its twin, never laxer, and keeps neither paths nor error texts.
 */
#pragma once
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  LS_DONE = 0,
  LS_RAISED = -1,  /* a Python exception is set and goes on */
  LS_REFUSED = -2, /* ask the pure twin: no exception is set */
} ls_verdict;

/* Bytes in the making. In place (in the claimed frame) the room is fixed and no Python code may run: what would need
 * either is LS_REFUSED, and the value is encoded anew into private memory. */
typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t room;
  size_t most;      /* bytes at the most; more is LS_REFUSED */
  PyObject *object; /* the bytes object that the private memory is, so that the result is no copy; NULL at first */
  bool in_place;
} ls_out;

typedef struct {
  uint32_t max_message_bytes;
  uint32_t max_nesting;
  uint32_t max_items;
  uint32_t max_integer_bytes;
  uint32_t max_name_bytes;
} ls_codec_limits;

extern ls_codec_limits ls_limits;
extern PyObject *ls_nan_key; /* made with the module */

/* The C stack bounds what max_nesting may ask for: deeper values are the pure twin's, which will refuse or serve. */
#define LS_DEEPEST 1000

void ls_out_open_in_place(ls_out *out, uint8_t *at, size_t room);
void ls_out_open(ls_out *out, size_t most);
void ls_out_close(ls_out *out);
PyObject *ls_out_finish(ls_out *out); /* the bytes object; closes */
ls_verdict ls_out_put(ls_out *out, const void *bytes, size_t length);

ls_verdict ls_encode(ls_out *out, PyObject *value);
/* Array of arguments and, where kwnames is not empty, the map of keywords: the arguments as vectorcall has them. */
ls_verdict ls_encode_arguments(ls_out *out, PyObject *const *args, Py_ssize_t count, PyObject *kwnames);
ls_verdict ls_encode_text(ls_out *out, PyObject *text);

/* A cursor over private memory. */
typedef struct {
  const uint8_t *bytes;
  size_t length;
  size_t at;
  uint32_t items;
  uint32_t depth;
} ls_in;

/* One whole item. LS_REFUSED or LS_RAISED leave *value NULL. */
ls_verdict ls_decode(ls_in *in, PyObject **value);
/* The bytes of a definite text item, left where they are. */
ls_verdict ls_decode_name(ls_in *in, const uint8_t **text, size_t *length);
/* The head of an array or map of definite length, which fits what is left. */
ls_verdict ls_decode_count(ls_in *in, int major, size_t *count);

PyObject *ls_decode_value_or_raise(const uint8_t *bytes, size_t length);

/* The pure twin, imported on first need: a borrowed attribute of lockstep._codec. */
PyObject *ls_codec_hook(const char *name);

extern PyMethodDef ls_codec_methods[];
