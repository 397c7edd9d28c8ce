"""Values to bytes and back: CBOR (RFC 8949) as docs/wire-format.md narrows it.

Knows no memory and no ring. The C accelerator has a twin of the four functions `encode_value`,
`decode_value`, `encode_call`, `decode_call`; the contract between the two:

- The C twin codes exact built-in types itself (None, bool, int, float, str, bytes, bytearray, list,
  tuple, dict, set, frozenset). For any other object it calls ``encode_other(value, depth)``, which
  returns one complete CBOR item to splice in. `depth` is the number of arrays and maps around the
  object (0 at the top of a value; the array of positional arguments and the map of keywords do not
  count).
- When anything at all is refused while encoding (by itself or by `encode_other`) the C twin forgets
  what it has and calls the function of the same name here with the same arguments: that one raises
  the error with the exact path. So no path is ever kept on the hot path.
- While decoding the C twin reads tags 2, 3 and 258 itself; for any other tag it decodes the content
  and calls ``decode_tag(tag, content, position)``. `content` is what the item inside decodes to. A
  tag directly over a tag is refused by both twins before that, but for the typed array inside 40 and
  1040 (which is not directly over: an array lies between). In the place of a map's key, and of
  an element of a set, arrays decode to tuples and sets to frozensets; what then is not hashable is
  refused.
- Errors are `errors.MalformedValueError(position, reason)`, `errors.UnserializableError(path, type,
  reason)`, `errors.MessageTooLargeError`.
- Nesting counts arrays and maps (a set's array and the arrays inside tags 4, 40, 43102, 43103
  included); items are counted over the whole message (elements of arrays, keys and values of maps);
  an array or a map whose announced length exceeds the bytes that are left is refused before
  anything is allocated.
"""

import sys
import _struct as struct

from lockstep import _layout
from lockstep._stdlib import load
from lockstep.errors import MalformedValueError, MessageTooLargeError, UnserializableError

_limits = dict(_layout.DEFAULT_LIMITS)
_max_nesting = _limits["maxNesting"]
_max_items = _limits["maxItems"]
_max_integer_bytes = _limits["maxIntegerBytes"]

_pack_f64 = struct.Struct(">Bd").pack
_unpack_f16 = struct.Struct(">e").unpack_from
_unpack_f32 = struct.Struct(">f").unpack_from
_unpack_f64 = struct.Struct(">d").unpack_from

# A Python name of what an exact type encodes as stands nowhere: the dispatch is by type.
_NONE = b"\xf6"
_FALSE = b"\xf4"
_TRUE = b"\xf5"
_NAN = b"\xf9\x7e\x00"

_PATH_CHARACTERS = 200

# NaN equals nothing, itself neither: as one object it is one key, however often it comes.
_NAN_KEY = float("nan")

# Of arrays: dimensions, the size of one, and the product of those before the first 0 of an empty one,
# lest a tiny message become huge.
_MAX_RANK = 32
_MAX_SIZE = 0x7FFFFFFF
_MAX_EMPTY = 10_000

# PyPy's decoder lets surrogates pass.
_LENIENT_UTF8 = sys.implementation.name == "pypy"


def configure(limits):
    """Sets the limits of every later call: a dict by the names of `_layout.DEFAULT_LIMITS`."""
    global _max_nesting, _max_items, _max_integer_bytes
    _limits.update(limits)
    _max_nesting = _limits["maxNesting"]
    _max_items = _limits["maxItems"]
    _max_integer_bytes = _limits["maxIntegerBytes"]


# ---------------------------------------------------------------------------------------------
# Encoding
# ---------------------------------------------------------------------------------------------


class _Refusal(Exception):
    """Something in the value cannot cross; the walk that follows finds out where."""


class _TooMany(_Refusal):
    """The value as a whole is too large: no walk, which would take half a minute over 16 Mi items."""


def encode_value(value, root="result"):
    """One value as bytes; paths in errors begin with `root`."""
    out = bytearray()
    try:
        _encode(value, out, 0, [0])
    except (_Refusal, RecursionError) as refusal:
        _explain(value, root, refusal)
    _check_size(out, root)
    return bytes(out)


def encode_call(name, args, kwargs):
    """Payload of INVOKE and NOTIFY: name, array of arguments, and a map if `kwargs` is not empty.

    Paths begin with ``args[0]`` and ``kwargs["x"]``. The caller sets the flag KEYWORDS if `kwargs`.
    """
    out = bytearray(_encoded_name(name))
    items = [0]
    _head(out, 0x80, len(args))
    for index, value in enumerate(args):
        try:
            _encode(value, out, 0, items)
        except (_Refusal, RecursionError) as refusal:
            _explain(value, "args[%d]" % index, refusal)
    if kwargs:
        _head(out, 0xA0, len(kwargs))
        for key, value in kwargs.items():
            try:
                _encode(key, out, 0, items)
                _encode(value, out, 0, items)
            except (_Refusal, RecursionError) as refusal:
                _explain(value, "kwargs[%s]" % _quoted(key), refusal)
    _check_size(out, name)
    return bytes(out)


_names = {}


def _encoded_name(name):
    known = _names.get(name)
    if known is not None:
        return known
    try:
        text = name.encode("utf-8")
    except UnicodeEncodeError:
        raise UnserializableError("name", "str", "lone surrogate in the name of a function") from None
    limit = _limits["maxNameBytes"]
    if not 1 <= len(text) <= limit:
        raise ValueError(
            "name of a function refused: bytes=%d, allowed=1 to %d (maxNameBytes)"
            % (len(text), limit)
        )
    out = bytearray()
    _head(out, 0x60, len(text))
    out += text
    if len(_names) >= 4096:
        _names.clear()
    encoded = _names[name] = bytes(out)
    return encoded


def _check_size(out, what):
    if len(out) > _limits["maxMessageBytes"]:
        raise MessageTooLargeError(what, len(out), _limits["maxMessageBytes"])


def encode_other(value, depth):
    """One complete CBOR item for an object whose exact type is not a plain built-in."""
    out = bytearray()
    try:
        _encode(value, out, depth, [0])
    except (_Refusal, RecursionError) as refusal:
        _explain(value, "value", refusal, depth)
    return bytes(out)


def _head(out, major, number):
    if number < 24:
        out.append(major | number)
    elif number < 0x100:
        out.append(major | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(major | 25)
        out += number.to_bytes(2, "big")
    elif number < 0x100000000:
        out.append(major | 26)
        out += number.to_bytes(4, "big")
    else:
        out.append(major | 27)
        out += number.to_bytes(8, "big")


def _tag(out, number):
    _head(out, 0xC0, number)


def _encode(value, out, depth, items):
    encoder = _encoders.get(type(value))
    if encoder is None:
        encoder = _encoder_of(type(value))
    encoder(value, out, depth, items)


def _encode_none(value, out, depth, items):
    out += _NONE


def _encode_bool(value, out, depth, items):
    out += _TRUE if value else _FALSE


def _encode_int(value, out, depth, items):
    if value >= 0:
        if value < 24:
            out.append(value)
            return
        major, tag, number = 0, 2, value
    else:
        major, tag, number = 0x20, 3, -1 - value
    if number < 0x10000000000000000:
        _head(out, major, number)
        return
    length = (number.bit_length() + 7) // 8
    if length > _max_integer_bytes:
        raise _Refusal(
            "integer too large: bytes=%d, maxIntegerBytes=%d" % (length, _max_integer_bytes)
        )
    _tag(out, tag)
    _head(out, 0x40, length)
    out += number.to_bytes(length, "big")


def _encode_float(value, out, depth, items):
    if value != value:
        out += _NAN
    else:
        out += _pack_f64(0xFB, value)


def _encode_str(value, out, depth, items):
    try:
        text = str.encode(value, "utf-8")
    except UnicodeEncodeError as error:
        raise _Refusal("lone surrogate at index %d" % error.start) from None
    _head(out, 0x60, len(text))
    out += text


def _encode_bytes(value, out, depth, items):
    _head(out, 0x40, len(value))
    out += value


def _deeper(depth):
    if depth >= _max_nesting:
        raise _Refusal("nested too deeply: maxNesting=%d" % _max_nesting)
    return depth + 1


def _count(items, number):
    items[0] += number
    if items[0] > _max_items:
        raise _TooMany("too many items: maxItems=%d" % _max_items)


def _encode_list(value, out, depth, items):
    # A copy: user code that runs in the middle, or another thread, may change the list.
    elements = tuple(value)
    depth = _deeper(depth)
    _count(items, len(elements))
    _head(out, 0x80, len(elements))
    encoders = _encoders
    for element in elements:
        encoder = encoders.get(type(element))
        if encoder is None:
            encoder = _encoder_of(type(element))
        encoder(element, out, depth, items)


def _encode_set(value, out, depth, items):
    _tag(out, 258)
    _encode_list(value, out, depth, items)


def _encode_dict(value, out, depth, items):
    entries = tuple(dict.items(value))
    depth = _deeper(depth)
    _count(items, 2 * len(entries))
    _head(out, 0xA0, len(entries))
    encoders = _encoders
    for key, element in entries:
        if type(key) is str:
            _encode_str(key, out, depth, items)
        else:
            _encode(key, out, depth, items)
        encoder = encoders.get(type(element))
        if encoder is None:
            encoder = _encoder_of(type(element))
        encoder(element, out, depth, items)


_BUILT_IN = {
    type(None): _encode_none,
    bool: _encode_bool,
    int: _encode_int,
    float: _encode_float,
    str: _encode_str,
    bytes: _encode_bytes,
    bytearray: _encode_bytes,
    list: _encode_list,
    tuple: _encode_list,
    dict: _encode_dict,
    set: _encode_set,
    frozenset: _encode_set,
}
_encoders = dict(_BUILT_IN)
_MOST_TYPES = 512


def _encoder_of(cls):
    """The encoder of a class met for the first time; found by its bases, never by its instances."""
    encoder = _find_encoder(cls)
    if len(_encoders) >= _MOST_TYPES:
        for known in list(_encoders):
            if known not in _BUILT_IN:
                del _encoders[known]
    _encoders[cls] = encoder
    return encoder


def _is_a(cls, module, name):
    """True if the standard library's class is a base of `cls`; imports nothing that nobody uses."""
    for base in cls.__mro__:
        if base.__module__ == module and base.__name__ == name:
            return base is getattr(load(module), name)
    return False


def _find_encoder(cls):
    if _is_a(cls, "enum", "Enum"):
        return _encode_enum
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "ndarray"):
        if issubclass(cls, numpy.ndarray):
            return _encode_numpy_array
        if issubclass(cls, numpy.generic):
            return _encode_numpy_scalar
    if "__dataclass_fields__" in dir(cls) and isinstance(cls.__dataclass_fields__, dict):
        return _encode_dataclass
    for base in (bool, int, float, str, bytes, bytearray, list, tuple, dict, set, frozenset):
        if issubclass(cls, base):
            return _subclass_encoder(base)
    if issubclass(cls, memoryview):
        return _encode_memoryview
    for module, name, encoder in _STANDARD:
        if _is_a(cls, module, name):
            return encoder
    return _refuse


def _refuse(value, out, depth, items):
    raise _Refusal(None)


# The base class reads the value, never a method of the subclass: what it says of itself may differ
# from what it holds.
_PLAIN = {
    int: lambda value: int.__add__(value, 0),  # __index__ of PyPy asks the subclass
    float: lambda value: float.__float__(value),
    str: lambda value: value,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    bytearray: lambda value: bytearray.__getitem__(value, slice(None)),
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    dict: lambda value: value,
    set: lambda value: set.copy(value),
    frozenset: lambda value: set(frozenset.__iter__(value)),
}


def _subclass_encoder(base):
    plain = _PLAIN[base]
    encode = _BUILT_IN[base]

    def encode_subclass(value, out, depth, items):
        encode(plain(value), out, depth, items)

    return encode_subclass


def _encode_enum(value, out, depth, items):
    _encode(value._value_, out, depth, items)


def _dataclass_fields(cls):
    # Fields proper: no ClassVar, no InitVar. The module is loaded, or there would be no dataclass.
    return [field.name for field in load("dataclasses").fields(cls)]


def _encode_dataclass(value, out, depth, items):
    names = _dataclass_fields(type(value))
    _encode_dict({name: getattr(value, name) for name in names}, out, depth, items)


# ---- numbers, identifiers, time ---------------------------------------------------------------

_DIGITS_AT_ONCE = 4000  # an interpreter may refuse to turn more than 4,300 digits into an integer


def _integer_of_digits(digits):
    number = 0
    for start in range(0, len(digits), _DIGITS_AT_ONCE):
        part = digits[start : start + _DIGITS_AT_ONCE]
        number = number * 10 ** len(part) + int("".join(map(str, part)))
    return number


def _digits_of_integer(number):
    base = 10**_DIGITS_AT_ONCE
    parts = []
    while number >= base:
        number, rest = divmod(number, base)
        parts.append(str(rest).zfill(_DIGITS_AT_ONCE))
    parts.append(str(number))
    return tuple(map(int, "".join(reversed(parts))))


def _encode_decimal(value, out, depth, items):
    decimal_class = load("decimal").Decimal
    sign, digits, exponent = decimal_class.as_tuple(value)
    if not isinstance(exponent, int):
        raise _Refusal("a decimal that is no number cannot cross")
    if len(digits) > _max_integer_bytes * 5 // 2:
        raise _Refusal("decimal too long: digits=%d" % len(digits))
    mantissa = _integer_of_digits(digits)
    if sign and not mantissa:
        raise _Refusal("a decimal of minus zero cannot cross")
    if not -0x7FFFFFFF <= exponent <= 0x7FFFFFFF:
        raise _Refusal("exponent of a decimal out of range: exponent=%d" % exponent)
    depth = _deeper(depth)
    _count(items, 2)
    _tag(out, 4)
    _head(out, 0x80, 2)
    _encode_int(exponent, out, depth, items)
    _encode_int(-mantissa if sign else mantissa, out, depth, items)


def _encode_uuid(value, out, depth, items):
    _tag(out, 37)
    _encode_bytes(value.int.to_bytes(16, "big"), out, depth, items)


def _tagged_text(tag, text, out, depth, items):
    _tag(out, tag)
    _encode_str(text, out, depth, items)


_MAX_OFFSET_SECONDS = 18 * 3600  # what java.time holds


def _offset_text(offset):
    """``Z``, ``+01:00`` or ``-00:00:30`` for a timedelta of whole seconds."""
    seconds = offset.days * 86400 + offset.seconds
    if not seconds:
        return "Z"
    if abs(seconds) > _MAX_OFFSET_SECONDS:
        raise _Refusal("offset beyond 18 hours: offset=%s" % offset)
    sign = "-" if seconds < 0 else "+"
    minutes, second = divmod(abs(seconds), 60)
    text = "%s%02d:%02d" % (sign, minutes // 60, minutes % 60)
    return text + ":%02d" % second if second else text


def _encode_datetime(value, out, depth, items):
    datetime_class = load("datetime").datetime
    if getattr(value, "nanosecond", 0):  # pandas.Timestamp is a datetime with more in it
        raise _Refusal("nanoseconds cannot cross from Python")
    text = datetime_class.isoformat(datetime_class.replace(value, tzinfo=None))
    zone = value.tzinfo
    if zone is None:
        _tagged_text(_layout.TAG_LOCAL_DATETIME, text, out, depth, items)
        return
    offset = value.utcoffset()
    if offset is None:
        raise _Refusal("the time zone gives no offset")
    if offset.microseconds:
        raise _Refusal("offset with a fraction of a second: offset=%s" % offset)
    offset_text = _offset_text(offset)
    name = getattr(zone, "key", None)  # zoneinfo
    if not isinstance(name, str):
        name = getattr(zone, "zone", None)  # pytz
    if not isinstance(name, str):
        if offset.seconds % 60 == 0:
            _tagged_text(0, text + offset_text, out, depth, items)
            return
        name = offset_text
    depth = _deeper(depth)
    _count(items, 2)
    _tag(out, _layout.TAG_ZONED_DATETIME)
    _head(out, 0x80, 2)
    _encode_str(text + offset_text, out, depth, items)
    _encode_str(name, out, depth, items)


def _encode_date(value, out, depth, items):
    _tagged_text(1004, load("datetime").date.isoformat(value), out, depth, items)


def _encode_time(value, out, depth, items):
    if value.tzinfo is not None:
        raise _Refusal("a time of day with a zone cannot cross")
    text = load("datetime").time.isoformat(value)
    _tagged_text(_layout.TAG_LOCAL_TIME, text, out, depth, items)


def _encode_timedelta(value, out, depth, items):
    if getattr(value, "nanoseconds", 0):  # pandas.Timedelta
        raise _Refusal("nanoseconds cannot cross from Python")
    depth = _deeper(depth)
    _count(items, 2)
    _tag(out, _layout.TAG_DURATION)
    _head(out, 0x80, 2)
    _encode_int(value.days * 86400 + value.seconds, out, depth, items)
    _encode_int(value.microseconds * 1000, out, depth, items)


# ---- arrays -----------------------------------------------------------------------------------

# (kind, bytes of an element): tag. Kinds as numpy names them.
_ARRAY_TAGS = {
    ("u", 1): 64,
    ("u", 2): 69,
    ("u", 4): 70,
    ("u", 8): 71,
    ("i", 1): 72,
    ("i", 2): 77,
    ("i", 4): 78,
    ("i", 8): 79,
    ("f", 2): 84,
    ("f", 4): 85,
    ("f", 8): 86,
    ("b", 1): _layout.TAG_BOOLEAN_ARRAY,
}
_KINDS = dict.fromkeys("bhilqn", "i")
_KINDS.update(dict.fromkeys("BHILQN", "u"))
_KINDS.update({"e": "f", "f": "f", "d": "f", "?": "b"})


def _typed_array(tag, data, out, depth, items):
    _tag(out, tag)
    _encode_bytes(data, out, depth, items)


def _shaped_array(tag, shape, data, out, depth, items):
    """Tag 40 over [shape, typed array]: an array of more than one dimension."""
    rows = shape[: shape.index(0)] if 0 in shape else ()
    if len(shape) > _MAX_RANK or max(shape) > _MAX_SIZE or _product(rows) > _MAX_EMPTY:
        raise _Refusal(
            "array of a shape that cannot cross: dimensions=%d, at most %d; rows of an empty one: at most %d"
            % (len(shape), _MAX_RANK, _MAX_EMPTY)
        )
    inner = _deeper(depth)
    _count(items, 2)
    _tag(out, 40)
    _head(out, 0x80, 2)
    _encode_list(tuple(map(int, shape)), out, inner, items)
    _typed_array(tag, data, out, inner, items)


def _encode_array(value, out, depth, items):
    kind = _KINDS.get(value.typecode)
    if kind is None:
        raise _Refusal("array of typecode %r" % value.typecode)
    _typed_array(_ARRAY_TAGS[kind, value.itemsize], value.tobytes(), out, depth, items)


def _encode_memoryview(value, out, depth, items):
    try:
        form = value.format.lstrip("@=<")
    except ValueError:
        raise _Refusal("released memoryview") from None
    # Bytes, but for the two forms that `decode_tag` itself gives out as a view.
    if value.ndim == 1 and form not in ("?", "e"):
        _encode_bytes(value.tobytes(), out, depth, items)
        return
    tag = _ARRAY_TAGS.get((_KINDS.get(form), value.itemsize))
    if tag is None or value.ndim < 1:
        raise _Refusal("memoryview of format %r, dimensions %d" % (value.format, value.ndim))
    if value.ndim == 1:
        _typed_array(tag, value.tobytes(), out, depth, items)
    else:
        _shaped_array(tag, value.shape, value.tobytes(), out, depth, items)


def _encode_numpy_array(value, out, depth, items):
    if hasattr(value, "mask"):
        raise _Refusal("a masked array cannot cross")
    kind = value.dtype.kind
    tag = _ARRAY_TAGS.get((kind, value.dtype.itemsize))
    if tag is None or value.dtype.subdtype is not None:
        raise _Refusal("numpy array of dtype %s" % value.dtype)
    if value.ndim == 0:
        _encode(value.item(), out, depth, items)
        return
    data = value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
    if value.ndim == 1:
        _typed_array(tag, data, out, depth, items)
    else:
        _shaped_array(tag, value.shape, data, out, depth, items)


def _encode_numpy_scalar(value, out, depth, items):
    kind = value.dtype.kind
    if (kind, value.dtype.itemsize) not in _ARRAY_TAGS and kind not in "US":
        raise _Refusal("numpy scalar of dtype %s" % value.dtype)
    _encode(value.item(), out, depth, items)


_STANDARD = (
    ("decimal", "Decimal", _encode_decimal),
    ("uuid", "UUID", _encode_uuid),
    ("datetime", "datetime", _encode_datetime),
    ("datetime", "date", _encode_date),
    ("datetime", "time", _encode_time),
    ("datetime", "timedelta", _encode_timedelta),
    ("array", "array", _encode_array),
)


# ---- where it was -------------------------------------------------------------------------------


def _type_name(value):
    cls = type(value)
    if cls.__module__ in ("builtins", None):
        return cls.__qualname__
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def _quoted(key):
    if isinstance(key, str):
        text = str.replace(str.replace(key, "\\", "\\\\"), '"', '\\"')
        if len(text) > _PATH_CHARACTERS:
            text = text[:_PATH_CHARACTERS] + "..."
        return '"%s"' % text.encode("ascii", "backslashreplace").decode("ascii")
    if key is None or isinstance(key, (bool, int, float)):
        return _encode_key_number(key)
    return "<%s>" % _type_name(key)


def _encode_key_number(key):
    if isinstance(key, int) and not isinstance(key, bool) and key.bit_length() > 200:
        return "<int>"
    return str(key)


def _explain(value, root, refusal, depth=0):
    """Raises UnserializableError for the first thing in `value` that cannot cross."""
    if isinstance(refusal, RecursionError):
        refusal = _Refusal("recursion limit reached while encoding")
    if not isinstance(refusal, _TooMany):
        _walk(value, root, depth, [], [0])
    # A limit on the whole, or the value changed in between.
    raise UnserializableError(root, _type_name(value), _reason(refusal)) from None


def _reason(refusal):
    return refusal.args[0] if refusal.args else None


def _children(value):
    """(step, child) of what `value` contains, in the order in which the encoder meets them."""
    cls = type(value)
    encoder = _encoders.get(cls) or _encoder_of(cls)
    if encoder is _encode_enum:
        return [(".value", value._value_)]
    if encoder is _encode_dataclass:
        return [("." + name, getattr(value, name)) for name in _dataclass_fields(cls)]
    if isinstance(value, dict):
        found = []
        for key, child in dict.items(value):
            step = "[%s]" % _quoted(key)
            found.append((step + " (key)", key))
            found.append((step, child))
        return found
    if isinstance(value, (list, tuple)):
        return [("[%d]" % index, child) for index, child in enumerate(tuple(value))]
    if isinstance(value, (set, frozenset)):
        return [("{%d}" % index, child) for index, child in enumerate(tuple(value))]
    return None


def _walk(value, path, depth, above, items):
    children = _children(value)
    if children is None:
        try:
            _encode(value, bytearray(), depth, items)
        except _Refusal as refusal:
            raise UnserializableError(path, _type_name(value), _reason(refusal)) from None
        return
    if any(value is outer for outer in above):
        raise UnserializableError(path, _type_name(value), "cyclic: it contains itself")
    if len(above) > 4 * _max_nesting:  # a chain of enums that hold each other
        raise UnserializableError(path, _type_name(value), "nested too deeply")
    if not isinstance(value, _CONTAINERS) and not hasattr(type(value), "__dataclass_fields__"):
        inner = depth
    else:
        inner = depth + 1
        if inner > _max_nesting and not _closes_cycle(value, above):
            raise UnserializableError(
                path, _type_name(value), "nested too deeply: maxNesting=%d" % _max_nesting
            )
    above.append(value)
    try:
        for step, child in children:
            _walk(child, path + step, inner, above, items)
    finally:
        above.pop()


_CONTAINERS = (list, tuple, dict, set, frozenset)


def _closes_cycle(value, above):
    """True if going on below `value` comes back to something above it: then that is the news."""
    if len(above) > 2 * _max_nesting:
        return False
    seen = set()
    queue = [value]
    while queue and len(seen) < 10_000:
        current = queue.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for _, child in _children(current) or ():
            if any(child is outer for outer in above) or child is value:
                return True
            if type(child) in _CONTAINERS:
                queue.append(child)
    return False


# ---------------------------------------------------------------------------------------------
# Decoding
# ---------------------------------------------------------------------------------------------


def decode_value(data):
    """The one value that `data` (bytes) holds; trailing bytes are refused."""
    decoder = _Decoder(data)
    value = decoder.read(0, False)
    decoder.finish()
    return value


def decode_call(payload, has_keywords):
    """``(name, args, kwargs)`` of such a payload: a str, a list and a dict."""
    decoder = _Decoder(payload)
    name = decoder.name()
    args = decoder.top(4, "an array of arguments expected")
    kwargs = {}
    if has_keywords:
        start = decoder.position
        kwargs = decoder.top(5, "a map of keyword arguments expected")
        for key in kwargs:
            if type(key) is not str:
                raise MalformedValueError(start, "the key of a keyword argument is text")
    decoder.finish()
    return name, args, kwargs


class _Decoder:
    """Reads one item after the other from `data`; `position` is that of the next.

    What is refused first, and with which words before the colon, is the same as in Java's decoder.
    """

    __slots__ = ("data", "position", "end", "items")

    def __init__(self, data):
        self.data = data
        self.position = 0
        self.end = len(data)
        self.items = 0

    def finish(self):
        if self.position != self.end:
            raise MalformedValueError(
                self.position, "bytes after the value: bytes=%d" % (self.end - self.position)
            )

    def _peek(self):
        if self.position >= self.end:
            raise MalformedValueError(self.position, "the value ends too early")
        return self.data[self.position]

    def name(self):
        """The name of a function: text of definite length."""
        start = self.position
        head = self._peek()
        if head >> 5 != 3 or head & 31 == 31:
            raise MalformedValueError(start, "the name of a function expected: head=%d" % head)
        self.position = start + 1
        length = self._length(head & 31, start, 1)
        limit = _limits["maxNameBytes"]
        if not 1 <= length <= limit:
            raise MalformedValueError(
                start, "length of a name: bytes=%d, allowed=1 to %d" % (length, limit)
            )
        return self._text(length, start)

    def top(self, major, wanted):
        """The array of arguments or the map of keywords, which does not count as nesting."""
        head = self._peek()
        if head >> 5 != major:
            raise MalformedValueError(self.position, "%s: majorType=%d" % (wanted, head >> 5))
        return self.read(-1, False)

    def read(self, depth, as_key):
        """The item at `position`. `as_key`: it must be hashable, arrays become tuples."""
        start = self.position
        if start >= self.end:
            raise MalformedValueError(start, "the value ends too early")
        head = self.data[start]
        self.position = start + 1
        if head < 24:
            return head
        major = head >> 5
        info = head & 31
        if major == 7:
            return self._simple(info, as_key, start)
        if major == 4:
            return self._array(info, depth, as_key, start)
        if major == 5:
            return self._map(info, depth, as_key, start)
        if info == 31 and (major == 2 or major == 3):
            return self._chunks(major, start)
        number = info if info < 24 else self._number(info, start)
        if major == 0:
            return number
        if major == 3:
            return self._text(self._check_length(number, start, 1), start)
        if major == 2:
            return self._bytes(self._check_length(number, start, 1))
        if major == 1:
            return -1 - number
        return self._tagged(number, depth, as_key, start)

    def _number(self, info, start):
        if info > 27:
            raise MalformedValueError(start, "reserved additional information: value=%d" % info)
        length = 1 << (info - 24)
        position = self.position
        if length > self.end - position:
            raise MalformedValueError(start, "the value ends too early")
        self.position = position + length
        return int.from_bytes(self.data[position : position + length], "big")

    def _length(self, info, start, each):
        return self._check_length(info if info < 24 else self._number(info, start), start, each)

    def _check_length(self, length, start, each):
        """A length whose elements, of `each` bytes at least, are all there."""
        left = self.end - self.position
        if each * length > left:
            raise MalformedValueError(
                start, "length beyond the end: announced=%d, bytes left=%d" % (length, left)
            )
        return length

    def _bytes(self, length):
        position = self.position
        self.position = position + length
        return bytes(self.data[position : position + length])

    def _text(self, length, start):
        data = self._bytes(length)
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise MalformedValueError(start, "invalid UTF-8: byte=%d" % error.start) from None
        if _LENIENT_UTF8 and b"\xed" in data and any("\ud800" <= c <= "\udfff" for c in text):
            raise MalformedValueError(start, "invalid UTF-8: a surrogate")
        return text

    def _simple(self, info, as_key, start):
        if info == 20:
            return False
        if info == 21:
            return True
        if info == 22:
            return None
        if info in (25, 26, 27):
            length = 1 << (info - 24)
            position = self.position
            if length > self.end - position:
                raise MalformedValueError(start, "the value ends too early")
            self.position = position + length
            unpack = _unpack_f64 if info == 27 else _unpack_f32 if info == 26 else _unpack_f16
            number = unpack(self.data, position)[0]
            return _NAN_KEY if as_key and number != number else number
        if info == 23:
            raise MalformedValueError(start, "undefined is no value")
        if info == 31:
            raise MalformedValueError(start, "a break where no indefinite item is open")
        number = info if info < 24 else self._number(info, start)
        if info == 24 and number < 32:
            raise MalformedValueError(start, "simple value in two bytes: value=%d" % number)
        raise MalformedValueError(start, "unassigned simple value: value=%d" % number)

    def _enter(self, depth, start):
        if depth >= _max_nesting:
            raise MalformedValueError(start, "nested too deeply: maxNesting=%d" % _max_nesting)
        return depth + 1

    def _count(self, number, start):
        self.items += number
        if self.items > _max_items:
            raise MalformedValueError(start, "too many items: maxItems=%d" % _max_items)

    def _array(self, info, depth, as_key, start):
        depth = self._enter(depth, start)
        read = self.read
        if info == 31:
            elements = []
            while not self._at_break(start):
                self._count(1, start)
                elements.append(read(depth, as_key))
        else:
            length = self._length(info, start, 1)
            self._count(length, start)
            elements = [read(depth, as_key) for _ in range(length)]
        return tuple(elements) if as_key else elements

    def _map(self, info, depth, as_key, start):
        if as_key:
            raise MalformedValueError(start, "a map cannot be a key")
        depth = self._enter(depth, start)
        result = {}
        if info == 31:
            while not self._at_break(start):
                self._count(2, start)
                self._entry(result, depth)
        else:
            length = self._length(info, start, 2)
            self._count(2 * length, start)
            for _ in range(length):
                self._entry(result, depth)
        return result

    def _entry(self, result, depth):
        start = self.position
        key = self.read(depth, True)
        value = self.read(depth, False)
        before = len(result)
        result[key] = value
        if len(result) == before:
            raise MalformedValueError(start, "duplicate key")

    def _at_break(self, start):
        if self.position >= self.end:
            raise MalformedValueError(start, "an indefinite item without its end")
        if self.data[self.position] == 0xFF:
            self.position += 1
            return True
        return False

    def _chunks(self, major, start):
        chunks = []
        while not self._at_break(start):
            position = self.position
            head = self.data[position]
            if head >> 5 != major or head & 31 == 31:
                raise MalformedValueError(position, "a chunk of another kind than its string")
            chunks.append(self.read(0, False))
        return b"".join(chunks) if major == 2 else "".join(chunks)

    def _tagged(self, tag, depth, as_key, start):
        found = self._peek() >> 5
        if found == 6:
            raise MalformedValueError(start, "tag over another tag: tag=%d" % tag)
        wanted = _MAJOR_TYPES.get(tag)
        if wanted is None:
            raise MalformedValueError(start, "unknown tag: tag=%d" % tag)
        if found != wanted:
            raise MalformedValueError(
                start,
                "tag over the wrong type: tag=%d, majorType=%d, expected=%d" % (tag, found, wanted),
            )
        if tag == 258:
            return self._set(depth, as_key, start)
        if as_key and tag in _NO_KEYS:
            raise MalformedValueError(start, "an array of numbers cannot be a key")
        content = self.read(depth, False)
        if tag != 2 and tag != 3:
            return decode_tag(tag, content, start)
        if len(content) > _max_integer_bytes:
            raise MalformedValueError(
                start,
                "integer too large: bytes=%d, maxIntegerBytes=%d"
                % (len(content), _max_integer_bytes),
            )
        number = int.from_bytes(content, "big")
        return number if tag == 2 else -1 - number

    def _set(self, depth, as_key, start):
        elements = self.read(depth, True)
        result = frozenset(elements) if as_key else set(elements)
        if len(result) != len(elements):
            raise MalformedValueError(start, "duplicate element of a set")
        return result


def decode_tag(tag, content, position):
    """The value that `tag` makes of the decoded `content`; `position` is for the error."""
    try:
        decoder, wanted = _TAGS[tag]
    except KeyError:
        raise MalformedValueError(position, "unknown tag: tag=%d" % tag) from None
    if type(content) is not wanted:
        raise MalformedValueError(
            position,
            "tag over the wrong type: tag=%d, found=%s" % (tag, _type_name(content)),
        )
    try:
        return decoder(tag, content, position)
    except MalformedValueError:
        raise
    except (ValueError, OverflowError, TypeError) as error:
        raise MalformedValueError(position, "tag %d: %s" % (tag, error)) from None


def _decode_decimal(tag, content, position):
    if len(content) != 2 or not all(type(part) is int for part in content):
        raise ValueError("[exponent, mantissa] expected")
    exponent, mantissa = content
    if not -0x7FFFFFFF <= exponent <= 0x7FFFFFFF:
        raise ValueError("exponent %d out of range" % exponent)
    decimal_class = load("decimal").Decimal
    return decimal_class((1 if mantissa < 0 else 0, _digits_of_integer(abs(mantissa)), exponent))


def _decode_uuid(tag, content, position):
    if len(content) != 16:
        raise ValueError("16 bytes expected, %d found" % len(content))
    return load("uuid").UUID(bytes=content)


def _digits(text, start, length):
    part = text[start : start + length]
    if len(part) != length or not part.isascii() or not part.isdigit():
        raise ValueError("digits expected at %d of %r" % (start, text[:80]))
    return int(part)


def _expect(text, position, characters):
    if text[position : position + 1] not in characters or position >= len(text):
        raise ValueError("one of %r expected at %d of %r" % (characters, position, text[:80]))


def _parse_date(text):
    if text[:1] in ("+", "-"):
        raise ValueError("year out of Python's range (1 to 9999): %r" % text[:80])
    _expect(text, 4, "-")
    _expect(text, 7, "-")
    return _digits(text, 0, 4), _digits(text, 5, 2), _digits(text, 8, 2)


def _parse_time(text, start):
    """(hour, minute, second, microsecond) and where the text goes on; nanoseconds are cut."""
    hour = _digits(text, start, 2)
    _expect(text, start + 2, ":")
    minute = _digits(text, start + 3, 2)
    position = start + 5
    second = microsecond = 0
    if text[position : position + 1] == ":":
        second = _digits(text, position + 1, 2)
        position += 3
        if text[position : position + 1] == ".":
            end = position + 1
            while text[end : end + 1].isdigit() and end - position <= 9:
                end += 1
            fraction = text[position + 1 : end]
            if not fraction or not fraction.isascii():
                raise ValueError("a fraction of 1 to 9 digits expected in %r" % text[:80])
            microsecond = int(fraction.ljust(6, "0")[:6])
            position = end
    return (hour, minute, second, microsecond), position


def _parse_offset(text, start):
    """The timedelta that ``Z`` or ``+hh:mm[:ss]`` at the end of the text stands for."""
    timedelta = load("datetime").timedelta
    if text[start:] in ("Z", "z"):
        return timedelta(0)
    _expect(text, start, "+-")
    _expect(text, start + 3, ":")
    minutes = _digits(text, start + 4, 2)
    seconds = 0
    if len(text) == start + 9:
        _expect(text, start + 6, ":")
        seconds = _digits(text, start + 7, 2)
    elif len(text) != start + 6:
        raise ValueError("offset of the form +hh:mm or +hh:mm:ss expected in %r" % text[:80])
    if minutes > 59 or seconds > 59:
        raise ValueError("offset with more than 59 minutes or seconds: %r" % text[:80])
    seconds += _digits(text, start + 1, 2) * 3600 + minutes * 60
    if seconds > _MAX_OFFSET_SECONDS:
        raise ValueError("offset beyond 18 hours: %r" % text[:80])
    return timedelta(seconds=-seconds if text[start] == "-" else seconds)


def _parse_datetime(text):
    """(naive datetime, where the text goes on)."""
    date = _parse_date(text)
    _expect(text, 10, "Tt")
    time, position = _parse_time(text, 11)
    return load("datetime").datetime(*date, *time), position


def _fixed_zone(offset):
    timezone = load("datetime").timezone
    return timezone(offset) if offset else timezone.utc


def _decode_datetime(tag, text, position):
    naive, end = _parse_datetime(text)
    return naive.replace(tzinfo=_fixed_zone(_parse_offset(text, end)))


def _decode_local_datetime(tag, text, position):
    naive, end = _parse_datetime(text)
    if end != len(text):
        raise ValueError("nothing expected after the seconds of %r" % text[:80])
    return naive


def _decode_zoned_datetime(tag, content, position):
    if len(content) != 2 or not all(type(part) is str for part in content):
        raise ValueError("[text with offset, zone] expected")
    text, zone = content
    naive, end = _parse_datetime(text)
    offset = _parse_offset(text, end)
    if zone in ("Z", "z") or zone[:1] in ("+", "-"):
        if _parse_offset(zone, 0) != offset:
            raise ValueError("offset and zone differ: text=%s, zone=%s" % (text[:80], zone[:80]))
        return naive.replace(tzinfo=_fixed_zone(offset))
    if len(zone) < 2 or not zone[0].isalpha() or not _ZONE_CHARACTERS.issuperset(zone):
        raise ValueError("name of a zone expected: zone=%r" % zone[:80])
    zoneinfo = load("zoneinfo")
    try:
        rules = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
        raise MalformedValueError(position, "zone not known here: zone=%s" % zone[:80]) from None
    local = _at_offset(naive, offset, rules)
    if local is None:
        # The sender's rules of the zone are others than ours: either the wall clock or the instant
        # would have to change, and neither may, silently.
        raise MalformedValueError(
            position,
            "the zone has another offset at that time here: time=%s, zone=%s" % (text, zone),
        )
    return local


def _at_offset(naive, offset, rules):
    """This time of the zone's wall clocks at which they have this offset, or None."""
    for fold in (0, 1):
        local = naive.replace(tzinfo=rules, fold=fold)
        if local.utcoffset() != offset:
            continue
        try:
            instant = (naive - offset).replace(tzinfo=_fixed_zone(load("datetime").timedelta(0)))
            exists = instant.astimezone(rules).replace(tzinfo=None, fold=0) == naive
        except OverflowError:  # within hours of the first or the last year, where no clock was put forward
            exists = True
        if exists:
            return local
    return None


def _decode_date(tag, text, position):
    if len(text) != 10:
        raise ValueError("a date of the form yyyy-mm-dd expected: %r" % text[:80])
    return load("datetime").date(*_parse_date(text))


def _decode_time(tag, text, position):
    time, end = _parse_time(text, 0)
    if end != len(text):
        raise ValueError("nothing expected after the seconds of %r" % text[:80])
    return load("datetime").time(*time)


def _decode_duration(tag, content, position):
    if len(content) != 2 or not all(type(part) is int for part in content):
        raise ValueError("[seconds, nanoseconds] expected")
    seconds, nanoseconds = content
    if not 0 <= nanoseconds < 1_000_000_000:
        raise ValueError("nanoseconds %d out of range" % nanoseconds)
    # Whole days and the rest: a timedelta made of a huge number of seconds would go through floats.
    days, rest = divmod(seconds, 86400)
    return load("datetime").timedelta(days, rest, nanoseconds // 1000)


# What names of zones are made of.
_ZONE_CHARACTERS = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~/._+-"
)

# tag: (typecode of array.array, bytes of an element, big-endian)
_ELEMENTS = {
    64: ("B", 1, False),
    65: ("H", 2, True),
    66: ("I", 4, True),
    67: ("Q", 8, True),
    68: ("B", 1, False),
    69: ("H", 2, False),
    70: ("I", 4, False),
    71: ("Q", 8, False),
    72: ("b", 1, False),
    73: ("h", 2, True),
    74: ("i", 4, True),
    75: ("q", 8, True),
    77: ("h", 2, False),
    78: ("i", 4, False),
    79: ("q", 8, False),
    80: ("e", 2, True),
    81: ("f", 4, True),
    82: ("d", 8, True),
    84: ("e", 2, False),
    85: ("f", 4, False),
    86: ("d", 8, False),
}


def _decode_typed_array(tag, content, position):
    typecode, size, big_endian = _ELEMENTS[tag]
    if len(content) % size:
        raise ValueError("%d bytes are no whole number of elements of %d" % (len(content), size))
    if typecode == "e":
        return _half_floats(content, big_endian)
    result = load("array").array(typecode)
    result.frombytes(content)
    if big_endian:
        result.byteswap()
    return result


def _half_floats(content, big_endian):
    if big_endian:
        swapped = bytearray(len(content))
        swapped[0::2] = content[1::2]
        swapped[1::2] = content[0::2]
        content = bytes(swapped)
    try:
        view = memoryview(content).cast("e")
        if content:
            view[0]
        return view
    except (ValueError, NotImplementedError):
        # Before 3.12 a view cannot hold them: the same numbers, in 32 bits.
        values = struct.unpack("<%de" % (len(content) // 2), content)
        return load("array").array("f", values)


def _decode_booleans(tag, content, position):
    if content.strip(b"\x00\x01") or content.translate(None, b"\x00\x01"):
        raise ValueError("bytes of 0 and 1 expected")
    return memoryview(content).cast("?")


def _decode_shaped(tag, content, position):
    if len(content) != 2 or type(content[0]) is not list:
        raise ValueError("[shape, typed array] expected")
    shape, elements = content
    if not 1 <= len(shape) <= _MAX_RANK or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError("a shape of 1 to 32 sizes expected")
    flat = type(elements) is memoryview and elements.ndim == 1
    if not flat and not _is_a(type(elements), "array", "array"):
        raise ValueError("a typed array expected after the shape")
    count = _product(shape)
    if count != len(elements) or max(shape) > _MAX_SIZE:
        raise ValueError("a shape of other than %d elements" % len(elements))
    if len(shape) == 1:
        return elements
    if not count:
        return _empty_of(shape)
    if tag == 1040:
        elements = _row_major(shape, elements)
    view = memoryview(elements)
    return view.cast("B").cast(view.format, shape)


def _product(sizes):
    product = 1
    for size in sizes:
        product *= size
    return product


def _row_major(shape, elements):
    """The same array with its last index, not its first, the one that runs fastest."""
    strides = [1]
    for size in shape[:-1]:
        strides.append(strides[-1] * size)
    order = [0]
    for size, stride in zip(shape, strides):
        order = [base + step * stride for base in order for step in range(size)]
    moved = load("array").array("b" if type(elements) is memoryview else elements.typecode)
    if type(elements) is memoryview:
        size, form = elements.itemsize, elements.format
        data = elements.tobytes()
        parts = b"".join([data[size * index : size * index + size] for index in order])
        return memoryview(parts).cast(form)
    moved.extend([elements[index] for index in order])
    return moved


def _empty_of(shape):
    # A memoryview cannot have a dimension of size 0; lists of the same shape can. Sizes after the
    # first 0 have nothing to say.
    sizes = shape[: shape.index(0)]
    if _product(sizes) > _MAX_EMPTY:
        raise ValueError("an empty array of more than %d rows" % _MAX_EMPTY)
    result = []
    for size in reversed(sizes):
        result = [list(result) for _ in range(size)]
    return result


_TAGS = {
    0: (_decode_datetime, str),
    4: (_decode_decimal, list),
    37: (_decode_uuid, bytes),
    40: (_decode_shaped, list),
    1004: (_decode_date, str),
    1040: (_decode_shaped, list),
    _layout.TAG_LOCAL_DATETIME: (_decode_local_datetime, str),
    _layout.TAG_LOCAL_TIME: (_decode_time, str),
    _layout.TAG_DURATION: (_decode_duration, list),
    _layout.TAG_ZONED_DATETIME: (_decode_zoned_datetime, list),
    _layout.TAG_BOOLEAN_ARRAY: (_decode_booleans, bytes),
}
_TAGS.update((tag, (_decode_typed_array, bytes)) for tag in _ELEMENTS)

# What a tag must stand over, by its major type; and the tags of what cannot be a key.
_MAJOR_TYPES = {tag: {str: 3, bytes: 2, list: 4}[wanted] for tag, (_, wanted) in _TAGS.items()}
_MAJOR_TYPES.update({2: 2, 3: 2, 258: 4})
_NO_KEYS = frozenset((40, 1040, _layout.TAG_BOOLEAN_ARRAY, *_ELEMENTS))
