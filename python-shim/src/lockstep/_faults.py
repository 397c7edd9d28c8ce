"""Errors on the wire: an exception to the map that describes it, and such a map to an exception.

The map is drawn in docs/wire-format.md, "Error map". Nothing that user code does in `__str__`,
`__repr__` or a property may break this: whatever raises there is replaced by a sentence.
"""

import sys

from lockstep import _codec, errors
from lockstep._stdlib import load

MESSAGE_CHARACTERS = 16 * 1024
TRACEBACK_CHARACTERS = 32 * 1024
MOST_FRAMES = 100
MOST_CAUSES = 8
MAP_BYTES = 256 * 1024
_ATTRIBUTE_BYTES = 4096
_CUT = "... [%d characters cut] ..."
_HERE = (lambda: None).__code__.co_filename.rpartition("/")[0]  # as frames name it


def fault(kind, type_name, message, **more):
    """The encoded map of an error that no exception stands for."""
    return _encode(dict({"kind": kind, "type": type_name, "message": message}, **more))


def describe(error, kind="exception", **more):
    """The encoded map of an exception."""
    return _encode(dict(_map_of(error, kind, MOST_CAUSES, set()), **more))


def description(error):
    """The map of an exception, to be sent within a call."""
    described = _map_of(error, "exception", MOST_CAUSES, set())
    _encode(described)  # cuts it
    return described


def _encode(described):
    payload = _codec.encode_value(described, "error")
    for key in ("attributes", "notes", "cause", "frames", "traceback"):
        if len(payload) <= MAP_BYTES:
            break
        described.pop(key, None)
        payload = _codec.encode_value(described, "error")
    return payload


def type_name(cls):
    """``ValueError``, ``mypkg.Oops``: builtins without their module."""
    module = cls.__module__
    if module == "builtins" or not isinstance(module, str):
        return clean(cls.__qualname__, 500)
    return clean("%s.%s" % (module, cls.__qualname__), 500)


def clean(text, limit):
    """A text that can cross: without lone surrogates, cut with a mark in its middle."""
    if not isinstance(text, str):
        text = "<no text>"
    text = str.__str__(text)
    if len(text) > limit:
        cut = len(text) - limit
        text = text[: limit * 3 // 4] + _CUT % cut + text[-(limit // 4) :]
        text = text[:limit]
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _message(error):
    try:
        return clean(str(error), MESSAGE_CHARACTERS)
    except BaseException as problem:  # noqa: B902 - whatever user code does in __str__
        return "<message not available: %s in __str__>" % type_name(type(problem))


def user_traceback(error):
    """The traceback from the first frame that is not the shim's own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_HERE):
        trace = trace.tb_next
    return trace


def _map_of(error, kind, depth, seen):
    seen.add(id(error))
    described = {
        "kind": kind,
        "type": type_name(type(error)),
        "types": [type_name(cls) for cls in type(error).__mro__ if cls is not object][:32],
        "message": _message(error),
    }
    trace = user_traceback(error)
    described["traceback"] = _formatted(error, trace)
    described["frames"] = _frames(trace)
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list) and notes:
        described["notes"] = [clean(note, 2000) for note in notes[:32] if isinstance(note, str)]
    attributes = _attributes(error)
    if attributes:
        described["attributes"] = attributes
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    if cause is not None and depth > 0 and id(cause) not in seen:
        described["cause"] = _map_of(cause, "exception", depth - 1, seen)
    return described


def _formatted(error, trace):
    try:
        traceback = load("traceback")
        lines = traceback.TracebackException(type(error), error, trace).format()
        return clean("".join(lines), TRACEBACK_CHARACTERS)
    except BaseException as problem:  # noqa: B902 - __str__, __repr__ of user code
        return clean(
            "".join(_frame_lines(trace))
            + "%s: %s\n(traceback cut: %s)"
            % (type_name(type(error)), _message(error)[:1000], type_name(type(problem))),
            TRACEBACK_CHARACTERS,
        )


def _frame_lines(trace):
    try:
        return load("traceback").format_tb(trace, -MOST_FRAMES)
    except BaseException:  # noqa: B902 - a module of the user's stands where it wants the library's
        lines = []
        while trace is not None and len(lines) < MOST_FRAMES:
            code = trace.tb_frame.f_code
            lines.append('  File "%s", line %s, in %s\n' % (code.co_filename, trace.tb_lineno, code.co_name))
            trace = trace.tb_next
        return lines


def _frames(trace):
    try:
        summary = load("traceback").extract_tb(trace, -MOST_FRAMES)
    except BaseException:  # noqa: B902
        return []
    return [
        [
            clean(frame.filename, 1000),
            frame.lineno or 0,
            clean(frame.name, 500),
            clean(frame.line or "", 500),
        ]
        for frame in summary
    ]


_KNOWN_ATTRIBUTES = (
    (OSError, ("errno", "strerror", "filename", "filename2")),
    (SyntaxError, ("msg", "filename", "lineno", "offset", "text", "end_lineno", "end_offset")),
    (ImportError, ("name", "path")),
    (SystemExit, ("code",)),
    (StopIteration, ("value",)),
)


def _attributes(error):
    """What of the exception's public attributes can cross."""
    found = {}
    names = []
    for cls, known in _KNOWN_ATTRIBUTES:
        if isinstance(error, cls):
            names += known
    own = getattr(error, "__dict__", None)
    if isinstance(own, dict):
        names += [name for name in own if isinstance(name, str) and name[:1] != "_"]
    for name in names[:64]:
        try:
            value = getattr(error, name)
            if value is not None and len(_codec.encode_value(value)) <= _ATTRIBUTE_BYTES:
                _codec.encode_value(name)
                found[name] = value
        except BaseException:  # noqa: B902 - not plain, or a property that raises
            continue
    return found


def is_arity(error, function):
    """True if this TypeError says that `function` was called with arguments that it does not take.

    A TypeError without a single frame of user code was raised by the call itself; functions coded in
    C are left out, since theirs may come from anywhere inside.
    """
    if type(error) is not TypeError or user_traceback(error) is not None:
        return False
    return type(function).__name__ not in ("builtin_function_or_method", "builtin_function")


def error_of(payload, name):
    """The exception to raise for the map that answered the call of main's function `name`."""
    described = _codec.decode_value(payload)
    if type(described) is not dict:
        raise errors.MalformedValueError(0, "an error map expected")
    return _exception(described, name)


def _exception(described, name):
    kind = _text(described, "kind", "exception")
    message = _text(described, "message")
    if kind == "exception":
        return _java_error(described, MOST_CAUSES)
    if kind == "not_exported":
        return errors.NotExportedError(message, _list(described, "exports"))
    if kind == "unserializable":
        path = _text(described, "path", "?")
        made = errors.UnserializableError(path, _text(described, "type", "?"))
        made.args = (message,)
        return made
    if kind == "too_large":
        made = errors.MessageTooLargeError(name, 0, 0)
        made.args = (message,)
        return made
    cls = _KINDS.get(kind)
    if cls is None:
        return _java_error(described, MOST_CAUSES)
    return cls(message)


_KINDS = {
    "wrong_arguments": errors.WrongArgumentsError,
    "cancelled": errors.CallCancelledError,
    "queue_full": errors.QueueFullError,
    "depth": errors.DepthExceededError,
    "still_booting": errors.StillBootingError,
    "loop_blocked": errors.LoopBlockedError,
    "closed": errors.ChannelClosedError,
}


def _text(described, key, default=""):
    value = described.get(key)
    return value if type(value) is str else default


def _list(described, key):
    value = described.get(key)
    return value if type(value) is list else []


def _java_error(described, depth):
    cause = described.get("cause")
    if type(cause) is dict and depth > 0:
        cause = _java_error(cause, depth - 1)
    else:
        cause = None
    class_name = _text(described, "type", "java.lang.Throwable")
    types = [name for name in _list(described, "types") if type(name) is str] or [class_name]
    attributes = described.get("attributes")
    made = errors.java_error_class(types)(
        class_name,
        _text(described, "message"),
        _text(described, "traceback"),
        cause,
        types,
        [frame for frame in _list(described, "frames") if type(frame) is list],
        attributes if type(attributes) is dict else None,
    )
    notes = [note for note in _list(described, "notes") if type(note) is str]
    if notes and sys.version_info >= (3, 11):
        for note in notes:
            made.add_note(note)
    return made
