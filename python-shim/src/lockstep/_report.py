"""Errors that no call carries, told to main: those of threads, of the event loop's callbacks, of
notifications, of finalizers. Imported at the first of them.

Where main cannot be told (no channel any more, a forked child, `sync_main_only`) they are printed as Python
does it.
"""

import sys
import time

from lockstep import _codec, _layout
from lockstep._stdlib import load

_PATIENCE_SECONDS = 1.0


def tell(calls, source, name, error):
    """Whether main was told. Never raises."""
    if calls.sync_main_only:
        return False
    try:
        from lockstep import _faults

        payload = _codec.encode_call("error", (source, name, _faults.description(error)), {})
        endpoint = calls.endpoint
        endpoint.send(
            _layout.NOTIFY,
            _layout.BUILTIN,
            1,
            endpoint.next_call_id(),
            0,
            payload,
            time.monotonic() + _PATIENCE_SECONDS,
        )
        return True
    except Exception:  # noqa: B902 - whoever called has another way to say it
        return False


def notification(calls, name, error):
    """A notification failed: nobody gets its error as an answer."""
    if not tell(calls, "notification", name, error):
        from lockstep import _faults

        load("traceback").print_exception(type(error), error, _faults.user_traceback(error))


def dropped(calls, name, error):
    """A notification was not run."""
    if not tell(calls, "notification", name, error):
        print("lockstep: notification dropped: %s" % error, file=sys.stderr)


def thread(calls, args, otherwise):
    """For `threading.excepthook`."""
    if args.exc_type is SystemExit:
        return
    error = args.exc_value
    if error is None:
        error = args.exc_type()
    named = getattr(args.thread, "name", None)
    if not tell(calls, "thread", named if isinstance(named, str) else "", error):
        otherwise(args)


def unraisable(calls, args, otherwise):
    """For `sys.unraisablehook`."""
    error = args.exc_value
    if error is None:
        error = args.exc_type()
    try:
        name = "%s %r" % (args.err_msg or "Exception ignored in", args.object)
    except BaseException:  # noqa: B902 - a __repr__ of the user's
        name = args.err_msg or ""
    if not tell(calls, "unraisable", _cut(name), error):
        otherwise(args)


def event_loop(calls, loop, context):
    """For the event loop's exception handler."""
    message = str(context.get("message") or "")
    error = context.get("exception")
    if error is None:
        error = RuntimeError(message)  # a task that was destroyed while it waited, for one
    if not tell(calls, "event_loop", _cut(message), error):
        loop.default_exception_handler(context)


def _cut(text):
    return text[:500].encode("utf-8", "backslashreplace").decode("utf-8")
