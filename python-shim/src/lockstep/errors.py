"""What can go wrong in a worker, as exceptions.

::

    LockstepError
     |- NotInWorkerError          RuntimeError   there is no `sync` outside a worker
     |- SyncMainOnlyError         RuntimeError   this worker was configured never to call main
     |- ForkedWorkerError         RuntimeError   a forked child used its parent's channel
     |- ChannelClosedError        ConnectionError  the other side closed or is gone
     |- PeerFaultError            RuntimeError   the segment holds what no host of ours writes
     |- StartUpError              RuntimeError   the worker could not attach to its segment
     |- UnserializableError       TypeError      a value cannot cross: path and type
     |- MalformedValueError       ValueError     received bytes that no encoder of ours writes
     |- MessageTooLargeError      ValueError     a limit: its value and what was asked
     |- QueueFullError            RuntimeError   a limit: its value and what was asked
     |- DepthExceededError        RecursionError a chain of calls is longer than its limit
     |- CallTimeoutError          TimeoutError   `sync.within(seconds)` ran out
     |- CallCancelledError        RuntimeError   main cancelled the call
     |- NotExportedError          LookupError    main offers no function of this name
     |- WrongArgumentsError       TypeError      main's function does not take these arguments
     |- StillBootingError         RuntimeError   main called before the script had got that far
     |- LoopBlockedError          RuntimeError   a coroutine would wait for its own thread
     `- JavaError                 (and ValueError, KeyError, ... where the Java type has such a twin)
"""


class LockstepError(Exception):
    """Base of everything that this package raises."""


class NotInWorkerError(LockstepError, RuntimeError):
    """`sync` was used in a process that no host started as a worker."""


class SyncMainOnlyError(LockstepError, RuntimeError):
    """A `sync_main_only` worker tried to call main."""


class ForkedWorkerError(LockstepError, RuntimeError):
    """A child made by fork used the channel, which belongs to its parent."""


class ChannelClosedError(LockstepError, ConnectionError):
    """The channel to main is closed; nothing can be sent or awaited any more."""


class PeerFaultError(LockstepError, RuntimeError):
    """A word of the segment has a value that no host of ours writes: word, value, allowed."""

    def __init__(self, word, value, allowed):
        super().__init__(
            "segment refused: word=%s, value=%s, allowed=%s" % (word, value, allowed)
        )
        self.word = word
        self.value = value
        self.allowed = allowed


class StartUpError(LockstepError, RuntimeError):
    """The worker could not attach to the segment that its start-up message names."""


class UnserializableError(LockstepError, TypeError):
    """A value cannot cross. `path` says where it is (``args[0]["cb"]``), `type` what it is.

    Raised before anything is sent; the channel is usable at once after.
    """

    def __init__(self, path, type, reason=None):  # noqa: A002 - the name is part of the contract
        text = "value cannot cross: path=%s, type=%s" % (path, type)
        if reason:
            text += " (%s)" % reason
        super().__init__(text)
        self.path = path
        self.type = type
        self.reason = reason

    def __reduce__(self):
        return (UnserializableError, (self.path, self.type, self.reason))


class MalformedValueError(LockstepError, ValueError):
    """Received bytes are not a value: `position` in the message and `reason`."""

    def __init__(self, position, reason):
        super().__init__("value refused: position=%s, reason=%s" % (position, reason))
        self.position = position
        self.reason = reason

    def __reduce__(self):
        return (MalformedValueError, (self.position, self.reason))


class MessageTooLargeError(LockstepError, ValueError):
    """An encoded message is longer than `maxMessageBytes`."""

    def __init__(self, what, actual, limit, limit_name="maxMessageBytes"):
        super().__init__(
            "message too large: what=%s, bytes=%s, %s=%s" % (what, actual, limit_name, limit)
        )
        self.actual = actual
        self.limit = limit


class QueueFullError(LockstepError, RuntimeError):
    """A queue has reached its limit."""


class DepthExceededError(LockstepError, RecursionError):
    """A chain of calls, each nested in the one before, is longer than `maxDepth`."""


class CallTimeoutError(LockstepError, TimeoutError):
    """A call to main was not answered within its deadline; the late answer is dropped."""


class CallCancelledError(LockstepError, RuntimeError):
    """The call was cancelled by the other side."""


class NotExportedError(LockstepError, LookupError):
    """Main offers no function of this name; `exports` is what it does offer."""

    def __init__(self, message, exports=()):
        super().__init__(message)
        self.exports = list(exports)


class WrongArgumentsError(LockstepError, TypeError):
    """Main's function does not take these arguments."""


class StillBootingError(LockstepError, RuntimeError):
    """A function was called that the script, still running, has not offered yet."""


class LoopBlockedError(LockstepError, RuntimeError):
    """An `async def` export was called by a chain that blocks the event loop's own thread."""


class SignalHandlerError(LockstepError, RuntimeError):
    """A signal handler called main while its own thread waits for main: the answer could not be read."""


class JavaError(LockstepError):
    """A Java function raised.

    `class_name` is the Java class, `message` its message, `stack` the stack trace as Java prints it,
    `types` the class and its bases, `frames` a list of ``(file, line, function, source)``,
    `cause` the JavaError of its cause or None, `attributes` a dict. Where the Java class has a Python
    counterpart the error is an instance of that too, so ``except ValueError`` catches an
    IllegalArgumentException.
    """

    def __init__(
        self, class_name, message="", stack="", cause=None, types=(), frames=(), attributes=None
    ):
        super().__init__("%s: %s" % (class_name, message) if message else class_name)
        self.class_name = class_name
        self.message = message
        self.stack = stack
        self.cause = cause
        self.types = list(types) or [class_name]
        self.frames = [tuple(frame) for frame in frames]
        self.attributes = dict(attributes or {})
        if cause is not None:
            self.__cause__ = cause

    # KeyError and OSError print themselves in ways of their own; this one text is wanted everywhere.
    def __str__(self):
        return "%s: %s" % (self.class_name, self.message) if self.message else self.class_name


# Java's class and the Python class that an ordinary except clause would name. The first of the
# error's `types` (most derived first) that stands here decides.
_COUNTERPARTS = {
    "java.lang.IllegalArgumentException": ValueError,
    "java.lang.NumberFormatException": ValueError,
    "java.time.DateTimeException": ValueError,
    "java.util.NoSuchElementException": KeyError,
    "java.lang.IndexOutOfBoundsException": IndexError,
    "java.util.concurrent.TimeoutException": TimeoutError,
    "java.lang.ArithmeticException": ArithmeticError,
    "java.lang.UnsupportedOperationException": NotImplementedError,
    "java.io.FileNotFoundException": FileNotFoundError,
    "java.nio.file.NoSuchFileException": FileNotFoundError,
    "java.nio.file.FileAlreadyExistsException": FileExistsError,
    "java.nio.file.AccessDeniedException": PermissionError,
    "java.io.EOFException": EOFError,
    "java.io.IOException": OSError,
    "java.io.UncheckedIOException": OSError,
    "java.net.ConnectException": ConnectionError,
    "java.net.SocketTimeoutException": TimeoutError,
    "java.net.http.HttpTimeoutException": TimeoutError,
    "java.lang.ClassCastException": TypeError,
    "java.lang.NullPointerException": TypeError,
    "java.lang.SecurityException": PermissionError,
    "java.lang.OutOfMemoryError": MemoryError,
    "java.lang.StackOverflowError": RecursionError,
    "java.lang.AssertionError": AssertionError,
    "java.util.concurrent.CancellationException": CallCancelledError,
    "java.lang.IllegalStateException": RuntimeError,
}

_java_error_classes = {}


def java_error_class(types):
    """The class to raise for a Java error whose class and bases are `types`."""
    for name in types:
        base = _COUNTERPARTS.get(name)
        if base is not None:
            made = _java_error_classes.get(base)
            if made is None:
                made = type(
                    "JavaError",
                    (JavaError, base),
                    {
                        "__module__": __name__,
                        "__doc__": JavaError.__doc__,
                        "__str__": JavaError.__str__,
                        "__init__": JavaError.__init__,
                    },
                )
                _java_error_classes[base] = made
            return made
    return JavaError
