/* Lifelines: a signal of the kernel, and a thread that needs no GIL, so that C code that holds it delays nothing. */
#include "endpoint.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A detached thread with a small stack, all signals blocked: Python's handlers belong to other threads. */
int ls_start_thread(void *(*run)(void *), void *argument) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  int error = pthread_attr_init(&attributes);
  if (error) {
    return error;
  }
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  error = pthread_create(&thread, &attributes, run, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

static PyObject *set_parent_death_signal(PyObject *self, PyObject *number) {
  (void)self;
  long wanted = PyLong_AsLong(number);
  if (wanted == -1 && PyErr_Occurred()) {
    return NULL;
  }
  if (prctl(PR_SET_PDEATHSIG, (unsigned long)wanted, 0, 0, 0) < 0) {
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  return PyLong_FromLong(getppid()); /* looked at after the signal is set: a parent that died before is noticed */
}

/* The host keeps the other end open and silent: its end is the host's death. */
static void *watch_lifeline(void *argument) {
  int fd = (int)(intptr_t)argument;
  struct pollfd wanted = {.fd = fd, .events = POLLIN | POLLRDHUP};
  for (;;) {
    int ready = poll(&wanted, 1, -1);
    if (ready < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (ready < 0 || wanted.revents & POLLNVAL) {
      return NULL; /* user code closed all descriptors: the other lifelines remain */
    }
    if (wanted.revents & POLLIN) {
      char silence[64];
      ssize_t got = read(fd, silence, sizeof silence);
      if (got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN))) {
        continue;
      }
      if (got < 0) {
        return NULL;
      }
    }
    if (getpgid(0) == getpid()) {
      kill(0, SIGKILL); /* the group is ours: what user code started goes too */
    }
    kill(getpid(), SIGKILL);
    return NULL;
  }
}

static PyObject *start_lifeline(PyObject *self, PyObject *number) {
  (void)self;
  int fd = PyObject_AsFileDescriptor(number);
  if (fd < 0) {
    return NULL;
  }
  int error = ls_start_thread(watch_lifeline, (void *)(intptr_t)fd);
  if (error) {
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
  }
  Py_RETURN_NONE;
}

PyMethodDef ls_guard_methods[] = {
    {"set_parent_death_signal", set_parent_death_signal, METH_O,
     "Asks the kernel for this signal when the parent dies; returns the parent's pid as it is after that."},
    {"start_lifeline", start_lifeline, METH_O,
     "Starts a thread that needs no GIL and kills this process group when the other end of `fd` is closed."},
    {NULL, NULL, 0, NULL},
};
