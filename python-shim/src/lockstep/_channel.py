"""Two lanes and what lives between them: whole messages in, whole messages out.

`Endpoint` is the pure-Python twin of ``_accelerator.Endpoint``; what is written here holds for both.
It knows frames, fragments, back-pressure, waiting and the reader's role. It knows nothing of
functions: what is not a plain call in its plainest form goes to the `hooks` (`_call.Calls`).

The reader's role. At most one thread of the process reads the inbound lane. It is a plain flag,
changed under the GIL (the C twin releases the GIL only while it waits). Whoever waits without the
role waits on a lock of its own, in `_call`, which counts such threads in `Endpoint.waiting`; whoever
lets go of the role while that is not 0 calls ``hooks.hand_over()``. The holder keeps the role while it
sleeps in the futex. User code never runs while its thread holds the role.

Attributes (plain, readable and writable from Python in both twins)
    waiting     int   threads that wait without the role
    handed      bool  a thread has read something that is nested in a call of another one, which may
                      have called main again meanwhile: from then on bound calls ask
                      ``hooks.has_frames()`` before they wait here
    attention   bool  somebody wants the thread that sleeps in `wait` to come out. Set it, then call
                      `wake()`. `wait` looks at it after it has set PARKED and before it sleeps, clears
                      it, and returns None
    queued      int   frames that lie ready for the main thread outside the endpoint. Only `serve` looks
                      at it: it returns instead of waiting while this is not 0
    unflushed   bool  stdout or stderr hold bytes; `hooks.flush()` is called before a REPLY if set
    serving     int   the innermost call whose function the endpoint runs now, 0 none (read only)
    chain()           (call id, depth) of the call that the endpoint runs on the calling thread, or None
    suspended(id)     what ``hooks.adopt()`` made of a bound call whose thread runs a call nested in it
                      meanwhile, without the role; None if there is none of this id. The C twin alone
                      has such calls: the pure one hands what is nested to ``hooks.resume()``
    suspended_names() [(call id, name)] of all of them
    calls_served int  calls answered by `serve` itself

Hooks (methods and attributes of the object given to `attach`)
    current                       the ContextVar: (call id, depth) of the call being served; None also
                                  where `chain()` says it
    start(name, args, kwargs)     the whole of a call to main, the long way
    resume(call_id, depth, frame, name)
                                  called WITH the role held by a bound call that waits for the reply to
                                  `call_id` and got `frame`, which is something else, or None (woken,
                                  attention, state changed). Returns the call's value or raises; the
                                  role is no longer held when it comes back
    exports                       the dict of functions that nested calls are for; the C twin serves
                                  plain ones by itself, where the attribute is there
    adopt(call_id, name, ident)   the `Pending` of a call that is suspended on thread `ident`: something
                                  for it was read elsewhere. The endpoint keeps it
    go_on(pending)                called WITHOUT the role on the thread of an adopted call, when what was
                                  nested in it has been served. Returns the call's value or raises
    abandon(call_id)              an exception (a signal handler's) ended a bound call's wait; the role
                                  is no longer held. Sends CANCEL. The exception goes on afterwards
    has_frames()                  whether something lies in the calling thread's inbox
    hand_over()                   the role was let go and `waiting` is not 0
    coroutine(call_id, depth, coroutine)
                                  a plain callable that `serve` ran returned a coroutine object
                                  (types.CoroutineType): it becomes a task that replies later
    blocked(call_id, depth, name, coroutine)
                                  the same where it is nested in a call that this thread waits for, and
                                  could never run: closes it and sends ERROR
    fail(call_id, depth, exc, function, stage)
                                  a call that `serve` ran itself failed; `stage` is "decode", "call" or
                                  "encode". Sends ERROR, or raises (SystemExit), which ends `serve`
    error(payload, name)          the exception to raise for the ERROR frame answering a bound call
    member(name, attribute)       what ``bound.attribute`` is (``notify``, ``aio``, or the bound call
                                  of the dotted name); kept in the bound call's __dict__
    flush()                       flushes stdout and stderr and clears `unflushed`
"""


import os
import time
from _thread import RLock
from _thread import get_ident as _get_ident
from itertools import count

from _collections import deque

from lockstep import _codec, _layout
from lockstep._park import INTERRUPTED, TIMED_OUT, Memory, Signal, futex
from lockstep._ring import Consumer, Producer
from lockstep.errors import (
    CallTimeoutError,
    ChannelClosedError,
    ForkedWorkerError,
    MessageTooLargeError,
    PeerFaultError,
    QueueFullError,
    SignalHandlerError,
    StartUpError,
)

_SLICE_IN_FLIGHT = _layout.SLICE_IN_FLIGHT_MILLIS / 1000
_SLICE_IDLE = _layout.SLICE_IDLE_MILLIS / 1000
# The first slice of a wait is short and the others grow: a signal that comes between Python's last look
# for one and the system call is handled when the slice ends, and right after a call is when they come.
_SLICE_FIRST = 0.05
_SLICE_GROWTH = 4
_PUBLISHED_UNRAISED_SECONDS = 0.02  # what a producer that lost its core may take from tail to signal
_CALL_KINDS = (_layout.INVOKE, _layout.NOTIFY)
_FRAGMENTS = _layout.MORE | _layout.CONTINUATION
_HEADER_BYTES = _layout.FRAME_HEADER_BYTES
# So many of the longest messages may be in the making at once, counted in bytes.
_LONGEST_AT_ONCE = 4


async def _coroutine():
    pass


_example = _coroutine()
_COROUTINE = type(_example)
_example.close()
del _example


class Frame:
    """One whole message; never a decodable value. `payload` is bytes, private to this process."""

    __slots__ = ("kind", "flags", "depth", "call_id", "parent_id", "payload")

    def __init__(self, kind, flags, depth, call_id, parent_id, payload):
        self.kind = kind
        self.flags = flags
        self.depth = depth
        self.call_id = call_id
        self.parent_id = parent_id
        self.payload = payload

    def __repr__(self):
        return "Frame(%s, flags=%d, depth=%d, call_id=%d, parent_id=%d, %d bytes)" % (
            _layout.KIND_NAMES[self.kind],
            self.flags,
            self.depth,
            self.call_id,
            self.parent_id,
            len(self.payload),
        )


class _Partial:
    """A message of which some fragments have come."""

    __slots__ = ("total", "parts", "received", "kind", "flags", "depth", "parent_id")

    def __init__(self, total, kind, flags, depth, parent_id):
        self.total = total
        self.parts = []
        self.received = 0
        self.kind = kind
        self.flags = flags
        self.depth = depth
        self.parent_id = parent_id


class Endpoint:
    """One side of a segment.

    `buffer` is the writable mapping of the whole segment, `side` is `_layout.WORKER` (or `HOST`: the
    tests' other end), the capacities are those verified at attach, `limits` a dict by the names of
    `_layout.DEFAULT_LIMITS`.
    """

    twin = "py"

    def __init__(
        self, buffer, side, to_worker_capacity, to_host_capacity, limits, sync_main_only=False
    ):
        machine = os.uname().machine
        if machine != "x86_64":
            raise StartUpError(
                "the pure-Python twin cannot serve here: machine=%s, allowed=x86_64 "
                "(its plain stores need the order that x86-64 gives them); "
                "build the accelerator with `lockstep doctor --build`" % machine
            )
        self.side = side
        self._limits = dict(_layout.DEFAULT_LIMITS)
        self._limits.update(limits)
        self._max_message = self._limits["maxMessageBytes"]
        self._max_queued = self._limits["maxQueued"]
        self._max_depth = self._limits["maxDepth"]
        memory = Memory(buffer)
        shared = futex(machine)
        to_worker = (_layout.TO_WORKER_LANE_OFFSET, _layout.HEADER_BYTES, to_worker_capacity)
        to_host = (
            _layout.TO_HOST_LANE_OFFSET,
            _layout.HEADER_BYTES + to_worker_capacity,
            to_host_capacity,
        )
        inbound, outbound = (to_worker, to_host) if side == _layout.WORKER else (to_host, to_worker)
        self._consumer = Consumer(
            memory, buffer, *inbound, side, self._max_depth, sync_main_only
        )
        self._producer = Producer(memory, buffer, *outbound)
        self._data_in = Signal(memory, shared, inbound[0] + _layout.DATA_SIGNAL_OFFSET)
        self._space_in = Signal(memory, shared, inbound[0] + _layout.SPACE_SIGNAL_OFFSET)
        self._data_out = Signal(memory, shared, outbound[0] + _layout.DATA_SIGNAL_OFFSET)
        self._space_out = Signal(memory, shared, outbound[0] + _layout.SPACE_SIGNAL_OFFSET)
        self._host_state = memory.word(_layout.HOST_STATE_OFFSET, 4)
        self._worker_state = memory.word(_layout.WORKER_STATE_OFFSET, 4)
        self._interrupt = memory.word(_layout.INTERRUPT_CALL_ID_OFFSET, 8)
        own_late = (
            _layout.WORKER_LATE_WAKEUPS_OFFSET
            if side == _layout.WORKER
            else _layout.HOST_LATE_WAKEUPS_OFFSET
        )
        self._late_word = memory.word(own_late, 8)
        self._memory = memory

        self.waiting = 0
        self.handed = False
        self.attention = False
        self.queued = 0
        self.unflushed = False
        self.calls_served = 0
        self.serving = 0
        self._serving_chain = None
        self._hooks = None
        self._forked = False
        self._fault = None
        self._role = {}  # 0: (the holder's thread,); a dict, since its setdefault is one step
        # The producer's: held from room to publication, never to wait. Code of the user's that comes in
        # between (a signal handler, a trace function) sees that it is held by its own thread.
        self._lock = RLock()
        self._space_lock = RLock()  # of the one thread that may sleep on the space signal
        self._counter = count(1).__next__
        self._seen_state = _layout.HOST_READY
        self._inbox = deque()
        self._inbox_bytes = 0
        self._partials = {}
        self._partial_bytes = 0
        self._taking = False
        self._owed = deque()  # frames (as `Producer.write` takes them) that wait for the lock's holder
        self._counts = dict.fromkeys(
            ("frames_in", "frames_out", "bytes_in", "bytes_out", "parks", "late_wakeups"), 0
        )

    def attach(self, hooks):
        """Sets the hooks, before any call of `bound_call` or `serve`."""
        self._hooks = hooks

    def next_call_id(self):
        """A fresh call id of this side: ``counter << 1 | side``, counter from 1."""
        return self._counter() << 1 | self.side

    # ---- out ------------------------------------------------------------------------------------

    def send(self, kind, flags, depth, call_id, parent_id, payload, deadline=None):
        """Writes one message, in fragments if it does not fit a frame. Any thread.

        Waits for space without holding a lock; meanwhile, if the role is this thread's or free,
        what has come in is moved to the inbox, undispatched, so that two full lanes never wait for
        each other. `deadline` is on the scale of time.monotonic() (seconds); past it
        `errors.CallTimeoutError`. A full inbox is `errors.QueueFullError`, a closed channel
        `errors.ChannelClosedError`, a payload over the limit `errors.MessageTooLargeError`. A message
        given up between two fragments is followed by a CANCEL of its call id, which makes the other
        side forget the fragments.
        """
        self._check_usable()
        length = len(payload)
        most = self._producer.max_frame_bytes - _HEADER_BYTES
        if length <= most:
            self._put(kind, flags, depth, call_id, parent_id, payload, deadline)
            return
        if length > self._max_message:
            raise MessageTooLargeError(_layout.KIND_NAMES[kind], length, self._max_message)
        self._send_fragments(kind, flags, depth, call_id, parent_id, payload, most, deadline)

    def _send_fragments(self, kind, flags, depth, call_id, parent_id, payload, most, deadline):
        """An exception that a signal handler raises gives a call up, but not an answer: once begun it is
        sent to its end, and the exception goes on after that."""
        length = len(payload)
        view = memoryview(payload)
        first = most - _layout.FRAGMENT_TOTAL_BYTES
        part = length.to_bytes(8, "little") + bytes(view[:first])
        flags |= _layout.MORE
        end = first
        begun = False
        postponed = None
        while True:
            published = []
            try:
                self._put(kind, flags, depth, call_id, parent_id, part, deadline, published)
            except (ChannelClosedError, PeerFaultError, ForkedWorkerError):
                raise
            except BaseException as error:  # noqa: B902 - whatever a handler raises
                begun = begun or bool(published)
                if not begun:
                    raise
                if kind in _CALL_KINDS:
                    if end < length or not published:
                        self._owed.append((_layout.CANCEL, 0, 0, call_id, 0, b""))
                    raise
                if deadline is not None and isinstance(error, CallTimeoutError):
                    raise  # the caller's own
                postponed = postponed or error
                if not published:
                    continue
            begun = True
            if end == length:
                break
            position, end = end, min(end + most, length)
            part = view[position:end]
            flags = flags & ~_FRAGMENTS | _layout.CONTINUATION | (_layout.MORE if end < length else 0)
        if postponed is not None:
            raise postponed

    def _put(self, kind, flags, depth, call_id, parent_id, payload, deadline, published=None):
        """Publishes one frame. `published` (a list) is not empty any more once it is, whatever is raised
        then."""
        if self._lock._is_owned():
            self._owe(kind, flags, depth, call_id, parent_id, payload, published)
            return
        length = _HEADER_BYTES + len(payload)
        producer = self._producer
        try:
            while True:
                with self._lock:
                    if self._host_state[0] == _layout.HOST_CLOSED:
                        raise ChannelClosedError(
                            "channel closed: nothing can be sent to main any more"
                        )
                    if self._owed:
                        self._pay(producer)
                    if producer.room_for(length):
                        before = producer.published
                        try:
                            producer.write(kind, flags, depth, call_id, parent_id, payload)
                            if published is not None:
                                published.append(True)
                        except BaseException:  # noqa: B902 - a signal handler's: is it out or not?
                            if published is not None and producer.published != before:
                                published.append(True)
                            raise
                        counts = self._counts
                        counts["frames_out"] += 1
                        counts["bytes_out"] += len(payload)
                        break
                self._await_space(length, deadline, kind in _CALL_KINDS)
            self._data_out.raise_()
        except BaseException:  # noqa: B902 - what was published must not lie there unannounced
            self._data_out.raise_()
            raise
        while self._owed:
            self._pay_all()

    def _owe(self, kind, flags, depth, call_id, parent_id, payload, published):
        """Code of the user's runs in the midst of this thread's own `_put`: what it sends goes out when
        that is done; what it would wait for cannot come."""
        if kind == _layout.INVOKE:
            raise SignalHandlerError(
                "main cannot be called here, in a signal handler or a trace function: the thread that it "
                "interrupted is just writing to main. Use sync.name.notify(), or set a flag that the "
                "program looks at"
            )
        if len(self._owed) >= self._max_queued:
            raise QueueFullError(
                "too much was sent by signal handlers: messages=%d, maxQueued=%d"
                % (len(self._owed), self._max_queued)
            )
        self._owed.append((kind, flags, depth, call_id, parent_id, bytes(payload)))
        if published is not None:
            published.append(True)

    def _pay(self, producer):
        """Writes what is owed, as far as there is room. The lock is held."""
        while self._owed and producer.room_for(_HEADER_BYTES + len(self._owed[0][5])):
            producer.write(*self._owed[0])
            self._owed.popleft()

    def _pay_all(self):
        """Writes all that is owed. A closed channel owes nothing."""
        try:
            with self._lock:
                if self._host_state[0] == _layout.HOST_CLOSED:
                    self._owed.clear()
                self._pay(self._producer)
                left = _HEADER_BYTES + len(self._owed[0][5]) if self._owed else 0
        finally:
            self._data_out.raise_()
        if left:
            self._await_space(left, None, False)

    def _await_space(self, length, deadline, may_fail):
        """Comes back when there may be room; drains the own inbound lane while it waits.

        Only one thread of the process sleeps on the space signal; others try again every slice.
        """
        if deadline is not None and time.monotonic() >= deadline:
            raise CallTimeoutError("call timed out: main did not take the message off the lane")
        self._drain(may_fail)
        if self._space_lock._is_owned():
            time.sleep(0.001)  # a signal handler: the sleeper is this thread itself, interrupted
            return
        try:
            if not self._space_lock.acquire(False):
                # Not the sleeper: its turn comes when the sleeper has what it waits for.
                self._space_lock.acquire(True, _SLICE_IN_FLIGHT)
                return
            word = self._space_out.prepare()
            with self._lock:
                room = self._producer.room_for(length)
            if room or not word & 1 or self._host_state[0] == _layout.HOST_CLOSED:
                return
            seconds = _SLICE_IN_FLIGHT
            if self._consumer.has_data():
                # Somebody else has the role, or the inbox is full: look again soon.
                seconds = 0.001
            if deadline is not None:
                seconds = min(seconds, max(0.0, deadline - time.monotonic()))
            if self._space_out.wait(word, seconds) == TIMED_OUT and seconds == _SLICE_IN_FLIGHT:
                with self._lock:
                    if self._producer.room_for(length) and self._space_out.value() & ~1 == word & ~1:
                        self._late()
        finally:
            # Asked, not remembered: a handler may raise before there is anything to remember.
            if self._space_lock._is_owned():
                self._space_lock.release()

    def _drain(self, may_fail):
        """Moves what has come in to the inbox, if the role can be had. A full inbox fails a call of
        ours; an answer waits until there is room, since nobody else would give it."""
        own = self.role_is_mine()
        if self._taking if own else not self.try_acquire_role():
            return  # another thread reads, or this one was interrupted while it did
        try:
            while self._consumer.has_data():
                if len(self._inbox) >= self._max_queued or self._inbox_bytes > self._max_message:
                    if not may_fail:
                        return
                    raise QueueFullError(
                        "inbox full while waiting for space: messages=%d, maxQueued=%d, bytes=%d, "
                        "maxMessageBytes=%d"
                        % (len(self._inbox), self._max_queued, self._inbox_bytes, self._max_message)
                    )
                frame = self._take()
                if frame is not None:
                    self._inbox.append(frame)
                    self._inbox_bytes += len(frame.payload)
        finally:
            if not own:
                self.release_role()

    # ---- in -------------------------------------------------------------------------------------

    def poll(self):
        """The next whole message, or None. The role's holder only."""
        if self._inbox:
            frame = self._inbox.popleft()
            self._inbox_bytes -= len(frame.payload)
            return frame
        self._check_usable()
        consumer = self._consumer
        while consumer.has_data():
            frame = self._take()
            if frame is not None:
                return frame
        return None

    def _take(self):
        """One frame off the lane; the message that it completes, or None."""
        self._taking = True
        try:
            taken = self._consumer.take()
            if taken is None:
                return None
            self._space_in.raise_()
            counts = self._counts
            counts["frames_in"] += 1
            counts["bytes_in"] += len(taken[5])
            if taken[1] & _FRAGMENTS:
                return self._fragment(*taken)
            kind, call_id = taken[0], taken[3]
            if self._partials:
                if kind == _layout.CANCEL:
                    self._forget((call_id, True))
                elif self._key(kind, call_id) in self._partials:
                    raise PeerFaultError("flags", taken[1], "CONTINUATION of call id %d" % call_id)
            return Frame(*taken)
        except PeerFaultError as fault:
            self._fault = fault
            raise
        finally:
            self._taking = False

    @staticmethod
    def _key(kind, call_id):
        return call_id, kind in (_layout.INVOKE, _layout.NOTIFY)

    def _forget(self, key):
        partial = self._partials.pop(key, None)
        if partial is not None:
            self._partial_bytes -= partial.received

    def _fragment(self, kind, flags, depth, call_id, parent_id, payload):
        key = self._key(kind, call_id)
        partial = self._partials.get(key)
        own_flags = flags & ~_FRAGMENTS
        if flags & _layout.CONTINUATION:
            if partial is None:
                raise PeerFaultError("flags", flags, "no CONTINUATION without a first fragment")
            described = (partial.kind, partial.flags, partial.depth, partial.parent_id)
            if described != (kind, own_flags, depth, parent_id):
                raise PeerFaultError("fragment", (kind, own_flags, depth, parent_id), described)
        else:
            if partial is not None:
                raise PeerFaultError("flags", flags, "CONTINUATION of call id %d" % call_id)
            if len(payload) < _layout.FRAGMENT_TOTAL_BYTES:
                raise PeerFaultError("length", len(payload), "a total of 8 bytes")
            total = int.from_bytes(payload[:8], "little")
            if total > self._max_message:
                raise PeerFaultError("total length", total, "0 to %d" % self._max_message)
            if len(self._partials) >= _layout.MAX_PARTIAL_MESSAGES:
                raise PeerFaultError(
                    "messages in the making",
                    len(self._partials) + 1,
                    "0 to %d" % _layout.MAX_PARTIAL_MESSAGES,
                )
            partial = self._partials[key] = _Partial(total, kind, own_flags, depth, parent_id)
            payload = payload[8:]
        more = flags & _layout.MORE
        left = partial.total - partial.received
        if not payload or len(payload) > left or bool(more) == (len(payload) == left):
            allowed = "1 to %d" % (left - 1) if more else left
            raise PeerFaultError("bytes of a fragment", len(payload), allowed)
        partial.parts.append(payload)
        partial.received += len(payload)
        self._partial_bytes += len(payload)
        if self._partial_bytes > _LONGEST_AT_ONCE * self._max_message:
            raise PeerFaultError(
                "bytes of messages in the making",
                self._partial_bytes,
                "at most %d" % (_LONGEST_AT_ONCE * self._max_message),
            )
        if more:
            return None
        self._forget(key)
        return Frame(kind, own_flags, depth, call_id, parent_id, b"".join(partial.parts))

    def wait(self, deadline=None):
        """The next whole message; None if deadline, `wake`, `attention` or a change of the host's
        state came first, and after a signal whose Python handler ran. The role's holder only.

        Raises `errors.ChannelClosedError` once the host's state is CLOSED and nothing is left to read.
        Spins a little (C twin only), then sleeps in the futex with the GIL released, in slices. A
        slice that times out and then finds data counts `lateWakeups`. EINTR runs Python's signal
        handlers; what they raise comes out of here.
        """
        return self._wait(deadline, _SLICE_IN_FLIGHT)

    def _wait(self, deadline, slice_seconds):
        signal = self._data_in
        consumer = self._consumer
        whole = _SLICE_FIRST
        while True:
            frame = self.poll()
            if frame is not None:
                return frame
            seconds = whole
            if deadline is not None:
                seconds = min(seconds, deadline - time.monotonic())
                if seconds <= 0:
                    return None
            word = signal.prepare()
            if consumer.has_data() or self._inbox:  # a signal handler that sends may fill the inbox
                continue
            if self.attention:
                self.attention = False
                return None
            if self._state_changed():
                return None
            if not word & 1:
                return None  # a twin that clears the bit has raised in between, without data
            self._counts["parks"] += 1
            ended = signal.wait(word, seconds)
            if ended == TIMED_OUT:
                is_whole = seconds == whole
                whole = min(whole * _SLICE_GROWTH, slice_seconds)
                if is_whole and consumer.has_data() and signal.value() & ~1 == word & ~1:
                    # Published and not raised though a whole slice has gone by.
                    time.sleep(_PUBLISHED_UNRAISED_SECONDS)
                    if signal.value() & ~1 == word & ~1:
                        self._late()
            elif ended == INTERRUPTED or not consumer.has_data():
                self.attention = False
                return None

    def _late(self):
        self._counts["late_wakeups"] += 1
        self._late_word[0] = self._counts["late_wakeups"]

    def _state_changed(self):
        state = self._host_state[0]
        if state == self._seen_state:
            return False
        if state == _layout.HOST_CLOSED and self.side == _layout.WORKER:
            raise ChannelClosedError("channel closed: main has closed this worker's segment")
        if state > _layout.HOST_CLOSED:
            raise PeerFaultError("hostState", state, "0 to 3")
        self._seen_state = state
        return True

    def _check_usable(self):
        if self._forked:
            raise ForkedWorkerError(
                "channel used in a forked child: pid=%d; only the process that the host started "
                "can call main" % os.getpid()
            )
        if self._fault is not None:
            raise self._fault

    # ---- role, state ----------------------------------------------------------------------------

    def try_acquire_role(self):
        """Takes the reader's role if nobody has it: True or False."""
        mine = (_get_ident(),)
        return self._role.setdefault(0, mine) is mine

    def role_is_mine(self):
        return self._role.get(0) == (_get_ident(),)

    def release_role(self):
        """Gives the role back, and calls ``hooks.hand_over()`` if `waiting` is not 0."""
        self._role.clear()
        if self.waiting:
            self._hooks.hand_over()

    def wake(self):
        """Raises the own inbound data signal: whoever sleeps in `wait` looks again. Any thread."""
        if not self._forked:
            self._data_in.raise_()

    def state(self):
        """The host's state word: `_layout.HOST_READY`, `HOST_CLOSING`, `HOST_CLOSED`."""
        return self._host_state[0]

    def set_worker_state(self, state):
        """Publishes the worker's state."""
        if not self._forked:
            self._worker_state[0] = state

    def interrupt_call_id(self):
        """The control word that names the call an interrupt is meant for; 0 none."""
        return self._interrupt[0]

    def counters(self):
        """A dict of plain ints: frames_in, frames_out, bytes_in, bytes_out, parks, spins,
        late_wakeups, inbox_messages, inbox_bytes."""
        counts = dict(self._counts)
        counts.update(
            spins=0, inbox_messages=len(self._inbox), inbox_bytes=self._inbox_bytes
        )
        return counts

    def close_in_child(self):
        """After fork, in the child: every later use raises `errors.ForkedWorkerError`, and nothing
        of the shared memory is touched any more."""
        self._forked = True
        self._lock = RLock()

    # ---- calls ----------------------------------------------------------------------------------

    def bound_call(self, name):
        """A callable for main's function `name`: ``bound(*args, **kwargs)`` calls and blocks.

        The short way, all in one C call in the C twin: the role is free, `waiting` is 0, the inbox is
        empty, the channel open. Take the role; read ``hooks.current`` for parent and depth; encode
        into the claimed frame; commit; wait; a REPLY to this call id: release the role, decode,
        return. An ERROR to it: release the role, raise ``hooks.error(payload, name)``. Any other
        frame, and None because the host's state changed (in the C twin also for `attention`):
        ``hooks.resume(...)``; None for another reason: wait again. Conditions not met, depth over the
        limit, a payload that does not fit one frame, no space at once:
        ``hooks.start(name, args, kwargs)``.
        """
        return BoundCall(self, name)

    def serve(self, exports, on_frame):
        """The loop of the idle main thread. Entered with the role held, left without it.

        `exports` is a dict from name to plain callable (no coroutine functions, no builtins). An
        INVOKE with no flag but KEYWORDS, no parent, and a name in `exports` is served here: release
        the role, set ``hooks.current`` to (call id, depth), call, reset, flush if `unflushed`, reply,
        take the role again. Failures go to ``hooks.fail``. Every other frame goes to
        ``on_frame(frame)``, called with the role; so does None when `wait` would return None.
        Returns when `on_frame` returned True, when `queued` is not 0, or when the role cannot be
        taken again. What `on_frame`, ``hooks.fail`` or a signal handler raises comes out, without
        the role.
        """
        while True:
            frame = None
            plain = ended = False
            try:
                if not self.queued:
                    frame = self._wait(None, _SLICE_IDLE)
                plain = (
                    frame is not None
                    and frame.kind == _layout.INVOKE
                    and not frame.flags & ~_layout.KEYWORDS
                    and not frame.parent_id
                )
                if not plain and not (self.queued and frame is None):
                    # With the role: the thread that it is for could else take it, and sleep for
                    # what has been read already.
                    ended = on_frame(frame)
            finally:
                self.release_role()
            if ended:
                return
            if plain:
                self._serve_call(frame, exports, on_frame)
            if self.queued or not self.try_acquire_role():
                return

    def suspended(self, call_id):
        return None

    def suspended_names(self):
        return []

    def chain(self):
        """(call id, depth) of the call that `serve` runs on this thread, or None."""
        chain = self._serving_chain
        if not self.serving or chain[0] != _get_ident():
            return None
        return chain[1:]

    def _serve_call(self, frame, exports, on_frame):
        hooks = self._hooks
        stage = "decode"
        function = None
        call_id = frame.call_id
        try:
            name, args, kwargs = _codec.decode_call(
                frame.payload, frame.flags & _layout.KEYWORDS
            )
            function = exports.get(name)
            if function is not None:
                stage = "call"
                token = hooks.current.set((call_id, frame.depth))
                self._serving_chain = (_get_ident(), call_id, frame.depth)
                self.serving = call_id
                try:
                    result = function(*args, **kwargs)
                finally:
                    self.serving = 0
                    hooks.current.reset(token)
                if type(result) is _COROUTINE:
                    hooks.coroutine(call_id, frame.depth, result)
                    return
                stage = "encode"
                payload = _codec.encode_value(result)
        except BaseException as error:
            hooks.fail(call_id, frame.depth, error, function, stage)
            return
        if function is None:
            on_frame(frame)
            return
        if self.unflushed:
            hooks.flush()
        self.calls_served += 1
        self.send(_layout.REPLY, 0, 0, call_id, 0, payload)


class BoundCall:
    """See `Endpoint.bound_call`."""

    def __init__(self, endpoint, name):
        self.__dict__["__name__"] = name
        self.__dict__["_endpoint"] = endpoint

    def __call__(self, *args, **kwargs):
        endpoint = self._endpoint
        name = self.__name__
        hooks = endpoint._hooks
        parent_id, depth = hooks.current.get() or endpoint.chain() or (0, 0)
        depth += 1
        if (
            endpoint.waiting
            or endpoint._inbox
            or endpoint._forked
            or endpoint._lock._is_owned()
            or depth > endpoint._max_depth
            or endpoint._host_state[0] == _layout.HOST_CLOSED
        ):
            return hooks.start(name, args, kwargs)
        # Before the role is taken: encoding may run user code.
        payload = _codec.encode_call(name, args, kwargs)
        if len(payload) > endpoint._producer.max_frame_bytes - _HEADER_BYTES:
            return hooks.start(name, args, kwargs)
        if not endpoint.try_acquire_role():
            return hooks.start(name, args, kwargs)
        if endpoint.handed and hooks.has_frames():  # with the role: nobody reads meanwhile
            endpoint.release_role()
            return hooks.start(name, args, kwargs)
        call_id = endpoint.next_call_id()
        try:
            endpoint._put(
                _layout.INVOKE,
                _layout.KEYWORDS if kwargs else 0,
                depth,
                call_id,
                parent_id,
                payload,
                None,
            )
            frame = endpoint.wait()
            while frame is None:
                if hooks.pending_interrupt:
                    hooks.check_interrupt()
                if endpoint.state() != _layout.HOST_READY:
                    break  # the main thread must get the role, to see it too
                frame = endpoint.wait()
            if hooks.pending_interrupt:
                hooks.check_interrupt()
        except BaseException:
            endpoint.release_role()
            hooks.abandon(call_id)
            raise
        if frame is not None and frame.call_id == call_id:
            if frame.kind == _layout.REPLY:
                endpoint.release_role()
                return _codec.decode_value(frame.payload)
            if frame.kind == _layout.ERROR:
                endpoint.release_role()
                raise hooks.error(frame.payload, name)
        return hooks.resume(call_id, depth, frame, name)

    def __getattr__(self, attribute):
        if attribute[:2] == "__":
            raise AttributeError(attribute)
        value = self._endpoint._hooks.member(self.__name__, attribute)
        self.__dict__[attribute] = value
        return value

    def __setattr__(self, attribute, value):
        raise AttributeError(
            "cannot assign to %s.%s: export with sync[%r] = function"
            % (self.__name__, attribute, "%s.%s" % (self.__name__, attribute))
        )

    def __repr__(self):
        return "<main's function %s>" % self.__name__
