"""What the tests share: a segment made by Python, and a host made of Python at its other end."""

import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.join(os.path.dirname(HERE), "src")
if SRC not in sys.path:
    sys.path.insert(0, SRC)

from lockstep import _layout  # noqa: E402

RESOURCES = os.path.join(os.path.dirname(os.path.dirname(HERE)), "bridge-core/src/test/resources")


def start_time(pid):
    with open("/proc/%d/stat" % pid) as file:
        return int(file.read().rpartition(")")[2].split()[19])


class HostSegment:
    """A segment as the host makes it: a sealed memfd, or a file that the caller names."""

    def __init__(
        self, to_worker=65536, to_host=65536, limits=None, sync_main_only=False, path=None, **over
    ):
        import mmap

        self.to_worker = to_worker
        self.to_host = to_host
        self.limits = dict(_layout.DEFAULT_LIMITS, **(limits or {}))
        self.sync_main_only = sync_main_only
        self.bytes = _layout.HEADER_BYTES + to_worker + to_host
        self.nonce = os.urandom(16)
        self.sealed = path is None
        self.file_path = path
        if path is None:
            self.fd = _memfd("lockstep:test")
            os.fchmod(self.fd, 0o600)
        else:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.ftruncate(self.fd, self.bytes)
        self.path = path or "/proc/%d/fd/%d" % (os.getpid(), self.fd)
        self.map = mmap.mmap(self.fd, self.bytes)
        self.fill(**over)
        if self.sealed:
            seal(self.fd)

    def fill(self, **over):
        values = {
            "magic": _layout.MAGIC,
            "version": _layout.VERSION,
            "headerBytes": _layout.HEADER_BYTES,
            "segmentBytes": self.bytes,
            "toWorkerCapacity": self.to_worker,
            "toHostCapacity": self.to_host,
            "nonce": self.nonce,
            "hostPid": os.getpid(),
            "flags": _layout.FLAG_SYNC_MAIN_ONLY if self.sync_main_only else 0,
            "hostStartTime": start_time(os.getpid()),
        }
        values.update(self.limits)
        values.update(over)
        struct.pack_into(
            "<QIIQII16sIIQ7I",
            self.map,
            0,
            *[
                values[name]
                for name in (
                    "magic version headerBytes segmentBytes toWorkerCapacity toHostCapacity nonce "
                    "hostPid flags hostStartTime maxMessageBytes maxDepth maxNesting maxItems "
                    "maxIntegerBytes maxNameBytes maxQueued"
                ).split()
            ],
        )
        self.set_state(_layout.HOST_READY)

    def set_state(self, state):
        struct.pack_into("<I", self.map, _layout.HOST_STATE_OFFSET, state)

    def word(self, offset, form="<I"):
        return struct.unpack_from(form, self.map, offset)[0]

    def close(self):
        try:
            self.map.close()
        except BufferError:
            pass  # endpoints still look at it; it goes with them
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        if self.file_path and os.path.exists(self.file_path):
            os.unlink(self.file_path)


def _memfd(name):
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name, 0x0001 | 0x0002)
    import ctypes

    return ctypes.CDLL(None, use_errno=True).memfd_create(name.encode(), 3)


def seal(fd):
    import fcntl

    fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4)  # F_ADD_SEALS: SEAL, SHRINK, GROW


def endpoint_class(twin):
    """`Endpoint` of a twin, or None where there is no accelerator."""
    if twin == "py":
        from lockstep._channel import Endpoint

        return Endpoint
    try:
        from lockstep import _accelerator
    except ImportError:
        return None
    return _accelerator.Endpoint


def codec(twin):
    if twin == "py":
        from lockstep import _codec

        return _codec
    try:
        from lockstep import _accelerator
    except ImportError:
        return None
    return _accelerator
