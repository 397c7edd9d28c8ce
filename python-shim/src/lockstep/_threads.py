"""`threads: N`: main's plain calls on threads of the shim's own, any N of them at once.

The main thread still reads the lane while it has nothing else to do, and runs what is its own: coroutines,
scripts, the end. Threads are started as calls come that find no idle one, up to N; they stay.

An interrupt reaches Python code only: it is raised between two instructions of the call, by
PyThreadState_SetAsyncExc (CPython). It must not hit the shim, nor the next call. So it is given only while
the thread's innermost frame is not the shim's, with the interpreter's lock held from the look to the deed;
and a call takes back what came too late before its thread goes on.
"""

import sys
from _collections import deque
from _thread import RLock, allocate_lock, get_ident, start_new_thread

_LONG = 0.1  # seconds: as a look and a deed never take


class _Running:
    """A call that a thread runs, and whether it was interrupted."""

    __slots__ = ("call_id", "hit")

    def __init__(self, call_id):
        self.call_id = call_id
        self.hit = False


class Pool:
    """The threads and what waits for them. Its `queue` counts among the worker's."""

    def __init__(self, calls, size):
        self.queue = deque()
        self._calls = calls
        self._size = size
        self._started = 0
        self._idle = []  # locks, each released to wake its thread
        self._lock = RLock()  # a signal handler may come while its thread holds it
        self._running = {}  # thread ident -> _Running
        self._running_lock = RLock()
        # Now: an import is no work for a signal handler.
        self._set_async = _async_setter()
        self._interrupted = None  # while `interrupt` is at work: what it still has to do

    def put(self, frame):
        """Any thread, with or without the reader's role. False if there is no thread for it, now or later."""
        with self._lock:
            if self._idle:
                self.queue.append(frame)
                self._idle.pop().release()
            elif self._has_one_more() or self._started:
                self.queue.append(frame)
            else:
                return False
        return True

    def _has_one_more(self):
        if self._started == self._size:
            return False
        try:
            start_new_thread(self._work, ())
        except RuntimeError:  # the system's limit of threads: those that there are do
            return False
        self._started += 1
        return True

    def _work(self):
        wake = allocate_lock()
        wake.acquire()
        while True:
            with self._lock:
                frame = self.queue.popleft() if self.queue else None
                if frame is None:
                    self._idle.append(wake)
            if frame is None:
                wake.acquire()
                continue
            try:
                self._calls.run(frame, "pool")
            except BaseException:  # noqa: B902 - the channel is closed or broken: the main thread's to say
                self._calls.wake_main()

    def call(self, call_id, function, args, kwargs):
        """Runs a function where an interrupt that names `call_id` hits it, and nothing behind it."""
        ident = get_ident()
        running = _Running(call_id)
        with self._running_lock:
            self._running[ident] = running
        try:
            return function(*args, **kwargs)
        finally:
            while True:
                try:
                    self._leave(ident, running)
                    break
                except KeyboardInterrupt:
                    pass  # it came when the function had ended

    def _leave(self, ident, running):
        with self._running_lock:
            self._running.pop(ident, None)
        if running.hit:
            self._set_async(ident, None)

    def interrupt(self, call_id):
        """Raises KeyboardInterrupt in a call, None: in all that run. On the main thread."""
        if self._interrupted is not None:
            self._interrupted.append(call_id)  # a signal came while the handler of another runs
            return
        self._interrupted = wanted = [call_id]
        interval = sys.getswitchinterval()
        with self._running_lock:
            sys.setswitchinterval(_LONG)
            try:
                while wanted:
                    self._interrupt(wanted.pop())
            finally:
                self._interrupted = None
                sys.setswitchinterval(interval)
            for late in wanted:  # noted between the last look and the end
                self._interrupt(late)

    def _interrupt(self, call_id):
        for ident, running in list(self._running.items()):
            if call_id is None or running.call_id == call_id:
                if not _is_in_shim(sys._current_frames().get(ident)):
                    running.hit = True
                    self._set_async(ident, KeyboardInterrupt)


def _is_in_shim(frame):
    return frame is None or frame.f_code.co_filename.startswith(_HERE)


def _async_setter():
    """Sets, or takes back with None, what is raised in a thread. Nothing where there is no such thing: PyPy."""
    import ctypes

    try:
        set_async = ctypes.pythonapi.PyThreadState_SetAsyncExc
    except AttributeError:
        return lambda ident, kind: None
    return lambda ident, kind: set_async(
        ctypes.c_ulong(ident), None if kind is None else ctypes.py_object(kind)
    )


_HERE = Pool.put.__code__.co_filename.rpartition("/")[0]  # as frames name it
