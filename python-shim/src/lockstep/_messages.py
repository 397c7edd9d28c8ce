"""Messages: `post` to main, and what main posts, which `on_message` takes. Imported at the first of them.

Main's messages are calls of the builtin function ``message``: they wait their turn on the main thread, in
order, and main counts those that are not answered yet. Ours are notifications of that name, nested in
nothing, so that main has them in one order whoever sent them. Main drops notifications that do not fit its
queue; so that ours always do, the worker asks after every few hundred whether they have been handled.
"""

from lockstep import _codec, _layout
from lockstep.errors import CallTimeoutError, QueueFullError, SignalHandlerError

#: So many messages may be with main before it says that it has handled them.
MOST_AHEAD = 1024

_PATIENCE_SECONDS = 10.0


class Messages:
    """Both directions of one worker."""

    def __init__(self, calls):
        self._calls = calls
        self._handler = None
        self._ahead = 0
        self._most = max(1, min(MOST_AHEAD, calls.limits["maxQueued"] // 4))

    def post(self, value):
        """Sends a value to main's `onMessage`. Raises before anything is sent if it cannot cross."""
        calls = self._calls
        calls.refuse_if_main_only("post()")
        payload = _codec.encode_call("message", (value,), {})
        if self._ahead >= self._most:
            self._catch_up()
        self._ahead += 1
        endpoint = calls.endpoint
        endpoint.send(
            _layout.NOTIFY, _layout.BUILTIN, 1, endpoint.next_call_id(), 0, payload
        )

    def _catch_up(self):
        """Waits until main has handled what it was sent."""
        ahead = self._ahead
        try:
            self._calls.start("flush", (), {}, _PATIENCE_SECONDS, _layout.BUILTIN)
        except SignalHandlerError:
            return  # the next one that may wait does
        except CallTimeoutError:
            raise QueueFullError(
                "main does not handle its messages: unhandled=%d, limit=%d, waited=%d s; does its handler "
                "wait for the function that posts?" % (ahead, self._most, _PATIENCE_SECONDS)
            ) from None
        self._ahead = max(0, self._ahead - ahead)

    def on_message(self, handler):
        """Sets the function that takes main's messages, or none; for use as a decorator, too."""
        if handler is not None and not callable(handler):
            raise TypeError(
                "on_message refused: type=%s, allowed=a callable or None" % type(handler).__name__
            )
        self._handler = handler
        return handler

    def deliver(self, value):
        """Main's ``message``."""
        handler = self._handler
        if handler is None:
            raise LookupError(
                "nobody takes messages in worker %s: call on_message(function) in its script"
                % self._calls.worker_name
            )
        result = handler(value)
        return _without_value(result) if hasattr(type(result), "__await__") else None


async def _without_value(awaitable):
    await awaitable
