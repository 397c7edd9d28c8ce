"""Calls: invoke, reply, error, cancel, notify; the re-entrant loop; whose thread runs what.

`Calls` is the `hooks` object of `_channel.Endpoint` (see there for what it must offer) and holds the
table of calls in flight. Who runs what:

- Main's plain calls run on Python's main thread, one after the other. A call nested in one of ours runs
  on the thread that waits for that one, on top of it. Unrelated calls that come meanwhile are queued.
- Any thread may call main. One thread at a time reads the lane (the reader's role); the others wait in
  line, each on a lock of its own, until what they wait for has come or it is their turn to read.
- Coroutines are `_loop.Loop`'s: while tasks are pending the main thread is in the event loop and a
  thread of the shim reads.

No user code ever runs while its thread holds the role or one of the locks here.
"""

import os
import sys
import time
from _thread import RLock, allocate_lock, get_ident, start_new_thread
from _collections import deque  # from the C modules: a start loads no file for them
from _contextvars import ContextVar

from lockstep import _codec, _layout
from lockstep.errors import (
    CallCancelledError,
    CallTimeoutError,
    ChannelClosedError,
    DepthExceededError,
    ForkedWorkerError,
    MessageTooLargeError,
    PeerFaultError,
    SignalHandlerError,
    SyncMainOnlyError,
    UnserializableError,
)

#: None, or (call id, depth) of the call that is being served here.
current = ContextVar("lockstep_call", default=None)

_CO_COROUTINE = 0x80
_SIGINT = 2
_NOTE_SECONDS = 0.002


class Waiter:
    """What one thread waits with: a lock that is released to wake it, and calls nested in its own."""

    __slots__ = ("lock", "frames", "called", "in_line", "ident")

    def __init__(self, ident=None):
        self.lock = allocate_lock()
        self.lock.acquire()
        self.frames = deque()
        self.called = False
        self.in_line = False
        self.ident = ident or get_ident()

    def wake(self):
        try:
            self.lock.release()
        except RuntimeError:
            pass  # already awake, or on its way


class Pending:
    """A call of ours that main has not answered. Blocking: `waiter`. Awaited: `future` and `loop`."""

    __slots__ = ("call_id", "name", "waiter", "future", "loop", "answer", "left")

    def __init__(self, call_id, name, waiter=None):
        self.left = False  # its thread waits no more: nothing can be nested in it
        self.call_id = call_id
        self.name = name
        self.waiter = waiter
        self.future = None
        self.loop = None
        self.answer = None


def is_coroutine_function(function):
    """As inspect.iscoroutinefunction, through partials, methods and callable objects."""
    for _ in range(16):
        code = getattr(function, "__code__", None)
        if code is not None:
            return bool(code.co_flags & _CO_COROUTINE)
        inner = getattr(function, "func", None) or getattr(function, "__func__", None)
        if inner is None:
            if isinstance(function, type):
                return False
            inner = getattr(type(function), "__call__", None)
            if not hasattr(inner, "__code__"):
                return False
        function = inner
    return False


class Calls:
    """All calls of one worker, both ways."""

    current = current

    def __init__(self, endpoint, limits, sync_main_only=False, name="worker"):
        self.endpoint = endpoint
        self.limits = limits
        self.sync_main_only = sync_main_only
        self.worker_name = name
        self.booting = True
        self.exports = {}  # plain functions: what `Endpoint.serve` calls by itself
        self.async_exports = {}
        self.queue = deque()  # calls for the main thread
        self.calls = {}  # call id -> Pending
        self.loop = None  # _loop.Loop, from the first coroutine on
        self.pool = None  # _threads.Pool, if plain calls run on threads
        self.streams = ()
        self.output = None  # _output.Output, from the first run on whose output main wants apart
        self._messages = None
        self._logs = None
        self.before_logging = None  # _boot._BeforeLogging
        self.log_levels = {}  # what main wants: logger's name -> level
        self.tells_logs = False
        self.describe_more = {}
        self.pending_interrupt = 0
        self._note_followed = False
        self._follows_note = False  # the next SIGINT is no new one
        self.interruptible = ()  # code of the shim that an interrupt may hit anywhere
        self.close_requested = False
        self.exit = None  # a SystemExit that was raised on another thread
        self.dropped_replies = 0
        self.dropped_notifications = 0
        self._bound = {}
        self._waiters = {}  # thread ident -> Waiter
        self._line = deque()
        # A signal handler may call main while its own thread holds this.
        self._line_lock = RLock()
        self.main = self.waiter()
        endpoint.attach(self)

    # ---- exports ----------------------------------------------------------------------------------

    def export(self, name, function):
        """Makes `function` callable from main; raises TypeError at once if it is not callable."""
        if not callable(function):
            raise TypeError(
                "cannot export: name=%s, type=%s, allowed=a callable"
                % (name, type(function).__name__)
            )
        _codec._encoded_name(name)
        function = _with_arrays(function)
        if is_coroutine_function(getattr(function, "__wrapped__", None) or function):
            self.exports.pop(name, None)
            self.async_exports[name] = function
        else:
            self.async_exports.pop(name, None)
            self.exports[name] = function

    def withdraw(self, name):
        if self.exports.pop(name, None) is None and self.async_exports.pop(name, None) is None:
            raise AttributeError("nothing exported under this name: name=%s" % name)

    def exported_names(self):
        return sorted([*self.exports, *self.async_exports])

    # ---- calls of ours ------------------------------------------------------------------------------

    def waiter(self):
        """That of the calling thread; another one if the thread waits in line with its own already, and
        a signal handler calls main meanwhile."""
        ident = get_ident()
        waiter = self._waiters.get(ident)
        if waiter is not None and waiter.in_line:
            return Waiter()
        return waiter or self._waiter_of(ident)

    def _waiter_of(self, ident):
        """That of a thread. Any thread may ask, and all get the same."""
        waiter = self._waiters.get(ident)
        if waiter is None:
            if len(self._waiters) > 64:
                self._forget_ended_threads()
            waiter = self._waiters.setdefault(ident, Waiter(ident))
        return waiter

    def _forget_ended_threads(self):
        alive = sys._current_frames()
        busy = {id(pending.waiter) for pending in list(self.calls.values())}
        for ident, waiter in list(self._waiters.items()):
            if ident not in alive and id(waiter) not in busy and waiter is not self.main:
                self._waiters.pop(ident, None)

    def bound(self, name):
        """The callable for main's function `name`, one per name."""
        bound = self._bound.get(name)
        if bound is None:
            if not isinstance(name, str):
                raise TypeError("name of a function: type=%s, allowed=str" % type(name).__name__)
            _codec._encoded_name(name)
            if self.sync_main_only:
                bound = _Unavailable(name)
            else:
                bound = self.endpoint.bound_call(name)
            if len(self._bound) >= 4096:
                self._bound.clear()
            self._bound[name] = bound
        return bound

    def member(self, name, attribute):
        """What ``sync.name.attribute`` is."""
        if attribute == "notify":

            def notify(*args, **kwargs):
                self.notify(name, args, kwargs)

            return notify
        if attribute == "aio":

            def aio(*args, **kwargs):
                return self.aio(name, args, kwargs)

            return aio
        return self.bound("%s.%s" % (name, attribute))

    def refuse_if_main_only(self, what):
        if self.sync_main_only:
            raise SyncMainOnlyError(
                "%s is not available in sync_main_only: this worker was configured so that main "
                "calls it and it never calls main" % what
            )

    def here(self):
        """(call id, depth) of the call that runs here, or None.

        A call that the endpoint serves by itself sets no ContextVar unless contexts may travel to
        other threads.
        """
        return current.get() or self.endpoint.chain()

    def context(self, name):
        """(parent call id, depth) for a call made here and now."""
        parent_id, depth = self.here() or (0, 0)
        depth += 1
        if depth > self.limits["maxDepth"]:
            waiting = [(pending.call_id, pending.name) for pending in list(self.calls.values())]
            waiting += self.endpoint.suspended_names()
            chain = [name for _, name in sorted(waiting)[-8:]]
            raise DepthExceededError(
                "chain of calls too long: name=%s, depth=%d, maxDepth=%d, chain=... -> %s"
                % (name, depth, self.limits["maxDepth"], " -> ".join([*chain, name]))
            )
        return parent_id, depth

    def start(self, name, args, kwargs, seconds=None, builtin=0):
        """A call to main, the long way: from any state, with a deadline in `seconds` or none."""
        self.refuse_if_main_only("sync.%s()" % name)
        if self.endpoint.role_is_mine():
            raise SignalHandlerError(
                "sync.%s() cannot wait in a signal handler: the thread that it interrupted waits for "
                "main, and would have to read the answer. Use sync.%s.notify(), or set a flag that "
                "the program looks at" % (name, name)
            )
        parent_id, depth = self.context(name)
        payload = _codec.encode_call(name, args, kwargs)
        deadline = None if seconds is None else time.monotonic() + seconds
        endpoint = self.endpoint
        waiter = self.waiter()
        call_id = endpoint.next_call_id()
        pending = self.calls[call_id] = Pending(call_id, name, waiter)
        flags = builtin | (_layout.KEYWORDS if kwargs else 0)
        try:
            endpoint.send(_layout.INVOKE, flags, depth, call_id, parent_id, payload, deadline)
        except BaseException:
            self.calls.pop(call_id, None)
            raise
        return self._answer(pending, waiter, deadline, seconds)

    def resume(self, call_id, depth, frame, name):
        """Goes on with a call that the endpoint began; see `_channel`. The role is held."""
        waiter = self.waiter()
        pending = self.calls[call_id] = Pending(call_id, name, waiter)
        try:
            if frame is not None:
                self.route(frame, waiter)
        finally:
            self.endpoint.release_role()
        return self._answer(pending, waiter, None, None)

    def adopt(self, call_id, name, ident):
        """What stands for a call that the endpoint suspended on thread `ident`; see `_channel`."""
        return Pending(call_id, name, self._waiter_of(ident))

    def go_on(self, pending):
        """Goes on with an adopted call, on its thread and without the role."""
        try:
            self.serve_until(pending.waiter, pending, None)
        finally:
            self._leave(pending)
        return self._outcome(pending)

    def _answer(self, pending, waiter, deadline, seconds):
        try:
            answered = self.serve_until(waiter, pending, deadline)
        except BaseException:
            self.calls.pop(pending.call_id, None)
            if pending.answer is None:
                self.abandon(pending.call_id)
            raise
        finally:
            self._leave(pending)
        if not answered:
            self.calls.pop(pending.call_id, None)
            self.abandon(pending.call_id)
            raise CallTimeoutError(
                "call timed out: name=%s, seconds=%s" % (pending.name, seconds)
            )
        return self._outcome(pending)

    def _outcome(self, pending):
        if self.pending_interrupt:
            self.check_interrupt()
        return self.value_of(pending.answer, pending.name)

    def value_of(self, frame, name):
        if frame.kind == _layout.REPLY:
            return _codec_now().decode_value(frame.payload)
        raise self.error(frame.payload, name)

    def error(self, payload, name):
        from lockstep import _faults

        return _faults.error_of(payload, name)

    def abandon(self, call_id):
        """Tells main that nobody waits for this call any more; the late reply is dropped."""
        try:
            self.endpoint.send(
                _layout.CANCEL, 0, 0, call_id, 0, b"", time.monotonic() + 1.0
            )
        except (OSError, RuntimeError):  # closed, full, forked: nobody is left to be told
            pass
        waiter = self._waiters.get(get_ident())
        if waiter is not None and waiter.frames:  # nested in a call that the endpoint waited for
            self._pass_on(waiter)

    def notify(self, name, args, kwargs, builtin=0):
        """A call without an answer."""
        self.refuse_if_main_only("sync.%s.notify()" % name)
        parent_id, depth = self.context(name)
        payload = _codec.encode_call(name, args, kwargs)
        endpoint = self.endpoint
        flags = builtin | (_layout.KEYWORDS if kwargs else 0)
        endpoint.send(
            _layout.NOTIFY, flags, depth, endpoint.next_call_id(), parent_id, payload
        )
        # A thread that mostly waits for room in the lane is interrupted here, or never.
        if self.pending_interrupt:
            self.check_interrupt()

    def progress(self, done, total, text):
        """Never fails: progress that nobody can take is no reason to end the work."""
        if self.sync_main_only:
            return
        try:
            self.notify("progress", (done, total, text), {}, _layout.BUILTIN)
        except Exception:  # noqa: B902 - see above
            pass

    def aio(self, name, args, kwargs, seconds=None):
        """An awaitable for the answer of main's function."""
        self.refuse_if_main_only("sync.%s.aio()" % name)
        return self.event_loop().call(name, args, kwargs, seconds)

    def messages(self):
        if self._messages is None:
            from lockstep._messages import Messages

            self._messages = Messages(self)
        return self._messages

    def logs(self):
        if self._logs is None:
            from lockstep._logs import Logs

            self._logs = Logs(self, self.before_logging)
        return self._logs

    def event_loop(self):
        if self.loop is None:
            from lockstep._loop import Loop

            self.loop = Loop(self)
        return self.loop

    # ---- waiting --------------------------------------------------------------------------------------

    def serve_until(self, waiter, pending, deadline):
        """Serves the lane or waits in line until `pending` has its answer (True) or time is up.

        Calls nested in the thread's own run here. `pending` is anything with an `answer`.
        """
        endpoint = self.endpoint
        while True:
            if waiter.frames:
                self.run(waiter.frames.popleft(), "nested")
                continue
            if pending.answer is not None:
                return True
            if self.pending_interrupt:
                self.check_interrupt()
            if deadline is not None and time.monotonic() >= deadline:
                return False
            if not endpoint.try_acquire_role() and not self.line_up(waiter, deadline):
                continue
            try:
                while pending.answer is None and not waiter.frames:
                    frame = endpoint.wait(deadline)
                    if frame is not None:
                        self.route(frame, waiter)
                        continue
                    if endpoint.state() != _layout.HOST_READY:
                        self.wake_main()
                    if self.pending_interrupt or (
                        deadline is not None and time.monotonic() >= deadline
                    ):
                        break
            finally:
                endpoint.release_role()

    def line_up(self, waiter, deadline=None):
        """Waits for the role or for whatever else wakes this thread; True if it has the role now."""
        endpoint = self.endpoint
        waiter.in_line = True
        waiter.called = False
        with self._line_lock:
            self._line.append(waiter)
            endpoint.waiting = len(self._line)
        try:
            # From here on whoever lets go of the role calls the line. Once more, since it may have
            # been let go before.
            if endpoint.try_acquire_role():
                return True
            if deadline is None:
                waiter.lock.acquire()
            else:
                waiter.lock.acquire(True, max(0.0, deadline - time.monotonic()))
        except BaseException:
            self._leave_line(waiter)
            if waiter.called:
                self.hand_over()
            raise
        finally:
            self._leave_line(waiter)
        return waiter.called and endpoint.try_acquire_role()

    def _leave_line(self, waiter):
        with self._line_lock:
            if waiter in self._line:
                self._line.remove(waiter)
            self.endpoint.waiting = len(self._line)
        waiter.in_line = False

    def hand_over(self):
        """The role is free: calls the next of the line, who takes it or finds it taken."""
        with self._line_lock:
            try:
                waiter = self._line.popleft()
            except IndexError:
                self.endpoint.waiting = 0
                return
            # Under the lock: a waiter that wakes for its answer just now leaves the line under it too,
            # and must learn that the turn is its own, to pass it on.
            waiter.called = True
            self.endpoint.waiting = len(self._line)
        waiter.wake()

    def wake_main(self):
        """Makes the main thread look around, wherever it waits outside the lane."""
        self.main.wake()
        if self.loop is not None:
            self.loop.stir()

    # ---- what comes in -----------------------------------------------------------------------------------

    def route(self, frame, waiter=None):
        """Gives a frame to whom it is for; runs no user code. Any thread, with or without the role."""
        kind = frame.kind
        if kind == _layout.REPLY or kind == _layout.ERROR:
            pending = self.calls.pop(frame.call_id, None) or self.endpoint.suspended(frame.call_id)
            if pending is None or pending.answer is not None:
                self.dropped_replies += 1
            elif pending.loop is not None:
                self.loop.answered(pending, frame)
            else:
                pending.answer = frame
                if pending.waiter is not waiter:
                    pending.waiter.wake()
        elif kind == _layout.CANCEL:
            self._cancelled(frame.call_id)
        elif frame.flags & _layout.BUILTIN and self._builtin(frame):
            pass
        else:
            self._assign(frame, waiter)

    def _parent_of(self, frame):
        """The call of ours that a frame is nested in, if its thread or loop still waits; or None."""
        if not frame.parent_id:
            return None
        parent = self.calls.get(frame.parent_id) or self.endpoint.suspended(frame.parent_id)
        return None if parent is None or parent.left else parent

    def _assign(self, frame, waiter):
        parent = self._parent_of(frame)
        if parent is None:
            self._enqueue(frame)
        elif parent.loop is not None:
            self.loop.nested(parent, frame)
        elif self._is_full(frame, len(parent.waiter.frames)):
            pass
        else:
            parent.waiter.frames.append(frame)
            if parent.waiter is not waiter:
                self.endpoint.handed = True
                parent.waiter.wake()
                if parent.left:  # just now, and perhaps it had looked before
                    self._pass_on(parent.waiter)

    def has_frames(self):
        """Whether something for the calling thread lies here, which it must run before it waits for main
        in the endpoint: what main answers may depend on it."""
        waiter = self._waiters.get(get_ident())
        return waiter is not None and bool(waiter.frames)

    def _leave(self, pending):
        pending.left = True
        if pending.waiter.frames:
            self._pass_on(pending.waiter)

    def _pass_on(self, waiter):
        """What is nested in a call that nobody waits for any more: as if it had not been nested."""
        for frame in list(waiter.frames):
            if self._parent_of(frame) is None:
                try:
                    waiter.frames.remove(frame)
                except ValueError:
                    continue  # somebody else has just taken it
                self._enqueue(frame)
                self.endpoint.attention = True  # the main thread may sleep in the lane
                self.endpoint.wake()

    def _is_full(self, frame, queued):
        """Whether as much waits there as may: then the frame is refused."""
        if queued < self.limits["maxQueued"]:
            return False
        if frame.kind == _layout.NOTIFY:
            self.dropped_notifications += 1
        else:
            self.send_fault(
                frame.call_id,
                "queue_full",
                "lockstep.errors.QueueFullError",
                "queue of worker %s full: calls=%d, maxQueued=%d"
                % (self.worker_name, queued, self.limits["maxQueued"]),
            )
        return True

    def _enqueue(self, frame, is_main_threads=False):
        if type(frame) is not _Coroutine and self._is_full(frame, self.queued()):
            return
        is_pools = self.pool is not None and not is_main_threads and not frame.flags & _layout.BUILTIN
        if is_pools and self.pool.put(frame):
            return
        self.queue.append(frame)
        self.endpoint.queued = len(self.queue)
        if get_ident() != self.main.ident:
            self.wake_main()
        elif self.loop is not None:
            self.loop.stir()  # it was read in a blocking call of a task: the loop goes on after it

    def queued(self):
        """How many calls wait for their turn."""
        return len(self.queue) + (0 if self.pool is None else len(self.pool.queue))

    def next_queued(self):
        frame = self.queue.popleft()
        self.endpoint.queued = len(self.queue)
        return frame

    def _cancelled(self, call_id):
        pool = () if self.pool is None else (self.pool.queue,)
        for frames in [self.queue, *pool, *(waiter.frames for waiter in list(self._waiters.values()))]:
            for frame in list(frames):
                if frame is not None and frame.call_id == call_id and frame.kind == _layout.INVOKE:
                    try:
                        frames.remove(frame)
                    except ValueError:
                        return  # its thread has just taken it
                    self.endpoint.queued = len(self.queue)
                    self.send_fault(
                        call_id, "cancelled", "lockstep.errors.CallCancelledError", "cancelled"
                    )
                    return
        if self.loop is not None:
            self.loop.cancel(call_id)

    def _builtin(self, frame):
        """Answers the protocol's own names; False for one that is the main thread's to do."""
        if frame.payload.startswith(_MAIN_THREADS):
            return False
        try:
            name, args, _ = _codec.decode_call(frame.payload, frame.flags & _layout.KEYWORDS)
            if name in _MAIN_THREADS_NAMES:
                return False  # written in another form than ours
            answer = {
                "exports": self.exported_names,
                "describe": self.describe,
                "stacks": _stacks,
            }.get(name)
            if frame.kind == _layout.NOTIFY:
                if name == "log_level":
                    self.logs().set_level(*args)
                return True
            if answer is None:
                self.send_fault(
                    frame.call_id,
                    "not_exported",
                    "lockstep.errors.NotExportedError",
                    "no such builtin: name=%s" % name,
                )
                return True
            payload = _codec.encode_value(answer())
        except Exception as error:  # noqa: B902 - whatever it is, main gets to know
            self.fail(frame.call_id, frame.depth, error, None, "call")
            return True
        self.endpoint.send(_layout.REPLY, 0, 0, frame.call_id, 0, payload)
        return True

    def describe(self):
        described = dict(self.describe_more)
        described.update(
            exports=self.exported_names(),
            counters=self.endpoint.counters(),
            queued=self.queued(),
            calls_in_flight=len(self.calls),
            calls_served=self.endpoint.calls_served,
            dropped_replies=self.dropped_replies,
            dropped_notifications=self.dropped_notifications,
        )
        return described

    # ---- running -----------------------------------------------------------------------------------------

    def run(self, frame, where):
        """Runs one call of main's. `where`: "queue" or "loop" on a main thread that waits for nothing
        else, "nested" on a thread that waits for a call of its own, "pool" on one of `pool`."""
        if frame is None:
            return
        if type(frame) is _Coroutine:
            self.event_loop().start(*frame.call)
            return
        call_id = frame.call_id
        reply = frame.kind == _layout.INVOKE
        function = None
        name = ""
        stage = "decode"
        try:
            name, args, kwargs = _codec_now().decode_call(
                frame.payload, frame.flags & _layout.KEYWORDS
            )
            if frame.flags & _layout.BUILTIN:
                if name == "close":
                    self.close_requested = True
                    return
                function = self._script_function(name)
            else:
                function = self.exports.get(name)
            if function is None:
                function = self.async_exports.get(name)
                if function is None:
                    self._not_exported(frame, name)
                    return
                if where == "nested" or where == "pool":
                    if get_ident() != self.main.ident:
                        self._give_to_main(frame)
                        return
                    self._loop_blocked(call_id, name, reply)
                    return
            stage = "call"
            token = current.set((call_id, frame.depth))
            try:
                if where == "pool":
                    result = self.pool.call(call_id, function, args, kwargs)
                else:
                    result = function(*args, **kwargs)
            finally:
                current.reset(token)
            if type(result) is _COROUTINE:
                if where == "nested":
                    result.close()
                    self._loop_blocked(call_id, name, reply)
                elif where == "pool":
                    self._give_to_main(_Coroutine(call_id, frame.depth, result, reply))
                else:
                    self.event_loop().start(call_id, frame.depth, result, reply)
                return
            if not reply:
                return
            stage = "encode"
            payload = _codec_now().encode_value(result)
        except BaseException as error:  # noqa: B902 - KeyboardInterrupt and all: it is the call's
            self.fail(call_id, frame.depth, error, function, stage, reply, name)
            return
        self.reply(call_id, payload)

    def _give_to_main(self, frame):
        """From another thread: what only the main thread may run."""
        self._enqueue(frame, True)
        # The main thread may sleep in the lane, where no lock of ours wakes it.
        self.endpoint.attention = True
        self.endpoint.wake()

    def _script_function(self, name):
        """One of main's builtin functions that run user code, or read it."""
        if name == "message":
            return self.messages().deliver
        from lockstep import _run

        self.interruptible = _run.INTERRUPTIBLE
        builtin = _run.BUILTINS[name]

        def call(*args, **kwargs):
            return builtin(self, *args, **kwargs)

        return call

    def reply(self, call_id, payload):
        endpoint = self.endpoint
        if endpoint.unflushed:
            self.flush()
        endpoint.calls_served += 1
        endpoint.send(_layout.REPLY, 0, 0, call_id, 0, payload)

    def coroutine(self, call_id, depth, coroutine):
        """A plain callable returned a coroutine: it becomes a task. See `_channel`."""
        self.event_loop().start(call_id, depth, coroutine, True)
        self.queue.append(None)  # brings `Endpoint.serve` back, so that the loop gets its turn
        self.endpoint.queued = len(self.queue)

    def blocked(self, call_id, depth, name, coroutine):
        """A nested plain callable returned a coroutine, which cannot run. See `_channel`."""
        try:
            coroutine.close()
        except BaseException as error:  # noqa: B902 - one that had begun may raise anything
            self.fail(call_id, depth, error, None, "call")
        else:
            self._loop_blocked(call_id, name, True)

    def fail(self, call_id, depth, error, function, stage, reply=True, name=""):
        """Answers a call with its error, or raises what ends the worker."""
        script_exit = getattr(error, "script_exit", None)
        if script_exit is not None:
            error = script_exit  # of a script that was run: it has ended, and nothing else
        elif isinstance(error, SystemExit):
            if get_ident() == self.main.ident:
                raise error
            self.exit = error
            self.wake_main()
            self.endpoint.attention = True
            self.endpoint.wake()
        if isinstance(error, (ForkedWorkerError, ChannelClosedError, PeerFaultError)):
            try:
                self.endpoint.poll
                self.endpoint.next_call_id()
            except ForkedWorkerError:
                raise error from None
        if not reply:
            from lockstep import _report

            _report.notification(self, name, error)
            return
        from lockstep import _faults

        if stage == "encode" and isinstance(error, UnserializableError):
            payload = _faults.describe(error, "unserializable", path=error.path)
        elif stage == "encode" and isinstance(error, MessageTooLargeError):
            payload = _faults.describe(error, "too_large")
        elif stage == "call" and _faults.is_arity(error, function):
            payload = _faults.describe(error, "wrong_arguments")
        elif isinstance(error, CallCancelledError) or type(error).__name__ == "CancelledError":
            payload = _faults.describe(error, "cancelled")
        else:
            payload = _faults.describe(error)
        if self.endpoint.unflushed:
            self.flush()
        self.endpoint.send(_layout.ERROR, 0, 0, call_id, 0, payload)

    def send_fault(self, call_id, kind, type_name, message, **more):
        from lockstep import _faults

        payload = _faults.fault(kind, type_name, message, **more)
        self.endpoint.send(_layout.ERROR, 0, 0, call_id, 0, payload)

    def _not_exported(self, frame, name):
        names = self.exported_names()
        if self.booting:
            kind, type_name = "still_booting", "lockstep.errors.StillBootingError"
            message = "worker %s is still booting: name=%s, assigned so far: %s" % (
                self.worker_name,
                name,
                ", ".join(names) or "nothing",
            )
        else:
            kind, type_name = "not_exported", "lockstep.errors.NotExportedError"
            message = "%s is not exported by worker %s; exports: %s" % (
                name,
                self.worker_name,
                ", ".join(names) or "nothing",
            )
        if frame.kind == _layout.INVOKE:
            self.send_fault(frame.call_id, kind, type_name, message, exports=names)
        else:
            from lockstep import _report
            from lockstep.errors import NotExportedError

            _report.dropped(self, name, NotExportedError(message, names))

    def _loop_blocked(self, call_id, name, reply):
        message = (
            "async function %s of worker %s cannot run: the event loop's thread waits for the very "
            "call that it is nested in; call main with `await sync.f.aio(...)` instead of "
            "`sync.f(...)`" % (name, self.worker_name)
        )
        if reply:
            self.send_fault(call_id, "loop_blocked", "lockstep.errors.LoopBlockedError", message)
        else:
            from lockstep import _report
            from lockstep.errors import LoopBlockedError

            _report.dropped(self, name, LoopBlockedError(message))

    def flush(self):
        """Flushes stdout and stderr: what a call printed is in the pipe before its reply is."""
        self.endpoint.unflushed = False
        for stream in self.streams:
            try:
                stream.flush()
            except (OSError, ValueError):
                pass  # the user closed it; nothing of the protocol travels there

    # ---- interrupts --------------------------------------------------------------------------------------

    def on_interrupt(self, signal_number, frame):
        """Python's handler of SIGINT, on the main thread.

        Raises only if the control word names the call that runs there now (or says: whatever runs).
        In the midst of the shim's own code it only leaves a note; the next wait or return raises, or
        the signal that follows a note, once the main thread is in the user's code again.
        """
        if self._follows_note:
            self._follows_note = False
            word, self.pending_interrupt = self.pending_interrupt, 0
        else:
            word = self.endpoint.interrupt_call_id()
        if not word:
            return
        here = self.here()
        if word == _layout.INTERRUPT_WHATEVER_RUNS:
            if here is None and not self.booting:
                self._interrupt_elsewhere(None)
                return
        elif here is None or here[0] != word:
            self._interrupt_elsewhere(word)
            return
        while frame is not None and "/_ctypes/" in frame.f_code.co_filename:
            frame = frame.f_back  # PyPy's ctypes is Python, and the shim waits inside it
        if (
            frame is not None
            and frame.f_code.co_filename.startswith(_HERE)
            and frame.f_code not in self.interruptible
        ):
            # By the call's own id: a note that comes too late must not hit the next call.
            self.pending_interrupt = word if here is None else here[0]
            self.endpoint.attention = True  # for a wait that has not yet gone to sleep
            self.main.wake()
            if not self._note_followed:
                self._note_followed = True
                try:
                    start_new_thread(self._follow_note, ())
                except RuntimeError:  # no more threads: the note lies there for the next wait
                    self._note_followed = False
            return
        raise KeyboardInterrupt

    def _follow_note(self):
        """Sends the signal again while a note lies there: left by the last steps of the shim, nobody
        of it would look at it again."""
        while True:
            time.sleep(_NOTE_SECONDS)
            if not self.pending_interrupt:
                self._note_followed = False
                if not self.pending_interrupt:
                    return
                self._note_followed = True
            self._follows_note = True
            os.kill(os.getpid(), _SIGINT)

    def _interrupt_elsewhere(self, word):
        """In what runs off the main thread's own stack; None: in all of it."""
        if self.loop is not None:
            self.loop.interrupt(word)
        if self.pool is not None:
            self.pool.interrupt(word)

    def check_interrupt(self):
        """Raises what `on_interrupt` noted, if the call that it was meant for still runs here."""
        if get_ident() != self.main.ident:
            return
        word, self.pending_interrupt = self.pending_interrupt, 0
        here = self.here()
        if word == _layout.INTERRUPT_WHATEVER_RUNS or (here is not None and here[0] == word):
            raise KeyboardInterrupt

    # ---- the main thread's loop ----------------------------------------------------------------------------

    def on_frame(self, frame):
        """From `Endpoint.serve`, which holds the role: True to come out."""
        if frame is not None:
            self.route(frame, self.main)
        return self._leaves_direct_loop() or bool(self.queue)

    def _leaves_direct_loop(self):
        return (
            self.close_requested
            or self.exit is not None
            or (self.loop is not None and self.loop.busy())
            or self.endpoint.state() != _layout.HOST_READY
        )

    def serve_forever(self):
        """Serves calls on the main thread until main closes; comes back for an orderly end."""
        endpoint = self.endpoint
        try:
            while True:
                if self.exit is not None:
                    raise self.exit
                if self.main.frames:
                    self.run(self.main.frames.popleft(), "queue")
                elif self.queue:
                    self.run(self.next_queued(), "queue")
                elif self.loop is not None and self.loop.busy():
                    self.loop.run()
                elif self.close_requested:
                    return
                elif not endpoint.try_acquire_role() and not self.line_up(self.main):
                    if endpoint.state() != _layout.HOST_READY and not self.queue:
                        return
                elif endpoint.state() == _layout.HOST_READY:
                    endpoint.serve(self.exports if self.pool is None else {}, self.on_frame)
                elif not self._read_rest():
                    return
        except ChannelClosedError:
            return

    def _read_rest(self):
        """Main is closing: takes what it sent before. The role is held; False if nothing is left."""
        try:
            frame = self.endpoint.poll()
            if frame is not None:
                self.route(frame, self.main)
        finally:
            self.endpoint.release_role()
        return frame is not None


class _Coroutine:
    """What a plain call on another thread returned: it goes on as a task of the main thread's loop."""

    kind = flags = None
    call_id = 0

    def __init__(self, *call):
        self.call = call


class _Unavailable:
    """What ``sync.name`` is in a worker that never calls main."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **kwargs):
        raise SyncMainOnlyError(
            "sync.%s() is not available in sync_main_only: this worker was configured so that main "
            "calls it and it never calls main" % self._name
        )

    def __getattr__(self, attribute):
        if attribute[:2] == "__":
            raise AttributeError(attribute)
        return _Unavailable("%s.%s" % (self._name, attribute))


# Main's builtin functions that are not answered by whoever reads: their names, and how a call of them
# begins on the wire.
_MAIN_THREADS_NAMES = ("close", "run", "missing_imports", "message")
_MAIN_THREADS = tuple(
    bytes((0x60 + len(name),)) + name.encode() for name in _MAIN_THREADS_NAMES
)

_HERE = is_coroutine_function.__code__.co_filename.rpartition("/")[0]  # as frames name it
_chosen_codec = _codec


def choose_codec(module):
    """Sets the twin whose four functions the calls of this process go through."""
    global _chosen_codec
    _chosen_codec = module


def _codec_now():
    return _chosen_codec


async def _example():
    pass


_coroutine = _example()
_COROUTINE = type(_coroutine)
_coroutine.close()


def _stacks():
    """The stacks of all threads as text."""
    from lockstep._stdlib import load

    traceback = load("traceback")
    threading = sys.modules.get("threading")
    names = {}
    if threading is not None:
        names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        parts.append("Thread %s (%s):\n" % (ident, names.get(ident, "shim")))
        parts += traceback.format_stack(frame)
    return "".join(parts)


# ---- parameters that want numpy arrays ---------------------------------------------------------------------


def _wants_array(annotation):
    if isinstance(annotation, str):
        return annotation.partition("[")[0] in (
            "numpy.ndarray",
            "np.ndarray",
            "ndarray",
            "NDArray",
            "npt.NDArray",
            "numpy.typing.NDArray",
        )
    annotation = getattr(annotation, "__origin__", annotation)
    return (
        getattr(annotation, "__name__", "") == "ndarray"
        and getattr(annotation, "__module__", "") == "numpy"
    )


def _with_arrays(function):
    """`function`, or a wrapper that turns arrays into numpy's where its annotations ask for them."""
    annotations = getattr(function, "__annotations__", None)
    code = getattr(function, "__code__", None)
    if not isinstance(annotations, dict) or code is None:
        return function
    wanted = {name for name, kind in annotations.items() if name != "return" and _wants_array(kind)}
    if not wanted:
        return function
    positions = [
        position
        for position, name in enumerate(code.co_varnames[: code.co_argcount])
        if name in wanted
    ]

    def with_arrays(*args, **kwargs):
        arguments = list(args)
        for position in positions:
            if position < len(arguments):
                arguments[position] = _as_numpy(arguments[position])
        for name in wanted & kwargs.keys():
            kwargs[name] = _as_numpy(kwargs[name])
        return function(*arguments, **kwargs)

    with_arrays.__wrapped__ = function
    return with_arrays


def _as_numpy(value):
    if isinstance(value, memoryview) or type(value).__name__ == "array":
        import numpy

        return numpy.asarray(value)
    return value
