"""A thin face for scripts written for PyScript workers: ``from pyscript import sync`` runs unchanged."""

from lockstep import RUNNING_IN_WORKER, config, sync
from lockstep.errors import NotInWorkerError

__all__ = [
    "sync",
    "config",
    "RUNNING_IN_WORKER",
    "PyWorker",
    "workers",
    "create_named_worker",
    "window",
    "document",
]


class _OnlyInMain:
    """A name of PyScript's that belongs to the main thread."""

    def __init__(self, name):
        self.__dict__["_name"] = name

    def _refuse(self):
        raise NotInWorkerError(
            "pyscript.%s is there only in the main process, which is Java here: start workers there, "
            "with PyWorker.script(...)" % self._name
        )

    def __call__(self, *args, **kwargs):
        self._refuse()

    def __getattr__(self, name):
        if name[:2] == "__" and name[-2:] == "__":
            raise AttributeError(name)
        self._refuse()

    def __getitem__(self, name):
        self._refuse()

    def __setattr__(self, name, value):
        self._refuse()

    def __repr__(self):
        return "<pyscript.%s: not in a worker>" % self._name


class _NoBrowser(_OnlyInMain):
    def _refuse(self):
        raise NotInWorkerError(
            "pyscript.%s is a browser's: main is a Java process here and has no page; "
            "expose a Java function and call it as sync.name(...)" % self._name
        )


PyWorker = _OnlyInMain("PyWorker")
workers = _OnlyInMain("workers")
create_named_worker = _OnlyInMain("create_named_worker")
window = _NoBrowser("window")
document = _NoBrowser("document")
