"""`logging` to main: each record that a logger takes, whatever handlers it has. Imported with `logging`.

Python's own way to stderr, the handler of last resort and the one of a bare ``basicConfig()``, is for records
that main was not told. Handlers that the script sets go on as they are.

A record waits for room in the lane for a moment only, and then for none: a main that does not read must not
stop the script. It goes to stderr then.
"""

import sys
import time
from _thread import _local

from lockstep import _codec, _layout

_MESSAGE_CHARACTERS = 16 * 1024
_NAME_CHARACTERS = 200
_PATIENCE_SECONDS = 2.0


class _Loader:
    """Of the standard library's `logging`: as its own loader, and then there is more to do."""

    def __init__(self, loader, logs):
        self._loader = loader
        self._logs = logs

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._logs.take(module)


class Logs:
    """The worker's records on their way to main, and the levels that main wants."""

    def __init__(self, calls, finder):
        self._calls = calls
        self._finder = finder  # _boot._BeforeLogging
        self._logging = None
        self._here = _local()
        self._patience = _PATIENCE_SECONDS

    def find_spec(self, path, target):
        """That of `logging`: the standard library's is told when it has been imported."""
        from lockstep import _stdlib

        for finder in sys.meta_path:
            find = None if finder is self._finder else getattr(finder, "find_spec", None)
            spec = None if find is None else find("logging", path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module") and _stdlib.is_standard_origin(spec.origin):
                    spec.loader = _Loader(spec.loader, self)
                return spec
        return None

    def take(self, logging):
        """`logging` has been imported."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        if self._logging is not None:
            return
        if self._calls.tells_logs:
            self._tell_main(logging)
        self._logging = logging
        for name, level in list(self._calls.log_levels.items()):
            self.set_level(name, level)

    def set_level(self, name, level):
        """Of a logger; "" is the root."""
        self._calls.log_levels[name] = level  # for when `logging` is there
        if self._logging is not None:
            self._logging.getLogger(name or None).setLevel(level)

    def _tell_main(self, logging):
        call_handlers = logging.Logger.callHandlers
        basic_config = logging.basicConfig

        def callHandlers(logger, record):  # noqa: N802 - its name there
            self._here.told = self._tell(record)
            call_handlers(logger, record)

        def basicConfig(**kwargs):  # noqa: N802
            before = logging.root.handlers[:]
            basic_config(**kwargs)
            if all(kwargs.get(name) is None for name in ("filename", "stream", "handlers")):
                for handler in logging.root.handlers:
                    if handler not in before:
                        handler.addFilter(self._was_not_told)

        basicConfig.__doc__ = basic_config.__doc__
        logging.Logger.callHandlers = callHandlers
        logging.basicConfig = basicConfig
        logging.lastResort.addFilter(self._was_not_told)

    def _was_not_told(self, record):
        return not getattr(self._here, "told", False)

    def _tell(self, record):
        """Whether main was told."""
        here = self._here
        if getattr(here, "telling", False):
            return False  # what a record's own values log while they become text
        here.telling = True
        try:
            self._send(record)
            self._patience = _PATIENCE_SECONDS
            return True
        except TimeoutError:  # CallTimeoutError, too
            self._patience = 0.0
            return False
        except Exception:  # noqa: B902 - no channel, a forked child, a value that is no text: stderr, then
            return False
        finally:
            here.telling = False

    def _send(self, record):
        from lockstep import _faults

        message = record.getMessage()
        if record.stack_info:
            message += "\n" + record.stack_info
        error = None
        if record.exc_info and record.exc_info[1] is not None:
            error = _faults.description(record.exc_info[1])
        level = max(0, min(int(record.levelno), 1000))
        told = (
            level,
            _faults.clean(record.name, _NAME_CHARACTERS),
            _faults.clean(message, _MESSAGE_CHARACTERS),
            error,
        )
        calls = self._calls
        # Nested in the call that logs, so that main has it before the answer.
        parent_id, depth = calls.here() or (0, 0)
        calls.endpoint.send(
            _layout.NOTIFY,
            _layout.BUILTIN,
            min(depth + 1, calls.limits["maxDepth"]),
            calls.endpoint.next_call_id(),
            parent_id,
            _codec.encode_call("log", told, {}),
            time.monotonic() + self._patience,
        )
