"""What a decoder makes of bytes, as one line of text: the same for Java, C and pure Python.

A verdict is ``value TEXT``, ``refused POSITION CLASS`` (the reason up to its first colon), or ``unfit CLASS`` for a
value that is well-formed but cannot be had here (a time zone that this machine does not know). TEXT says type and
content of everything in the value, in a notation that Java's `dev.lockstep.fuzz.ValueText` writes too; what is long
is its length and CRC-32. `frames` gives the messages that a lane's bytes make, and the word that ends them.
"""

import datetime
import decimal
import re
import struct
import sys
import uuid
import zlib

import harness
from lockstep import _codec as pure
from lockstep import _layout
from lockstep.errors import MalformedValueError, PeerFaultError, UnserializableError

#: Small, so that small inputs reach them.
LIMITS = dict(
    _layout.DEFAULT_LIMITS,
    maxMessageBytes=1 << 20,
    maxNesting=8,
    maxItems=64,
    maxIntegerBytes=16,
    maxNameBytes=16,
    maxQueued=64,
    maxDepth=8,
)

LONGEST_TEXT = 60
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)
NUMPY_NAMES = {
    "B": "uint8", "b": "int8", "H": "uint16", "h": "int16", "I": "uint32", "i": "int32", "L": "uint64", "l": "int64",
    "Q": "uint64", "q": "int64", "e": "float", "f": "float", "d": "float64", "?": "bool",
}  # fmt: skip


# ---- values -------------------------------------------------------------------------------------


def text_of(value):
    """Type and content of a decoded value."""
    if value is None:
        return "null"
    kind = type(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return "i%x" % value
    if kind is float:
        return _float(value)
    if kind is str:
        return "t" + value.encode("utf-8").hex()
    if kind is bytes:
        return "b" + value.hex()
    if kind is list or kind is tuple:
        return "[%s]" % ",".join(map(text_of, value))
    if kind is dict:
        return "{%s}" % ",".join("%s:%s" % (text_of(k), text_of(v)) for k, v in value.items())
    if kind is set or kind is frozenset:
        return "(%s)" % ",".join(sorted(map(text_of, value)))
    if kind is decimal.Decimal:
        sign, digits, exponent = value.as_tuple()
        mantissa = pure._integer_of_digits(digits)
        return "d%d/%x" % (exponent, -mantissa if sign else mantissa)
    if kind is uuid.UUID:
        return "u" + value.bytes.hex()
    return _array(value) if kind is memoryview or kind.__name__ == "array" else _time(value)


def _float(number):
    if number != number:
        return "fnan"
    return "f" + struct.pack(">d", number).hex()


def _array(value):
    view = memoryview(value)
    name = NUMPY_NAMES[view.format]
    shape = "x".join(map(str, view.shape))
    data = view.tobytes()
    if name == "float":
        elements = view.cast("B").cast(view.format) if view.nbytes else ()
        content = ",".join(map(_float, elements))
    else:
        if view.itemsize > 1 and sys.byteorder != "little":
            raise AssertionError("little-endian machines only")
        content = data.hex()
    return "a%s:%s:%s" % (name, shape, content)


def _time(value):
    kind = type(value)
    if kind is datetime.datetime:
        local = "%d" % ((value.replace(tzinfo=None, fold=0) - EPOCH) // MICROSECOND)
        if value.tzinfo is None:
            return "l" + local
        zone = getattr(value.tzinfo, "key", "")
        offset = value.utcoffset() // datetime.timedelta(seconds=1)
        return "z%s/%d/%s" % (local, offset, zone)
    if kind is datetime.date:
        return "D%d" % (value.toordinal() - EPOCH.toordinal())
    if kind is datetime.time:
        return "T%d" % (
            ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
        )
    if kind is datetime.timedelta:
        return "P%d" % (value // MICROSECOND)
    raise AssertionError("a value of a type that no value has: %r" % kind)


def short(text):
    data = text.encode("utf-8")
    return text if len(data) <= LONGEST_TEXT else "%d bytes, crc32 %08x" % (len(data), zlib.crc32(data))


def reason_class(reason):
    return reason.partition(":")[0]


def _verdict(decode):
    try:
        value = decode()
    except MalformedValueError as error:
        reason = reason_class(error.reason)
        if "zone" in reason:
            return "unfit " + reason
        return "refused %d %s" % (error.position, reason)
    return "value " + short(text_of(value))


def value(codec, data):
    """The verdict on a value; and what can be read can be written, and is the same when read again."""

    def decode():
        found = codec.decode_value(data)
        try:
            encoded = codec.encode_value(found)
        except UnserializableError as error:
            if not _may_have_grown(found, error):
                raise
            return found
        if codec is not pure and encoded != pure.encode_value(found):
            raise AssertionError("the twins write it differently")
        if text_of(codec.decode_value(encoded)) != text_of(found):
            raise AssertionError("it is another one when it is written and read again")
        return found

    return _verdict(decode)


def _may_have_grown(value, error):
    """An empty array of several dimensions is one item on the wire, and nested lists in Python."""
    return "[]" in text_of(value) and re.search("max(Items|Nesting)=", str(error))


def refusal_or_value(codec, data):
    """The same without writing it again, and of a large map its size only."""
    try:
        found = codec.decode_value(data)
    except MalformedValueError as error:
        return "refused %d %s" % (error.position, reason_class(error.reason))
    return "value a map of %d" % len(found) if type(found) is dict else "value " + text_of(found)


def call(codec, data):
    """`data`: a byte whose lowest bit says whether keywords follow, then the payload."""
    if not data:
        return "empty"

    def decode():
        name, args, kwargs = codec.decode_call(data[1:], bool(data[0] & 1))
        return [name, args, kwargs]

    return _verdict(decode)


# ---- frames -------------------------------------------------------------------------------------

CAPACITY = _layout.MIN_CAPACITY_BYTES
EMPTY = bytes(CAPACITY)
STEPS = 256


class PrivateSegment:
    """A segment in memory of its own, so that a sanitizer sees who leaves it."""

    def __init__(self):
        self.to_worker = self.to_host = CAPACITY
        self.limits = LIMITS
        self.sync_main_only = False
        self.map = bytearray(_layout.HEADER_BYTES + 2 * CAPACITY)
        struct.pack_into("<I", self.map, _layout.HOST_STATE_OFFSET, _layout.HOST_READY)


class Lane:
    """The lane to the host of a segment of its own, and the host's end of it in the twin asked."""

    def __init__(self, twin):
        self.twin = twin
        self.segment = PrivateSegment()
        self.words = _layout.TO_HOST_LANE_OFFSET
        self.ring = _layout.HEADER_BYTES + CAPACITY
        self.clean = bytes(self.segment.map[_layout.TO_WORKER_LANE_OFFSET : _layout.HEADER_BYTES])
        self.endpoint = None

    def open(self, main_only):
        """Everything as it was at first, and a fresh endpoint."""
        self.endpoint = None
        memory = self.segment.map
        memory[_layout.TO_WORKER_LANE_OFFSET : _layout.HEADER_BYTES] = self.clean
        memory[self.ring :] = EMPTY  # what a script before this one left there
        self.segment.sync_main_only = main_only
        self.endpoint = harness.endpoint(self.segment, _layout.HOST, self.twin)
        assert self.endpoint.try_acquire_role()

    def put(self, position, data):
        """Writes into the ring at a position; what does not fit before its end goes to its start."""
        offset = position & (CAPACITY - 1)
        first = min(len(data), CAPACITY - offset)
        start = self.ring + offset
        self.segment.map[start : start + first] = data[:first]
        self.segment.map[self.ring : self.ring + len(data) - first] = data[first:]

    def publish(self, tail):
        struct.pack_into("<Q", self.segment.map, self.words + _layout.TAIL_OFFSET, tail)

    def close(self):
        self.endpoint = None


def frames(lane, data):
    """The messages in a script of what a peer publishes, and the word of the fault that ends it.

    Byte 0: bit 0 `sync_main_only`, bit 1 begin near the ring's end, 8 * (byte 1 + 1) bytes before it. Then steps: a u16
    length and so many bytes, which are put at the tail, which moves by so many; the length 65535 is followed by a u64
    that the tail is set to. What is cut off is zeros.
    """
    if len(data) < 2:
        return "empty"
    lane.open(bool(data[0] & 1))
    told = []
    try:
        tail = _go_near_the_end(lane, 8 * (data[1] + 1)) if data[0] & 2 else 0
        at = 2
        for _ in range(STEPS):
            if at >= len(data):
                break
            length = int.from_bytes(data[at : at + 2], "little")
            at += 2
            if length == 0xFFFF:
                tail = int.from_bytes(data[at : at + 8], "little")
                at += 8
            else:
                lane.put(tail, data[at : at + length].ljust(length, b"\0"))
                tail = (tail + length) & 0xFFFFFFFFFFFFFFFF
                at += length
            lane.publish(tail)
            _read(lane.endpoint, told)
    except PeerFaultError:
        told.append("fault")
    return "messages " + short(" ".join(told))


def _read(endpoint, told):
    while True:
        frame = endpoint.poll()
        if frame is None:
            return
        told.append(
            "%d.%d.%d.%x.%x.%d.%08x"
            % (
                frame.kind,
                frame.flags,
                frame.depth,
                frame.call_id,
                frame.parent_id,
                len(frame.payload),
                zlib.crc32(frame.payload),
            )
        )


def _go_near_the_end(lane, left):
    """Lets plain frames pass until `left` bytes remain before the ring's end."""
    tail = 0
    target = CAPACITY - left
    while tail < target:
        size = min(CAPACITY // 8, target - tail)
        if 0 < target - tail - size < 24:
            size -= 24
        header = struct.pack("<IBBHQQ", size, _layout.REPLY, 0, 0, 2, 0)
        lane.put(tail, header)
        tail += size
        lane.publish(tail)
        if lane.endpoint.poll() is None:
            raise AssertionError("a plain frame did not pass")
    return tail


def configure(twin):
    """Sets the limits above for the twin's codec, and gives it."""
    codec = harness.codec(twin)
    codec.configure(LIMITS)
    if codec is not pure:
        pure.configure(LIMITS)
    return codec


def restore():
    pure.configure(_layout.DEFAULT_LIMITS)
    if harness.TWIN == "c":
        harness.codec("c").configure(_layout.DEFAULT_LIMITS)


class Decoders:
    """The three targets of one twin: `verdict(target, data)`."""

    TARGETS = ("call", "frames", "value")

    def __init__(self, twin):
        self.codec = configure(twin)
        self.lane = Lane(twin)

    def verdict(self, target, data):
        if target == "frames":
            return frames(self.lane, data)
        return (value if target == "value" else call)(self.codec, data)

    def close(self):
        self.lane.close()
