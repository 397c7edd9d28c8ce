"""A thin face for scripts written for Pyodide's web worker: ``from js import A_rank``.

There the page's variables are names of this module; here they are the names of the context that main
gave to the run whose code asks. `postMessage` and `onmessage`, of the module and of its `self`, are
`lockstep.post` and `lockstep.on_message`.
"""

import sys


def __getattr__(name):
    if name[:2] == "__" and name[-2:] == "__":
        raise AttributeError(name)
    asking = sys._getframe(1)
    runs = sys.modules.get("lockstep._run")
    run = None if runs is None else runs.run_here(1)
    if run is not None and name in run.context:
        return run.context[name]
    if name == "self":
        return sys.modules[__name__]
    if name == "postMessage":
        import lockstep

        return lockstep.post
    if run is None:
        why = "no run with a context runs here"
    else:
        why = "the run's context has: %s" % (", ".join(map(str, run.context)) or "nothing")
    text = (
        "js.%s is not there: %s; main is a Java process here and has no page. Pass the name in the "
        "context of run(script, context, ...), or expose a Java function and call it as "
        "sync.name(...)" % (name, why)
    )
    if _imports(asking):
        raise ImportError(text, name="js")
    raise AttributeError(text)  # hasattr(js, name) is a question that has an answer


def _imports(frame):
    """Whether the frame is at ``from js import name``. Raised there, an AttributeError would become
    an ImportError without this text."""
    import opcode

    code = frame.f_code.co_code
    at = frame.f_lasti
    return 0 <= at < len(code) and code[at] == opcode.opmap.get("IMPORT_FROM")


def __dir__():
    runs = sys.modules.get("lockstep._run")
    run = None if runs is None else runs.run_here(1)
    return [] if run is None else [name for name in run.context if isinstance(name, str)]


class MessageEvent:
    """What a handler of `onmessage` is called with: the message is its `data`."""

    type = "message"

    def __init__(self, data):
        self.data = data


class _Js(type(sys)):
    """The module's class: what one run assigned here another would find. But `onmessage` is the worker's."""

    def __setattr__(self, name, value):
        if name == "onmessage":
            import lockstep

            if callable(value):
                lockstep.on_message(lambda data: value(MessageEvent(data)))
            else:
                lockstep.on_message(value)
            return
        if name[:2] == "__" and name[-2:] == "__":
            super().__setattr__(name, value)
            return
        raise AttributeError(
            "js.%s cannot be assigned: js has the names that main gave to a run, and nobody reads it in "
            "the main process; return a value, or call sync.name(...)" % name
        )


sys.modules[__name__].__class__ = _Js
