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
    attention   bool  somebody wants the thread that is in `wait` or `serve` to come out (a frame was
                      queued for it, the loop must end): both return as soon as they notice. Set it,
                      then call `wake()`. Whoever sees it clears it.
    unflushed   bool  stdout or stderr hold bytes; `hooks.flush()` is called before a REPLY if set
    calls_served int  calls answered by `serve` itself

Hooks (methods and attributes of the object given to `attach`)
    current                       the ContextVar: None, or (call id, depth) of the call being served
    start(name, args, kwargs)     the whole of a call to main, the long way
    resume(call_id, depth, frame, name)
                                  called WITH the role held by a bound call that waits for the reply to
                                  `call_id` and got `frame`, which is something else, or None (woken,
                                  attention, state changed). Returns the call's value or raises; the
                                  role is no longer held when it comes back
    abandon(call_id)              an exception (a signal handler's) ended a bound call's wait; the role
                                  is no longer held. Sends CANCEL. The exception goes on afterwards
    hand_over()                   the role was let go and `waiting` is not 0
    fail(call_id, depth, exc, function, stage)
                                  a call that `serve` ran itself failed; `stage` is "decode", "call" or
                                  "encode". Sends ERROR, or raises (SystemExit), which ends `serve`
    error(payload, name)          the exception to raise for the ERROR frame answering a bound call
    member(name, attribute)       what ``bound.attribute`` is (``notify``, ``aio``, or the bound call
                                  of the dotted name); kept in the bound call's __dict__
    flush()                       flushes stdout and stderr and clears `unflushed`
"""


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


class Endpoint:
    """One side of a segment.

    `buffer` is the writable mapping of the whole segment, `side` is `_layout.WORKER` (or `HOST`: the
    tests' other end), the capacities are those verified at attach, `limits` a dict by the names of
    `_layout.DEFAULT_LIMITS`.
    """

    def __init__(
        self, buffer, side, to_worker_capacity, to_host_capacity, limits, sync_main_only=False
    ):
        pass

    def attach(self, hooks):
        """Sets the hooks, before any call of `bound_call` or `serve`."""

    def next_call_id(self):
        """A fresh call id of this side: ``counter << 1 | side``, counter from 1."""

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

    def poll(self):
        """The next whole message, or None. The role's holder only."""

    def wait(self, deadline=None):
        """The next whole message; None if deadline, `wake`, `attention` or a change of the host's
        state came first, and after a signal whose Python handler ran. The role's holder only.

        Spins a little (C twin only), then sleeps in the futex with the GIL released, in slices. A
        slice that times out and then finds data counts `lateWakeups`. EINTR runs Python's signal
        handlers; what they raise comes out of here.
        """

    def try_acquire_role(self):
        """Takes the reader's role if nobody has it: True or False."""

    def release_role(self):
        """Gives the role back, and calls ``hooks.hand_over()`` if `waiting` is not 0."""

    def wake(self):
        """Raises the own inbound data signal: whoever sleeps in `wait` looks again. Any thread."""

    def state(self):
        """The host's state word: `_layout.HOST_READY`, `HOST_CLOSING`, `HOST_CLOSED`."""

    def set_worker_state(self, state):
        """Publishes the worker's state."""

    def interrupt_call_id(self):
        """The control word that names the call an interrupt is meant for; 0 none."""

    def counters(self):
        """A dict of plain ints: frames_in, frames_out, bytes_in, bytes_out, parks, spins,
        late_wakeups, inbox_messages, inbox_bytes."""

    def close_in_child(self):
        """After fork, in the child: every later use raises `errors.ForkedWorkerError`, and nothing
        of the shared memory is touched any more."""

    def bound_call(self, name):
        """A callable for main's function `name`: ``bound(*args, **kwargs)`` calls and blocks.

        The short way, all in one C call in the C twin: the role is free, `waiting` is 0, the inbox is
        empty, the channel open. Take the role; read ``hooks.current`` for parent and depth; encode
        into the claimed frame; commit; wait; a REPLY to this call id: release the role, decode,
        return. An ERROR to it: release the role, raise ``hooks.error(payload, name)``. Any other
        frame: ``hooks.resume(...)``. Conditions not met, depth over the limit, a payload that does not
        fit one frame, no space at once: ``hooks.start(name, args, kwargs)``.
        """

    def serve(self, exports, on_frame):
        """The loop of the idle main thread. Entered with the role held, left without it.

        `exports` is a dict from name to plain callable (no coroutine functions, no builtins). An
        INVOKE with no flag but KEYWORDS, no parent, and a name in `exports` is served here: release
        the role, set ``hooks.current`` to (call id, depth), call, reset, flush if `unflushed`, reply,
        take the role again. Failures go to ``hooks.fail``. Every other frame goes to
        ``on_frame(frame)``, called without the role; so does None when `wait` would return None.
        Returns when `on_frame` returned True, when `attention` is set, or when the role cannot be
        taken again. What `on_frame`, ``hooks.fail`` or a signal handler raises comes out, without
        the role.
        """
