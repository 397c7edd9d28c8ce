"""What a worker script imports: ``from lockstep import sync, config``.

In a worker, `sync` reaches the functions of the process that started it (main) and takes the
functions that it may call; `config` is the worker's configuration; `errors` holds the exceptions.
Anywhere else `RUNNING_IN_WORKER` is False and `sync` says so when it is used.
"""

from lockstep import errors
from lockstep.errors import JavaError

__all__ = ["sync", "config", "RUNNING_IN_WORKER", "JavaError", "errors"]

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
