/* Whole messages out of frames and fragments, and into them; the inbox that fills while a writer waits for space. */
#include "endpoint.h"

#include <string.h>

const char *const ls_kind_names[8] = {"PAD", "INVOKE", "REPLY", "ERROR", "CANCEL", "NOTIFY", "READY", "FATAL"};

#define FRAMES_IN_ONE_GO 4096
#define LONGEST_AT_ONCE 4
#define FRAGMENT_FLAGS (LS_MORE | LS_CONTINUATION)

PyObject *ls_make_frame(const ls_header *header, PyObject *payload) {
  ls_frame *frame = payload ? PyObject_New(ls_frame, &ls_frame_type) : NULL;
  if (frame == NULL) {
    Py_XDECREF(payload);
    return NULL;
  }
  frame->kind = header->kind;
  frame->flags = header->flags & (uint8_t)~FRAGMENT_FLAGS;
  frame->depth = header->depth;
  frame->call_id = header->call_id;
  frame->parent_id = header->parent_id;
  frame->payload = payload;
  return (PyObject *)frame;
}

static int refuse(ls_endpoint *e, const char *word, uint64_t value, const char *allowed) {
  e->fault.word = word;
  e->fault.value = value;
  snprintf(e->fault.allowed, sizeof e->fault.allowed, "%s", allowed);
  return ls_raise_fault(e);
}

/* Whose counter an id comes from follows from kind and direction. */
int ls_check_ids(ls_endpoint *e, const ls_header *h) {
  if ((h->kind == LS_INVOKE || h->kind == LS_NOTIFY) && (h->depth < 1 || h->depth > e->max_depth)) {
    return refuse(e, "depth", h->depth, "1 to maxDepth");
  }
  if (h->kind == LS_READY || h->kind == LS_FATAL) {
    return h->call_id == 0 ? 0 : refuse(e, "callId", h->call_id, "0 for READY and FATAL");
  }
  bool answer = h->kind == LS_REPLY || h->kind == LS_ERROR;
  unsigned origin = (unsigned)(answer ? e->side : 1 - e->side);
  if ((h->call_id & 1) != origin || h->call_id < 2 || h->call_id > INT64_MAX) {
    return refuse(e, "callId", h->call_id,
                  origin == LS_HOST ? "an even id of the host, from 2" : "an odd id of the worker, from 3");
  }
  return 0;
}

/* ---- fragments ---- */

static bool is_answer(uint8_t kind) { return kind == LS_REPLY || kind == LS_ERROR; }

static ls_partial *find_partial(ls_endpoint *e, uint64_t call_id, bool answer) {
  for (uint32_t i = e->partial_count; i-- > 0;) {
    ls_partial *partial = &e->partials[i];
    if (partial->header.call_id == call_id && is_answer(partial->header.kind) == answer) {
      return partial;
    }
  }
  return NULL;
}

static void remove_partial(ls_endpoint *e, ls_partial *partial) {
  e->partial_bytes -= partial->received;
  Py_CLEAR(partial->bytes);
  *partial = e->partials[--e->partial_count];
}

static ls_partial *add_partial(ls_endpoint *e) {
  if (e->partial_count == e->partial_room) {
    uint32_t room = e->partial_room ? e->partial_room * 2 : 4;
    ls_partial *grown = PyMem_Realloc(e->partials, room * sizeof *grown);
    if (grown == NULL) {
      PyErr_NoMemory();
      return NULL;
    }
    e->partials = grown;
    e->partial_room = room;
  }
  ls_partial *partial = &e->partials[e->partial_count++];
  *partial = (ls_partial){0};
  return partial;
}

static int take_bytes(ls_partial *partial, const uint8_t *bytes, size_t length) {
  size_t room = partial->bytes ? (size_t)PyBytes_GET_SIZE(partial->bytes) : 0;
  size_t needed = partial->received + length;
  if (needed > room) {
    size_t wanted = needed > room * 2 ? needed : room * 2;
    wanted = wanted > partial->total ? partial->total : wanted;
    if (partial->bytes == NULL) {
      partial->bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)wanted);
    } else {
      _PyBytes_Resize(&partial->bytes, (Py_ssize_t)wanted);
    }
    if (partial->bytes == NULL) {
      return -1;
    }
  }
  if (length) {
    memcpy(PyBytes_AS_STRING(partial->bytes) + partial->received, bytes, length);
  }
  partial->received = needed;
  return 0;
}

static int start_partial(ls_endpoint *e, const ls_header *h, const uint8_t **payload, size_t *length,
                         ls_partial **partial) {
  uint64_t total;
  if (*partial != NULL) {
    return refuse(e, "flags", h->flags, "CONTINUATION: fragments of this call id are under way");
  }
  if (*length < LS_FRAGMENT_TOTAL_BYTES + 1) {
    return refuse(e, "length", h->length, "a first fragment carries the total and a byte at least");
  }
  memcpy(&total, *payload, LS_FRAGMENT_TOTAL_BYTES);
  if (total > e->max_message_bytes) {
    return refuse(e, "total", total, "at most maxMessageBytes");
  }
  if (e->partial_count >= LS_MAX_PARTIAL_MESSAGES) {
    return refuse(e, "fragments", e->partial_count, "at most 4096 messages in the making");
  }
  *partial = add_partial(e);
  if (*partial == NULL) {
    return -1;
  }
  (*partial)->header = *h;
  (*partial)->total = total;
  *payload += LS_FRAGMENT_TOTAL_BYTES;
  *length -= LS_FRAGMENT_TOTAL_BYTES;
  return 0;
}

static bool belongs(const ls_partial *partial, const ls_header *h) {
  const ls_header *first = &partial->header;
  return first->kind == h->kind && (first->flags & ~FRAGMENT_FLAGS) == (h->flags & ~FRAGMENT_FLAGS) &&
         first->depth == h->depth && first->parent_id == h->parent_id;
}

/* 1 and a frame where the message is whole, 0 where more must come, -1. */
static int take_fragment(ls_endpoint *e, const ls_header *h, const uint8_t *payload, size_t length, PyObject **frame) {
  bool more = h->flags & LS_MORE;
  ls_partial *partial = find_partial(e, h->call_id, is_answer(h->kind));
  if (!(h->flags & LS_CONTINUATION)) {
    if (start_partial(e, h, &payload, &length, &partial) < 0) {
      return -1;
    }
  } else if (partial == NULL || !belongs(partial, h)) {
    return refuse(e, "flags", h->flags, "CONTINUATION only after a first fragment like it");
  }
  uint64_t left = partial->total - partial->received;
  if (length == 0 || length > left || more == (length == left)) {
    return refuse(e, "length", h->length, "fragments of a byte at least, of which the last completes the total");
  }
  if (e->partial_bytes + length > LONGEST_AT_ONCE * (uint64_t)e->max_message_bytes) {
    return refuse(e, "bytes in the making", e->partial_bytes + length, "at most 4 times maxMessageBytes");
  }
  if (take_bytes(partial, payload, length) < 0) {
    remove_partial(e, partial);
    return -1;
  }
  e->partial_bytes += length;
  if (more) {
    return 0;
  }
  PyObject *whole = partial->bytes;
  ls_header header = partial->header;
  partial->bytes = NULL;
  remove_partial(e, partial);
  *frame = ls_make_frame(&header, whole);
  return *frame ? 1 : -1;
}

/* The other side gave a message up between two fragments. */
static void forget_partial(ls_endpoint *e, uint64_t call_id) {
  ls_partial *partial = find_partial(e, call_id, false);
  if (partial != NULL) {
    remove_partial(e, partial);
  }
}

int ls_fetch(ls_endpoint *e, PyObject **frame) {
  for (int i = 0; i < FRAMES_IN_ONE_GO; i++) {
    ls_header h;
    const uint8_t *payload;
    ls_outcome outcome = ls_peek(&e->in, e->allowed_kinds, &h, &payload, &e->fault);
    if (outcome == LS_NOTHING) {
      return 0;
    }
    if (outcome == LS_FAULT) {
      return ls_raise_fault(e);
    }
    if (ls_check_ids(e, &h) < 0) {
      return -1;
    }
    size_t length = h.length - LS_FRAME_HEADER_BYTES;
    int done;
    if (h.kind == LS_CANCEL) {
      forget_partial(e, h.call_id);
    }
    if (h.flags & FRAGMENT_FLAGS) {
      done = take_fragment(e, &h, payload, length, frame);
    } else if (e->partial_count > 0 && find_partial(e, h.call_id, is_answer(h.kind)) != NULL) {
      done = refuse(e, "flags", h.flags, "CONTINUATION: fragments of this call id are under way");
    } else {
      *frame = ls_make_frame(&h, PyBytes_FromStringAndSize((const char *)payload, (Py_ssize_t)length));
      done = *frame ? 1 : -1;
    }
    if (done < 0) {
      return -1;
    }
    ls_release(&e->in, h.length);
    e->frames_in++;
    e->bytes_in += length;
    if (done) {
      return 1;
    }
  }
  return 0;
}

/* ---- the inbox ---- */

PyObject *ls_pop_inbox(ls_endpoint *e) {
  if (e->inbox_count == 0) {
    return NULL;
  }
  PyObject *frame = e->inbox[e->inbox_first];
  e->inbox_first = (e->inbox_first + 1) % e->inbox_room;
  e->inbox_count--;
  e->inbox_bytes -= (uint64_t)PyBytes_GET_SIZE(((ls_frame *)frame)->payload);
  return frame;
}

static int push_inbox(ls_endpoint *e, PyObject *frame) {
  if (e->inbox_count == e->inbox_room) {
    uint32_t room = e->inbox_room ? e->inbox_room * 2 : 16;
    PyObject **grown = PyMem_Malloc(room * sizeof *grown);
    if (grown == NULL) {
      PyErr_NoMemory();
      return -1;
    }
    for (uint32_t i = 0; i < e->inbox_count; i++) {
      grown[i] = e->inbox[(e->inbox_first + i) % e->inbox_room];
    }
    PyMem_Free(e->inbox);
    e->inbox = grown;
    e->inbox_room = room;
    e->inbox_first = 0;
  }
  e->inbox[(e->inbox_first + e->inbox_count++) % e->inbox_room] = frame;
  e->inbox_bytes += (uint64_t)PyBytes_GET_SIZE(((ls_frame *)frame)->payload);
  return 0;
}

/* A full inbox fails a call of ours; an answer waits until there is room, since nobody else would give it. */
int ls_drain(ls_endpoint *e, bool may_fail) {
  unsigned long me = PyThread_get_thread_ident();
  if (e->role && e->role_thread != me) {
    return 0; /* its holder reads: data wakes it */
  }
  while (ls_has_data(&e->in)) {
    if (e->inbox_count >= e->max_queued || e->inbox_bytes > e->max_message_bytes) {
      if (!may_fail) {
        return 0;
      }
      PyErr_Format(ls_errors.queue_full,
                   "inbox full while waiting for space: messages=%u, maxQueued=%u, bytes=%llu, maxMessageBytes=%u",
                   e->inbox_count, e->max_queued, (unsigned long long)e->inbox_bytes, e->max_message_bytes);
      return -1;
    }
    PyObject *frame;
    int got = ls_fetch(e, &frame);
    if (got <= 0) {
      return got;
    }
    if (push_inbox(e, frame) < 0) {
      Py_DECREF(frame);
      return -1;
    }
  }
  return 0;
}

void ls_drop_messages(ls_endpoint *e) {
  PyObject *frame;
  while ((frame = ls_pop_inbox(e)) != NULL) {
    Py_DECREF(frame);
  }
  while (e->partial_count > 0) {
    remove_partial(e, &e->partials[e->partial_count - 1]);
  }
  PyMem_Free(e->inbox);
  PyMem_Free(e->partials);
  PyMem_Free(e->owed_cancels);
  e->inbox = NULL;
  e->partials = NULL;
  e->owed_cancels = NULL;
  e->inbox_room = e->partial_room = e->owed_room = e->owed_count = 0;
}

/* ---- sending ---- */

void ls_sent(ls_endpoint *e, const ls_header *header) {
  e->frames_out++;
  e->bytes_out += header->length - LS_FRAME_HEADER_BYTES;
}

bool ls_settled(const ls_endpoint *e) { return e->owed_count == 0; }

static int owe_cancel(ls_endpoint *e, uint64_t call_id) {
  if (e->owed_count == e->owed_room) {
    uint32_t room = e->owed_room ? e->owed_room * 2 : 4;
    uint64_t *grown = PyMem_Realloc(e->owed_cancels, room * sizeof *grown);
    if (grown == NULL) {
      return -1; /* the other side keeps a partial message: no harm but its memory */
    }
    e->owed_cancels = grown;
    e->owed_room = room;
  }
  e->owed_cancels[e->owed_count++] = call_id;
  return 0;
}

static ls_outcome try_frame(ls_endpoint *e, const ls_header *h, const uint8_t *prefix, size_t prefix_length,
                            const uint8_t *payload) {
  uint8_t *frame;
  uint32_t pad;
  ls_outcome outcome = ls_claim(&e->out, h->length, &frame, &pad, &e->fault);
  if (outcome == LS_GOT) {
    uint8_t *at = frame + LS_FRAME_HEADER_BYTES;
    size_t rest = h->length - LS_FRAME_HEADER_BYTES - prefix_length;
    if (prefix_length) {
      memcpy(at, prefix, prefix_length);
    }
    if (rest) {
      memcpy(at + prefix_length, payload, rest);
    }
    ls_commit(&e->out, frame, pad, h);
    ls_sent(e, h);
  }
  return outcome;
}

static ls_outcome settle(ls_endpoint *e) {
  while (e->owed_count > 0) {
    ls_header h = {.length = LS_FRAME_HEADER_BYTES, .kind = LS_CANCEL, .call_id = e->owed_cancels[0]};
    ls_outcome outcome = try_frame(e, &h, NULL, 0, NULL);
    if (outcome != LS_GOT) {
      return outcome;
    }
    memmove(e->owed_cancels, e->owed_cancels + 1, --e->owed_count * sizeof *e->owed_cancels);
  }
  return LS_GOT;
}

static int put_frame(ls_endpoint *e, const ls_header *h, const uint8_t *prefix, size_t prefix_length,
                     const uint8_t *payload, uint64_t deadline, bool patient) {
  for (;;) {
    if (ls_usable(e) < 0) {
      return -1;
    }
    if (ls_host_state(e) == LS_HOST_CLOSED) {
      PyErr_SetString(ls_errors.closed, "channel closed: nothing can be sent to main any more");
      return -1;
    }
    ls_outcome outcome = settle(e);
    if (outcome == LS_GOT) {
      outcome = try_frame(e, h, prefix, prefix_length, payload);
    }
    if (outcome == LS_GOT) {
      return 0;
    }
    if (outcome == LS_FAULT) {
      return ls_raise_fault(e);
    }
    if (ls_drain(e, h->kind == LS_INVOKE || h->kind == LS_NOTIFY) < 0 || ls_wait_for_space(e, h->length, deadline, patient) < 0) {
      return -1;
    }
  }
}

static int send_fragments(ls_endpoint *e, ls_header *h, const uint8_t *payload, size_t length, uint64_t deadline) {
  uint64_t total = length;
  size_t sent = 0, most = e->out.max_frame - LS_FRAME_HEADER_BYTES;
  uint8_t flags = h->flags;
  bool call = h->kind == LS_INVOKE || h->kind == LS_NOTIFY;
  while (sent < length) {
    size_t prefix = sent == 0 ? LS_FRAGMENT_TOTAL_BYTES : 0;
    size_t part = length - sent < most - prefix ? length - sent : most - prefix;
    h->length = (uint32_t)(LS_FRAME_HEADER_BYTES + prefix + part);
    h->flags = flags | (sent ? LS_CONTINUATION : 0) | (sent + part < length ? LS_MORE : 0);
    /* Only a call can be cancelled. What else is half sent cannot be taken back, so no signal handler may interrupt. */
    if (put_frame(e, h, (const uint8_t *)&total, prefix, payload + sent, deadline, !call && sent) < 0) {
      if (sent && call) {
        owe_cancel(e, h->call_id);
      }
      return -1;
    }
    sent += part;
  }
  return 0;
}

int ls_send(ls_endpoint *e, ls_header *h, const uint8_t *payload, size_t length, uint64_t deadline) {
  if (length > e->max_message_bytes) {
    PyObject *error = PyObject_CallFunction(ls_errors.too_large, "snI", ls_kind_names[h->kind & 7],
                                            (Py_ssize_t)length, e->max_message_bytes);
    if (error != NULL) {
      PyErr_SetObject(ls_errors.too_large, error);
      Py_DECREF(error);
    }
    return -1;
  }
  if (length + LS_FRAME_HEADER_BYTES > e->out.max_frame) {
    return send_fragments(e, h, payload, length, deadline);
  }
  h->length = (uint32_t)(LS_FRAME_HEADER_BYTES + length);
  return put_frame(e, h, NULL, 0, payload, deadline, false);
}
