"""One lane of a segment: one producer process, one consumer process, one direction.

`Producer` writes frames, `Consumer` reads them and validates everything that the other side wrote:
each of its words is read once into a local, checked, and only the local is used. A violation is a
`PeerFaultError`; it is final. Positions are ever-growing counts of bytes, as docs/wire-format.md says.

On x86-64 a plain store of the tail after the frame, and of the head after the copy, is a release
store, and a plain load is an acquire load. On other machines that is not so, which is why the pure
twin refuses to run there (`_channel`).
"""

import _struct as struct

from lockstep import _layout
from lockstep.errors import PeerFaultError

_HEADER = struct.Struct("<IBBHQQ")
_pack_header = _HEADER.pack
_unpack_header = _HEADER.unpack_from
_HEADER_BYTES = _layout.FRAME_HEADER_BYTES

_MAX_ID = 0x7FFFFFFFFFFFFFFF
_CALL_KINDS = frozenset((_layout.INVOKE, _layout.NOTIFY))
_TO_WORKER = frozenset(
    (_layout.INVOKE, _layout.REPLY, _layout.ERROR, _layout.CANCEL, _layout.NOTIFY)
)
_TO_HOST = _TO_WORKER | {_layout.READY, _layout.FATAL}
_TO_WORKER_MAIN_ONLY = frozenset((_layout.INVOKE, _layout.CANCEL, _layout.NOTIFY))
_TO_HOST_MAIN_ONLY = frozenset((_layout.REPLY, _layout.ERROR, _layout.READY, _layout.FATAL))
_FRAGMENT_FLAGS = _layout.MORE | _layout.CONTINUATION
_CALL_FLAGS = _FRAGMENT_FLAGS | _layout.BUILTIN | _layout.KEYWORDS


class _Lane:
    def __init__(self, memory, buffer, lane_offset, ring_offset, capacity):
        self._ring = memoryview(buffer)[ring_offset : ring_offset + capacity]
        self._head_word = memory.word(lane_offset + _layout.HEAD_OFFSET, 8)
        self._tail_word = memory.word(lane_offset + _layout.TAIL_OFFSET, 8)
        self.capacity = capacity
        self.max_frame_bytes = capacity // _layout.MAX_FRAME_DIVISOR
        self._head = self._head_word[0]
        self._tail = self._tail_word[0]


class Producer(_Lane):
    """Writes whole frames. Its caller holds the process's producer lock."""

    _next = None  # where the tail goes, from before it is published until it is the private tail, too

    def room_for(self, frame_bytes):
        """True if a frame of this length (header included) fits now."""
        if self._next is not None:
            self._settle()
        needed = (frame_bytes + 7) & -8
        offset = self._tail & (self.capacity - 1)
        if offset + needed > self.capacity:
            needed += self.capacity - offset
        if self.capacity - (self._tail - self._head) >= needed:
            return True
        head = self._head_word[0]  # PAIRS: Consumer.release
        if not self._head <= head <= self._tail or head & 7:
            raise PeerFaultError(
                "head", head, "%d to %d, a multiple of 8" % (self._head, self._tail)
            )
        self._head = head
        return self.capacity - (self._tail - head) >= needed

    def write(self, kind, flags, depth, call_id, parent_id, payload):
        """Publishes one frame for which `room_for` said True."""
        length = _HEADER_BYTES + len(payload)
        tail = self._tail
        offset = tail & (self.capacity - 1)
        ring = self._ring
        if offset + length > self.capacity:
            left = self.capacity - offset
            pad = _pack_header(left, _layout.PAD, 0, 0, 0, 0)
            ring[offset : offset + min(left, _HEADER_BYTES)] = pad[:left]
            tail += left
            offset = 0
        start = offset + _HEADER_BYTES
        ring[offset:start] = _pack_header(length, kind, flags, depth, call_id, parent_id)
        ring[start : start + len(payload)] = payload
        self._next = tail = tail + ((length + 7) & -8)
        self._tail_word[0] = tail  # release. PAIRS: Consumer.available
        self._tail = tail
        self._next = None

    def _settle(self):
        """A signal handler raised in the midst of `write`: the frame is out, or it never was."""
        if self._tail_word[0] == self._next:
            self._tail = self._next
        self._next = None

    @property
    def published(self):
        """Where the last frame that the other side can see ends."""
        return self._tail_word[0]

    @property
    def unread(self):
        return self._tail - self._head_word[0]


class Consumer(_Lane):
    """Reads whole frames. Its caller holds the reader's role.

    `own_side` is the side that reads; the frames are those that the other one may send.
    """

    def __init__(
        self, memory, buffer, lane_offset, ring_offset, capacity, own_side, max_depth, main_only
    ):
        super().__init__(memory, buffer, lane_offset, ring_offset, capacity)
        self._own_side = own_side
        self._max_depth = max_depth
        if own_side == _layout.WORKER:
            self._kinds = _TO_WORKER_MAIN_ONLY if main_only else _TO_WORKER
        else:
            self._kinds = _TO_HOST_MAIN_ONLY if main_only else _TO_HOST

    def available(self):
        """Bytes published and not consumed; the other side's word, checked."""
        tail = self._tail_word[0]  # acquire. PAIRS: Producer.write
        if tail != self._tail:
            if not self._tail <= tail <= self._head + self.capacity or tail & 7:
                raise PeerFaultError(
                    "tail",
                    tail,
                    "%d to %d, a multiple of 8" % (self._tail, self._head + self.capacity),
                )
            self._tail = tail
        return tail - self._head

    def has_data(self):
        return self._tail_word[0] != self._head

    def take(self):
        """The next frame as (kind, flags, depth, call id, parent id, payload), or None.

        The payload is a copy. The caller raises the space signal afterwards.
        """
        available = self.available()
        if not available:
            return None
        head = self._head
        offset = head & (self.capacity - 1)
        to_end = self.capacity - offset
        # One copy of the header, to private memory: what is checked is what is used.
        header = bytes(self._ring[offset : offset + min(to_end, _HEADER_BYTES)])
        if header[4] == _layout.PAD:
            skipped = self._skip(header, to_end, available)
            head += skipped
            available -= skipped
            offset = 0
            to_end = self.capacity
            header = bytes(self._ring[0:_HEADER_BYTES])
            if header[4] == _layout.PAD:
                raise PeerFaultError("kind", "PAD", "one PAD at a time")
        if len(header) < _HEADER_BYTES:
            raise PeerFaultError("length", to_end, "a PAD where no frame fits")
        length, kind, flags, depth, call_id, parent_id = _unpack_header(header)
        most = min(self.max_frame_bytes, available, to_end)
        if not _HEADER_BYTES <= length <= most:
            raise PeerFaultError("length", length, "%d to %d" % (_HEADER_BYTES, most))
        self._check(kind, flags, depth, call_id, parent_id)
        payload = bytes(self._ring[offset + _HEADER_BYTES : offset + length])
        self._head = head = head + ((length + 7) & -8)
        if head > self._tail:
            raise PeerFaultError("tail", self._tail, "at least %d" % head)
        self._head_word[0] = head  # release. PAIRS: Producer.room_for
        return kind, flags, depth, call_id, parent_id, payload

    def _skip(self, header, to_end, available):
        length = int.from_bytes(header[:4], "little")
        if length != to_end or length >= self.max_frame_bytes or any(header[4:]):
            raise PeerFaultError(
                "PAD", "length %d" % length, "length %d, all else zero" % to_end
            )
        if available <= length:
            raise PeerFaultError("PAD", "the last frame", "a frame behind it")
        return length

    def _check(self, kind, flags, depth, call_id, parent_id):
        if kind not in self._kinds:
            raise PeerFaultError("kind", kind, sorted(self._kinds))
        if kind in _CALL_KINDS:
            if flags & ~_CALL_FLAGS:
                raise PeerFaultError("flags", flags, "bits of %d" % _CALL_FLAGS)
            if not 1 <= depth <= self._max_depth:
                raise PeerFaultError("depth", depth, "1 to %d" % self._max_depth)
            if parent_id > _MAX_ID:
                raise PeerFaultError("parent call id", parent_id, "below 2^63")
            origin = 1 - self._own_side
        else:
            allowed = 0 if kind == _layout.CANCEL else _FRAGMENT_FLAGS
            if flags & ~allowed:
                raise PeerFaultError("flags", flags, "bits of %d" % allowed)
            if depth or parent_id:
                raise PeerFaultError(
                    "depth, parent call id", (depth, parent_id), "0 on this kind"
                )
            if kind == _layout.READY or kind == _layout.FATAL:
                if call_id:
                    raise PeerFaultError("call id", call_id, "0 on this kind")
                return
            origin = 1 - self._own_side if kind == _layout.CANCEL else self._own_side
        if not 2 <= call_id <= _MAX_ID or call_id & 1 != origin:
            raise PeerFaultError("call id", call_id, "a counter from 1, origin %d" % origin)
