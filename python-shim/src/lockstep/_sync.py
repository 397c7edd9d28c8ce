"""`sync`: main's functions by name, and where the worker's own are offered to main."""

import time

from lockstep import _layout

_RESERVED = ("sleep", "flush", "progress", "within")


def make_sync(calls):
    """The `sync` object of a worker.

    The class holds nothing but what is documented, since any other name is one of main's functions:
    its state is in this closure, and in its __dict__ lie the calls that have been used.
    """

    class Sync:
        """Main's functions: ``sync.name(...)`` calls one and waits; ``sync.name.notify(...)`` does not
        wait; ``await sync.name.aio(...)`` waits in a coroutine; ``sync["any.name"]`` is the same for
        any name. ``sync.name = function`` offers a function to main. Reading ``sync.name`` always means
        main's.
        """

        def __getattr__(self, name):
            if name[:2] == "__" and name[-2:] == "__":
                raise AttributeError(name)
            bound = calls.bound(name)
            self.__dict__[name] = bound
            return bound

        def __getitem__(self, name):
            return calls.bound(name)

        def __setattr__(self, name, function):
            if name in _RESERVED:
                raise AttributeError(
                    "cannot export: name=sync.%s is reserved; sync[%r] = function exports it"
                    % (name, name)
                )
            calls.export(name, function)

        def __setitem__(self, name, function):
            if not isinstance(name, str):
                raise TypeError("cannot export: name=%r, allowed=a str" % (name,))
            calls.export(name, function)

        def __delattr__(self, name):
            calls.withdraw(name)

        def __delitem__(self, name):
            calls.withdraw(name)

        def __repr__(self):
            return "<sync of worker %s>" % calls.worker_name

        #: Sleeps for some seconds; an interrupt from main ends it.
        sleep = staticmethod(time.sleep)

        def flush(self):
            """Returns when main has handled everything that was notified before."""
            calls.refuse_if_main_only("sync.flush()")
            calls.start("flush", (), {}, None, _layout.BUILTIN)

        def progress(self, done, total=None, text=None):
            """Tells whoever listens how far the work is. Never fails."""
            calls.progress(done, total, text)

        def within(self, seconds):
            """``sync.within(0.1).name(...)``: CallTimeoutError if there is no answer by then."""
            return Within(seconds)

    class Within:
        """Main's functions with a deadline."""

        def __init__(self, seconds):
            seconds = float(seconds)
            if not 0 <= seconds < 1e9:
                raise ValueError("deadline refused: seconds=%s, allowed=0 to 1e9" % seconds)
            self.__dict__["\0seconds"] = seconds

        def __getattr__(self, name):
            if name[:2] == "__" and name[-2:] == "__":
                raise AttributeError(name)
            return WithinCall(name, self.__dict__["\0seconds"])

        def __getitem__(self, name):
            return WithinCall(name, self.__dict__["\0seconds"])

        def __setattr__(self, name, value):
            raise AttributeError("cannot export through sync.within()")

    class WithinCall:
        def __init__(self, name, seconds):
            self.__dict__["\0name"] = name
            self.__dict__["\0seconds"] = seconds

        def __call__(self, *args, **kwargs):
            return calls.start(self.__dict__["\0name"], args, kwargs, self.__dict__["\0seconds"])

        def __getattr__(self, attribute):
            name, seconds = self.__dict__["\0name"], self.__dict__["\0seconds"]
            if attribute[:2] == "__":
                raise AttributeError(attribute)
            if attribute == "aio":
                return lambda *args, **kwargs: calls.aio(name, args, kwargs, seconds)
            if attribute == "notify":
                return calls.bound(name).notify
            return WithinCall("%s.%s" % (name, attribute), seconds)

    return Sync()
