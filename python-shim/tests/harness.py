"""What the tests share: a segment made by Python, and a host made of Python at its other end."""

import contextvars
import os
import struct
import sys
import textwrap
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
# The packed shim, which has the accelerators, where the build made one (build/pack_shim.py), else the
# sources; the runner names it.
PACKED = os.path.join(os.path.dirname(HERE), "target/classes/META-INF/lockstep/python")
SRC = os.path.abspath(
    os.environ.get("LOCKSTEP_TEST_SHIM")
    or (PACKED if os.path.isdir(PACKED) else os.path.join(os.path.dirname(HERE), "src"))
)
if SRC not in sys.path:
    sys.path.insert(0, SRC)

from lockstep import _layout  # noqa: E402

#: The twin that this run of the suite is about: "py" or "c".
TWIN = os.environ.get("LOCKSTEP_TEST_TWIN", "py")
#: Long counts, or short ones.
SHORT = os.environ.get("LOCKSTEP_TEST_SHORT") == "1"


class TestCase(unittest.TestCase):
    """A test that is about the twin of this run, and says so in its name."""

    maxDiff = 4000

    def id(self):
        return "%s[%s]" % (super().id(), TWIN)

    def __str__(self):
        return self.id()

    def worker(self, target="", **options):
        """A started worker that ends with the test."""
        options.setdefault("twin", TWIN)
        host = Host(textwrap.dedent(target), **options)
        self.addCleanup(host.close)
        return host

    def segment(self, **options):
        segment = HostSegment(**options)
        self.addCleanup(segment.close)
        return segment


def endpoint(segment, side, twin=None):
    """An endpoint of a segment, of the twin of this run if none is named."""
    made = endpoint_class(twin or TWIN)(
        segment.map,
        side,
        segment.to_worker,
        segment.to_host,
        segment.limits,
        segment.sync_main_only,
    )
    made.attach(NoHooks())
    return made


class NoHooks:
    current = contextvars.ContextVar("test", default=None)

    def hand_over(self):
        pass


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
    """`Endpoint` of a twin."""
    if twin == "py":
        from lockstep._channel import Endpoint

        return Endpoint
    from lockstep import _accelerator

    return _accelerator.Endpoint


def codec(twin=None):
    """The four functions of a twin, of that of this run if none is named."""
    if (twin or TWIN) == "py":
        from lockstep import _codec

        return _codec
    from lockstep import _accelerator

    return _accelerator


class Remote(Exception):
    """An ERROR frame that a worker sent: the decoded map."""

    def __init__(self, described):
        super().__init__("%s: %s" % (described.get("type"), described.get("message")))
        self.described = described

    def __getitem__(self, key):
        return self.described[key]


class Fatal(Remote):
    """A FATAL frame."""


class WorkerEnded(Exception):
    """The worker's process ended while something was awaited."""


class Host:
    """Main, made of Python: starts a real worker process and speaks to it over a real segment.

    `handlers` are functions that the worker may call; one that takes the keyword `frame` gets the frame
    of its call. They run on the one thread of this host, inside whatever it waits for.
    """

    def __init__(
        self,
        target="",
        mode="source",
        handlers=None,
        twin="py",
        python=None,
        argv=(),
        config=None,
        env=None,
        cwd=None,
        start=True,
        message=None,
        deadline=30.0,
        shim=SRC,
        **segment
    ):
        from lockstep import _channel, _codec

        self.codec = _codec
        self.handlers = dict(handlers or {})
        self.segment = HostSegment(**segment)
        self.endpoint = _channel.Endpoint(
            self.segment.map,
            _layout.HOST,
            self.segment.to_worker,
            self.segment.to_host,
            self.segment.limits,
            self.segment.sync_main_only,
        )
        self.endpoint.attach(self)
        assert self.endpoint.try_acquire_role()
        self.deadline = deadline
        self.replies = {}
        self.cancelled = []
        self.notified = []
        self.ready = None
        self.stack = []
        read_end, self._lifeline = os.pipe()
        self.lifeline_end = read_end
        self.message = {
            "nonce": self.segment.nonce,
            "host_pid": os.getpid(),
            "host_start_time": start_time(os.getpid()),
            "segment": self.segment.path,
            "segment_bytes": self.segment.bytes,
            "to_worker_capacity": self.segment.to_worker,
            "to_host_capacity": self.segment.to_host,
            "sealed": self.segment.sealed,
            "version": _layout.VERSION,
            "limits": self.segment.limits,
            "sync_main_only": self.segment.sync_main_only,
            "lifeline": "/proc/%d/fd/%d" % (os.getpid(), self._lifeline),
            "name": "test",
            "mode": mode,
            "target": target,
            "argv": list(argv),
            "accelerator": twin,
            "config": config or {},
        }
        self.message.update(message or {})
        self._start([python or sys.executable, os.path.join(shim, "__main__.py")], env, cwd)
        if start:
            self.await_ready()

    def _start(self, command, env, cwd):
        import subprocess
        import tempfile

        self.out = tempfile.TemporaryFile()
        self.err = tempfile.TemporaryFile()
        environment = dict(os.environ, **(env or {}))
        environment.pop("LOCKSTEP_ACCELERATOR", None)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=self.out,
            stderr=self.err,
            env=environment,
            cwd=cwd,
        )
        payload = self.codec.encode_value(self.message)
        try:
            self.process.stdin.write(len(payload).to_bytes(4, "little") + payload)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        os.close(self._lifeline_to_close())

    def _lifeline_to_close(self):
        # The worker opens it by its path, so it stays open here until the worker has it.
        import time

        until = time.monotonic() + self.deadline
        while time.monotonic() < until and self.process.poll() is None:
            if self.segment.word(_layout.WORKER_STATE_OFFSET) and self._worker_has_lifeline():
                break
            time.sleep(0.001)
        fd, self._lifeline = self._lifeline, None
        return fd

    def _worker_has_lifeline(self):
        own = os.fstat(self._lifeline).st_ino
        try:
            for entry in os.listdir("/proc/%d/fd" % self.process.pid):
                path = "/proc/%d/fd/%s" % (self.process.pid, entry)
                try:
                    if os.stat(path).st_ino == own:
                        return True
                except OSError:
                    continue
        except OSError:
            return True
        return False

    # ---- hooks of the endpoint -------------------------------------------------------------------

    def hand_over(self):
        pass

    # ---- frames --------------------------------------------------------------------------------------

    def text(self, file):
        file.seek(0)
        return file.read().decode("utf-8", "replace")

    def step(self, until):
        """Handles one frame, if one comes before `until`."""
        import time

        frame = self.endpoint.wait(min(until, time.monotonic() + 0.05))
        if frame is None:
            if self.process.poll() is not None and self.endpoint.poll() is None:
                raise WorkerEnded(
                    "exit=%s\n%s\n%s"
                    % (self.process.returncode, self.text(self.out), self.text(self.err))
                )
            if time.monotonic() >= until:
                raise TimeoutError("nothing came\n%s" % self.text(self.err))
            return
        self.handle(frame)

    def handle(self, frame):
        kind = frame.kind
        if kind == _layout.READY:
            self.ready = self.codec.decode_value(frame.payload)
        elif kind == _layout.FATAL:
            raise Fatal(self.codec.decode_value(frame.payload))
        elif kind in (_layout.REPLY, _layout.ERROR):
            self.replies[frame.call_id] = frame
        elif kind == _layout.CANCEL:
            self.cancelled.append(frame.call_id)
        else:
            self.serve(frame)

    def serve(self, frame):
        name, args, kwargs = self.codec.decode_call(
            frame.payload, frame.flags & _layout.KEYWORDS
        )
        if frame.kind == _layout.NOTIFY:
            self.notified.append((name, args, kwargs))
            return
        if frame.flags & _layout.BUILTIN and name == "flush":
            self.reply(frame, None)
            return
        handler = self.handlers.get(name)
        if handler is None:
            self.error(
                frame,
                {
                    "kind": "not_exported",
                    "type": "dev.lockstep.NotExportedException",
                    "message": "%s is not offered; offered: %s" % (name, sorted(self.handlers)),
                    "exports": sorted(self.handlers),
                },
            )
            return
        if getattr(handler, "wants_frame", False):
            kwargs["frame"] = frame
        self.stack.append((frame.call_id, frame.depth))
        try:
            result = handler(*args, **kwargs)
        except Remote as error:
            self.error(frame, error.described)
            return
        finally:
            self.stack.pop()
        if result is not NoAnswer:
            self.reply(frame, result)

    def reply(self, frame, result):
        self.endpoint.send(
            _layout.REPLY, 0, 0, frame.call_id, 0, self.codec.encode_value(result)
        )

    def error(self, frame, described):
        self.endpoint.send(
            _layout.ERROR, 0, 0, frame.call_id, 0, self.codec.encode_value(described)
        )

    def await_ready(self):
        import time

        until = time.monotonic() + self.deadline
        while self.ready is None:
            self.step(until)
        return self.ready

    def begin(self, name, *args, flags=0, parent=None, kind=None, **kwargs):
        """Sends a call; its id."""
        if parent is None:
            parent = self.stack[-1] if self.stack else (0, 0)
        if parent[1] >= self.segment.limits["maxDepth"]:
            raise Remote(
                {
                    "kind": "depth",
                    "type": "dev.lockstep.DepthExceededException",
                    "message": "chain too long: maxDepth=%d" % self.segment.limits["maxDepth"],
                }
            )
        call_id = self.endpoint.next_call_id()
        self.endpoint.send(
            kind or _layout.INVOKE,
            flags | (_layout.KEYWORDS if kwargs else 0),
            parent[1] + 1,
            call_id,
            parent[0],
            self.codec.encode_call(name, args, kwargs),
        )
        return call_id

    def finish(self, call_id, seconds=None):
        """The value that answers a call, or Remote."""
        import time

        until = time.monotonic() + (seconds or self.deadline)
        while call_id not in self.replies:
            self.step(until)
        frame = self.replies.pop(call_id)
        value = self.codec.decode_value(frame.payload)
        if frame.kind == _layout.ERROR:
            raise Remote(value)
        return value

    def call(self, name, *args, **kwargs):
        return self.finish(self.begin(name, *args, **kwargs))

    def until(self, condition, seconds=None):
        """Handles frames until `condition()` holds."""
        import time

        until = time.monotonic() + (seconds or self.deadline)
        while not condition():
            self.step(until)

    def cancel(self, call_id):
        self.endpoint.send(_layout.CANCEL, 0, 0, call_id, 0, b"")

    def interrupt(self, call_id):
        import signal
        import struct

        struct.pack_into("<Q", self.segment.map, _layout.INTERRUPT_CALL_ID_OFFSET, call_id)
        self.process.send_signal(signal.SIGINT)
        self.raise_all()

    def raise_all(self):
        endpoint = self.endpoint
        for signal in (
            endpoint._data_in,
            endpoint._space_in,
            endpoint._data_out,
            endpoint._space_out,
        ):
            signal.raise_()

    def set_state(self, state):
        self.segment.set_state(state)
        self.raise_all()

    def wait_exit(self, seconds=None):
        """The exit status, while frames that still come are handled."""
        import time

        until = time.monotonic() + (seconds or self.deadline)
        while self.process.poll() is None:
            try:
                self.step(until)
            except WorkerEnded:
                break
        return self.process.wait()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        try:
            self.process.stdin.close()
        except OSError:
            pass
        if self._lifeline is not None:
            os.close(self._lifeline)
        os.close(self.lifeline_end)
        self.out.close()
        self.err.close()
        self.segment.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class NoAnswer:
    """What a handler returns that does not answer, or answers later."""


def takes_frame(handler):
    handler.wants_frame = True
    return handler
