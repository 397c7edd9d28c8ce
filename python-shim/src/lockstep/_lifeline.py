"""What ties the worker to its host, and keeps user code from cutting the ties by accident.

Set up before any user code, in this order: the kernel kills the worker when its parent dies; the
worker leads a process group of its own; the original stdin moves to a high descriptor and descriptor
0 becomes /dev/null; the lifeline pipe is held open until exit or exec. After a fork the child cannot
use the channel. SIGINT raises only where the host meant it to.
"""

import os
import sys

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_F_DUPFD_CLOEXEC = 1030  # fcntl of PyPy does not name it
_HIGH_DESCRIPTOR = 200


def die_with_parent(accelerator=None):
    """Asks the kernel for SIGKILL when the parent dies; ends at once if it has died already."""
    parent = os.getppid()
    if accelerator is not None:
        accelerator.set_parent_death_signal(_SIGKILL)
    else:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)


def lead_own_group():
    """Makes the worker the leader of a process group, so that the host can end the whole of it."""
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # it leads a session, and so a group, already


def move_stdin():
    """Moves descriptor 0 out of the way of user code; /dev/null takes its place. The new number."""
    import fcntl

    try:
        moved = fcntl.fcntl(0, _F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:  # a limit of fewer descriptors
        moved = fcntl.fcntl(0, _F_DUPFD_CLOEXEC, 3)
    null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0, inheritable=True)
    os.close(null)
    return moved


def read_exactly(fd, count):
    """`count` bytes of the start-up message; EOFError if the host closed it before."""
    parts = []
    while count:
        part = os.read(fd, min(count, 1 << 16))
        if not part:
            raise EOFError("start-up message ends too early: bytes missing=%d" % count)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def hold_open(path):
    """Opens the lifeline pipe; its end tells the host that this program ended or was replaced. One
    byte tells it that the pipe is open here, so that it closes its own writing end."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    os.write(fd, b"+")
    import fcntl

    try:
        moved = fcntl.fcntl(fd, _F_DUPFD_CLOEXEC, _HIGH_DESCRIPTOR)
    except OSError:
        return fd
    os.close(fd)
    return moved


def guard_forks(endpoint, descriptors):
    """In a child made by fork the channel raises, and the ties to the host are let go."""

    def after_fork():
        endpoint.close_in_child()
        for fd in descriptors:
            try:
                os.close(fd)
            except OSError:
                pass  # user code closed it

    os.register_at_fork(after_in_child=after_fork)


def handle_interrupts(handler):
    """`handler(number, frame)` for SIGINT, in place of Python's own."""
    import _signal  # `signal` is the same with an enum around it, which takes longer than the shim

    _signal.signal(_signal.SIGINT, handler)


class Input:
    """`sys.stdin` of a worker: asks main for each line."""

    encoding = "utf-8"
    errors = "strict"
    newlines = None
    name = "<stdin>"
    mode = "r"
    closed = False
    line_buffering = True

    def __init__(self, calls):
        self._calls = calls
        self._rest = ""

    def readline(self, size=-1):
        from lockstep import _input

        text = self._rest or _input.read_line(self._calls)
        if size is None or size < 0:
            size = len(text)
        self._rest = text[size:]
        return text[:size]

    def readlines(self, hint=-1):
        return list(self)

    def read(self, size=-1):
        if size is not None and size >= 0:
            return self.readline(size)
        return "".join(self)

    def __iter__(self):
        return iter(self.readline, "")

    def readable(self):
        return True

    def writable(self):
        return False

    def seekable(self):
        return False

    def isatty(self):
        return False

    def fileno(self):
        return 0

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def ask_main_for_input(calls):
    """Gives user code a stdin, and an `input`, whose other end is main."""
    import builtins

    def input(prompt="", /):  # noqa: A001 - it takes the place of Python's
        from lockstep import _input

        return _input.ask(calls, prompt)

    sys.stdin = sys.__stdin__ = Input(calls)
    builtins.input = input
