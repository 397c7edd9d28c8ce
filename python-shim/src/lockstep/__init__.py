"""What a worker script imports: ``from lockstep import sync, config``.

In a worker, `sync` reaches the functions of the process that started it (main) and takes the
functions that it may call; `config` is the worker's configuration; `errors` holds the exceptions.
Anywhere else `RUNNING_IN_WORKER` is False and `sync` says so when it is used.
"""

from lockstep import errors
from lockstep.errors import JavaError

__all__ = ["sync", "config", "post", "on_message", "RUNNING_IN_WORKER", "JavaError", "errors"]

#: True in a process that a host started as a worker.
RUNNING_IN_WORKER = False

#: The worker's configuration: a dict.
config = {}


class _NoSync:
    """Stands for `sync` where there is no host."""

    def __getattr__(self, name):
        if name[:2] == "__" and name[-2:] == "__":
            raise AttributeError(name)
        self._refuse("sync.%s" % name)

    def __getitem__(self, name):
        self._refuse("sync[%r]" % (name,))

    def __setattr__(self, name, function):
        self._refuse("sync.%s" % name)

    def __setitem__(self, name, function):
        self._refuse("sync[%r]" % (name,))

    def __repr__(self):
        return "<no sync: not a worker>"

    @staticmethod
    def _refuse(what):
        raise errors.NotInWorkerError(
            "%s is only there in a worker: this process was not started as one by a Lockstep host; "
            "start the script with PyWorker.script(...) or `lockstep call`" % what
        )


sync = _NoSync()
_calls = None


def post(value):
    """Sends a message to main, which takes it with `PyWorker.Builder.onMessage`, in order.

    Does not wait until it is handled, but for main to catch up after every 1,024. A value that cannot
    cross raises UnserializableError, and nothing is sent.
    """
    if _calls is None:
        _NoSync._refuse("post()")
    _calls.messages().post(value)


def on_message(handler):
    """Sets the function that is called with each message that main posts; None for nobody.

    It runs on the main thread when nothing else does, one message after the other, in order; an
    ``async def`` becomes a task. Returns `handler`: it may stand above a function, as ``@on_message``.
    """
    if _calls is None:
        _NoSync._refuse("on_message()")
    return _calls.messages().on_message(handler)
