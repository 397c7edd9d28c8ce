"""Attaching to the segment that the host made: nothing is believed before it is checked.

The host named the file and told on stdin what is in it. `attach` opens it, checks type, owner, size
and seals of the file and every field of the header against what was told, then echoes the nonce.
"""

import mmap
import os
import stat
import _struct as struct

from lockstep import _layout
from lockstep.errors import StartUpError

_F_GET_SEALS = 1034
_SEALS = 0x1 | 0x2 | 0x4  # no further seals, no shrinking, no growing

_HEADER = struct.Struct("<QIIQII16sIIQ7I")
_FIELDS = (
    "magic version headerBytes segmentBytes toWorkerCapacity toHostCapacity nonce hostPid flags "
    "hostStartTime maxMessageBytes maxDepth maxNesting maxItems maxIntegerBytes maxNameBytes "
    "maxQueued"
).split()

# What a limit may be at all, whatever both sides were told.
_LIMIT_RANGES = {
    "maxMessageBytes": (1024, 0x7FFFFFFF),
    "maxDepth": (1, 0xFFFF),
    "maxNesting": (1, 1000),
    "maxItems": (1, 0x7FFFFFFF),
    "maxIntegerBytes": (8, 0x7FFFFFFF),
    "maxNameBytes": (1, 0xFFFF),
    "maxQueued": (1, 0x7FFFFFFF),
}


class Attached:
    """A verified segment: `buffer` (the mapping), capacities, `limits`, `sync_main_only`."""

    def __init__(self, buffer, header):
        self.buffer = buffer
        self.to_worker_capacity = header["toWorkerCapacity"]
        self.to_host_capacity = header["toHostCapacity"]
        self.limits = {name: header[name] for name in _layout.DEFAULT_LIMITS}
        self.sync_main_only = bool(header["flags"] & _layout.FLAG_SYNC_MAIN_ONLY)


def process_start_time(pid):
    """Field 22 of /proc/<pid>/stat: a pid may be used again, a pid with its start time is not."""
    with open("/proc/%d/stat" % pid, "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def _refuse(field, found, expected):
    raise StartUpError(
        "segment refused: field=%s, found=%s, expected=%s" % (field, found, expected)
    )


def attach(message):
    """Opens, checks, maps and marks the segment that the start-up message describes: `Attached`."""
    check_version(message.get("version"))
    path = message["segment"]
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise StartUpError("segment cannot be opened: path=%s, error=%s" % (path, error)) from None
    try:
        _check_file(fd, message)
        buffer = _map(fd, message)
    finally:
        os.close(fd)
    header = _check_header(buffer, message)
    pid = os.getpid()
    words = memoryview(buffer)
    start = _layout.WORKER_PID_OFFSET
    words[start : start + 4] = pid.to_bytes(4, "little")
    start = _layout.WORKER_START_TIME_OFFSET
    words[start : start + 8] = process_start_time(pid).to_bytes(8, "little")
    start = _layout.NONCE_ECHO_OFFSET
    words[start : start + _layout.NONCE_BYTES] = header["nonce"]
    # One store, after all the others: x86-64 keeps the order; elsewhere the accelerator, which has
    # fences, says attached once more before anything is sent.
    state = words[_layout.WORKER_STATE_OFFSET : _layout.WORKER_STATE_OFFSET + 4].cast("I")
    state[0] = _layout.WORKER_ATTACHED
    return Attached(buffer, header)


def _map(fd, message):
    """The mapping. Of a file on tmpfs no descriptor stays, not even the one that `mmap` keeps for
    itself: whoever has one could cut the file, and the next access would end host and worker."""
    if message["sealed"]:
        return mmap.mmap(fd, message["segment_bytes"])
    kept = os.dup(fd)  # the lowest free number: the next duplicate has it again
    os.close(kept)
    buffer = mmap.mmap(fd, message["segment_bytes"])
    try:
        if os.path.sameopenfile(fd, kept):
            nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
            os.dup2(nothing, kept, inheritable=False)
            os.close(nothing)
    except OSError:  # it kept none
        pass
    return buffer


def check_version(version):
    """Refuses another major version, naming both."""
    if type(version) is not int or version >> 16 != _layout.VERSION_MAJOR:
        found = "%d.%d" % (version >> 16, version & 0xFFFF) if type(version) is int else version
        raise StartUpError(
            "wire version refused: host=%s, worker=%d.%d, allowed=%d.x"
            % (found, _layout.VERSION_MAJOR, _layout.VERSION_MINOR, _layout.VERSION_MAJOR)
        )


def _check_file(fd, message):
    import fcntl

    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        _refuse("file type", oct(stat.S_IFMT(status.st_mode)), "regular file")
    if status.st_uid != os.geteuid():
        _refuse("file owner", status.st_uid, os.geteuid())
    if stat.S_IMODE(status.st_mode) & 0o077:
        _refuse("file mode", oct(stat.S_IMODE(status.st_mode)), "0o600")
    if status.st_size != message["segment_bytes"]:
        _refuse("file size", status.st_size, message["segment_bytes"])
    if message["sealed"]:
        try:
            seals = fcntl.fcntl(fd, _F_GET_SEALS)
        except OSError:  # a file system that knows none
            seals = 0
        if seals & _SEALS != _SEALS:
            _refuse("seals", seals, "at least %d" % _SEALS)


def _check_header(buffer, message):
    header = dict(zip(_FIELDS, _HEADER.unpack_from(buffer, 0)))
    check_version(header["version"])
    limits = message["limits"]
    expected = {
        "magic": _layout.MAGIC,
        "version": message["version"],
        "headerBytes": _layout.HEADER_BYTES,
        "segmentBytes": message["segment_bytes"],
        "toWorkerCapacity": message["to_worker_capacity"],
        "toHostCapacity": message["to_host_capacity"],
        "nonce": message["nonce"],
        "hostPid": message["host_pid"],
        "flags": _layout.FLAG_SYNC_MAIN_ONLY if message["sync_main_only"] else 0,
        "hostStartTime": message["host_start_time"],
    }
    for name in _layout.DEFAULT_LIMITS:
        expected[name] = limits.get(name)
    for name in _FIELDS:
        if header[name] != expected[name] or type(expected[name]) is bool:
            found, wanted = header[name], expected[name]
            if name == "nonce":
                found, wanted = "another one", "that of the start-up message"
            _refuse(name, found, wanted)
    for name in ("toWorkerCapacity", "toHostCapacity"):
        capacity = header[name]
        if capacity & (capacity - 1) or not (
            _layout.MIN_CAPACITY_BYTES <= capacity <= _layout.MAX_CAPACITY_BYTES
        ):
            _refuse(
                name,
                capacity,
                "a power of two, %d to %d"
                % (_layout.MIN_CAPACITY_BYTES, _layout.MAX_CAPACITY_BYTES),
            )
    size = _layout.HEADER_BYTES + header["toWorkerCapacity"] + header["toHostCapacity"]
    if header["segmentBytes"] != size:
        _refuse("segmentBytes", header["segmentBytes"], size)
    for name, (least, most) in _LIMIT_RANGES.items():
        if not least <= header[name] <= most:
            _refuse(name, header[name], "%d to %d" % (least, most))
    reserved = buffer[_layout.RESERVED_OFFSET : _layout.HOST_STATE_OFFSET]
    if any(reserved):
        _refuse("reserved", reserved.hex(), "zeros")
    state = int.from_bytes(
        buffer[_layout.HOST_STATE_OFFSET : _layout.HOST_STATE_OFFSET + 4], "little"
    )
    if state not in (_layout.HOST_READY, _layout.HOST_CLOSING, _layout.HOST_CLOSED):
        _refuse("hostState", state, "1 (ready)")
    state = int.from_bytes(
        buffer[_layout.WORKER_STATE_OFFSET : _layout.WORKER_STATE_OFFSET + 4], "little"
    )
    if state != _layout.WORKER_ABSENT:
        _refuse("workerState", state, "0 (absent): a segment is used once")
    return header
