"""Coroutines: one event loop on the main thread, and the thread that reads for it meanwhile.

While tasks are pending the main thread waits in the loop's selector; a thread of the shim holds the
reader's role, sleeps on the signal word, and turns what comes into a call on the loop (which wakes
its selector through a descriptor). With none pending the reader gives the role back and the main thread
waits on the word itself: the short way.

An awaited call to main (``await sync.f.aio(...)``) works on any loop of any thread; while one is in
flight the reading thread is awake too.
"""

import time
import _signal
from _thread import allocate_lock, start_new_thread
from contextvars import copy_context

from lockstep import _layout
from lockstep._call import Pending, Waiter, _codec_now, current
from lockstep._stdlib import load
from lockstep.errors import CallTimeoutError, ChannelClosedError


class _Unwanted:
    """What the reading thread waits for: that nobody wants it any more."""

    def __init__(self):
        self.answer = None


class Loop:
    """The worker's tasks and awaited calls; made at the first of them."""

    def __init__(self, calls):
        self._calls = calls
        self._asyncio = load("asyncio")
        self._loop = None  # made on the main thread, at the first task
        self._tasks = {}  # call id -> (task, whether main waits for it)
        self._running = False
        self._wanted = 0
        self._wanted_lock = allocate_lock()
        self._idle = None
        self._reader = None  # its Waiter
        self._end = _Unwanted()

    # ---- tasks ------------------------------------------------------------------------------------

    def busy(self):
        """True while the main thread belongs in the event loop."""
        return bool(self._tasks) or bool(self._loop is not None and self._all_tasks())

    def _all_tasks(self):
        return self._asyncio.all_tasks(self._loop)

    def start(self, call_id, depth, coroutine, reply):
        """Makes a coroutine of main's call a task, in the running loop of this thread or in ours."""
        try:
            loop = self._asyncio.get_running_loop()
        except RuntimeError:
            loop = self._own_loop()
        context = copy_context()
        context.run(current.set, (call_id, depth))
        task = context.run(loop.create_task, coroutine)
        self._tasks[call_id] = (task, reply)
        task.add_done_callback(lambda done: self._finished(call_id, depth, done))

    def _own_loop(self):
        if self._loop is None:
            self._loop = self._asyncio.new_event_loop()
            self._loop.set_exception_handler(self._told)
            self._asyncio.set_event_loop(self._loop)
        return self._loop

    def _told(self, loop, context):
        from lockstep import _report

        _report.event_loop(self._calls, loop, context)

    def _finished(self, call_id, depth, task):
        _, reply = self._tasks.pop(call_id)
        calls = self._calls
        stage = "call"
        try:
            try:
                result = task.result()
                stage = "encode"
                payload = _codec_now().encode_value(result) if reply else None
            except BaseException as error:  # noqa: B902 - it is the call's
                if not isinstance(error, SystemExit):
                    calls.fail(call_id, depth, error, None, stage, reply)
                return
            if reply:
                calls.reply(call_id, payload)
        finally:
            self._maybe_stop()

    def cancel(self, call_id):
        """Main no longer waits for this call. Any thread."""
        entry = self._tasks.get(call_id)
        if entry is not None:
            entry[0].get_loop().call_soon_threadsafe(entry[0].cancel)

    def interrupt(self, word):
        """From the signal handler: the call that is meant is a task that waits; None: any."""
        for call_id, (task, _) in list(self._tasks.items()):
            if word is None or call_id == word:
                loop = task.get_loop()
                if loop is self._loop:
                    # Now, on its own thread: the task may be next to run, and never come back.
                    task.cancel()
                    loop.call_soon_threadsafe(_nothing)  # for a loop that is about to wait
                else:
                    loop.call_soon_threadsafe(task.cancel)

    def run(self):
        """Runs the loop on the main thread until no task is left.

        Plain calls run between two turns of the loop, not inside it: they may use asyncio.run().
        """
        loop = self._own_loop()
        calls = self._calls
        self._running = True
        # A signal right before the selector waits would not be heeded: it writes a byte instead.
        socket = getattr(loop, "_csock", None)
        before = -1 if socket is None else _signal.set_wakeup_fd(
            socket.fileno(), warn_on_full_buffer=False
        )
        self.want_reader()
        try:
            while calls.exit is None:
                while calls.queue and calls.exit is None:
                    calls.run(calls.next_queued(), "queue")
                if not self.busy() or calls.exit is not None:
                    return
                try:
                    loop.run_forever()
                except KeyboardInterrupt:
                    continue  # the task that it hit holds it, and answers with it
                if isinstance(self._end.answer, BaseException):
                    raise self._end.answer
        finally:
            self._running = False
            if socket is not None:
                _signal.set_wakeup_fd(before)
            self.unwant_reader()

    def _maybe_stop(self):
        loop = self._loop
        if loop is None or not loop.is_running():
            return
        if self._calls.exit is not None or self._end.answer is not None:
            loop.stop()
        elif not self._tasks:
            left = self._all_tasks()
            for task in left:  # started by calls that have ended: they go on, and then it stops
                task.remove_done_callback(self._task_left)
                task.add_done_callback(self._task_left)
            if not left:
                loop.stop()

    def _task_left(self, task):
        self._maybe_stop()

    def stir(self):
        """Something was queued, or the host's state changed. Any thread."""
        if self._running:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def nested(self, parent, frame):
        """A call nested in an awaited call of ours: it runs on that call's loop."""
        parent.loop.call_soon_threadsafe(self._calls.run, frame, "loop")

    # ---- awaited calls --------------------------------------------------------------------------

    async def call(self, name, args, kwargs, seconds):
        """Main's answer to a call."""
        calls = self._calls
        codec = _codec_now()
        parent_id, depth = calls.context(name)
        payload = codec.encode_call(name, args, kwargs)
        loop = self._asyncio.get_running_loop()
        call_id = calls.endpoint.next_call_id()
        pending = Pending(call_id, name)
        pending.loop = loop
        pending.future = loop.create_future()
        calls.calls[call_id] = pending
        deadline = None if seconds is None else time.monotonic() + seconds
        timer = None
        self.want_reader()
        try:
            calls.endpoint.send(
                _layout.INVOKE,
                _layout.KEYWORDS if kwargs else 0,
                depth,
                call_id,
                parent_id,
                payload,
                deadline,
            )
            if seconds is not None:
                timer = loop.call_later(
                    seconds,
                    _fail,
                    pending.future,
                    CallTimeoutError("call timed out: name=%s, seconds=%s" % (name, seconds)),
                )
            answer = await pending.future
        except BaseException:
            if calls.calls.pop(call_id, None) is not None:
                calls.abandon(call_id)
            raise
        finally:
            self.unwant_reader()
            if timer is not None:
                timer.cancel()
        return calls.value_of(answer, name)

    def answered(self, pending, frame):
        """Any thread: the reader's."""
        try:
            pending.loop.call_soon_threadsafe(_settle, pending.future, frame)
        except RuntimeError:
            self._calls.dropped_replies += 1  # its loop has been closed

    # ---- the reading thread ----------------------------------------------------------------------

    def want_reader(self):
        """Somebody waits elsewhere than on the lane: the reading thread must read."""
        with self._wanted_lock:
            if isinstance(self._end.answer, BaseException):
                raise self._end.answer
            self._wanted += 1
            if self._wanted > 1:
                return
            self._end.answer = None
            if self._idle is None:
                self._idle = allocate_lock()
                self._idle.acquire()
                start_new_thread(self._read, ())
                return
        try:
            self._idle.release()
        except RuntimeError:
            pass  # it has not gone to rest yet, and will see that it is wanted

    def unwant_reader(self):
        with self._wanted_lock:
            self._wanted -= 1
            if self._wanted:
                return
            if self._end.answer is None:
                self._end.answer = True
            reader = self._reader
        endpoint = self._calls.endpoint
        if reader is not None:
            # Wherever it is: in the futex, or in the line.
            endpoint.attention = True
            try:
                endpoint.wake()
            except RuntimeError:
                pass
            reader.wake()

    def _read(self):
        calls = self._calls
        self._reader = waiter = Waiter()
        while True:
            try:
                calls.serve_until(waiter, self._end, None)
            except BaseException as error:  # noqa: B902 - closed or broken: main's to know
                self._broken(error)
                return
            with self._wanted_lock:
                rests = not self._wanted
            if rests:
                self._idle.acquire()

    def _broken(self, error):
        if not isinstance(error, Exception):
            error = ChannelClosedError("the reading thread ended: %r" % error)
        self._end.answer = error
        for pending in list(self._calls.calls.values()):
            if pending.loop is not None:
                try:
                    pending.loop.call_soon_threadsafe(_fail, pending.future, error)
                except RuntimeError:
                    pass
        if self._running:
            self._loop.call_soon_threadsafe(self._maybe_stop)


def _nothing():
    pass


def _settle(future, frame):
    if not future.done():
        future.set_result(frame)


def _fail(future, error):
    if not future.done():
        future.set_exception(error)


