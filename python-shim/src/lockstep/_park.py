"""Waiting without losing a wake-up, in pure Python: words of shared memory and the futex.

Python has no atomic read-modify-write, but the kernel has one that it does on request:
``FUTEX_WAKE_OP`` changes a word and wakes whoever sleeps on it in one call. So a signal word
(``sequence << 1 | PARKED``) is never changed in any other way here:

- `Signal.raise_` adds 2 and always wakes. It does not clear PARKED; the next `prepare` of the sleeper
  costs it one idle look at most.
- `Signal.prepare` sets PARKED. The sleeper then reads the word, looks at what it waits for, and sleeps
  only if the word it read is odd: a twin that clears the bit (Java, C) has raised in between otherwise.

Words are read and written through a `memoryview` cast to their width (CPython) or a `ctypes` word
(PyPy, whose views copy byte by byte): one load, one store. ``struct.pack_into`` writes zero first and
must never touch a word. Futex calls are made without the private flag: two processes share the word.
"""

import sys

from lockstep._stdlib import load

_FUTEX_WAIT = 0
_FUTEX_WAKE_OP = 5
_OP_ADD = 1
_OP_OR = 2
_CMP_LT = 2
_SYSCALL = {"x86_64": 202, "aarch64": 98}
_EINTR = 4
_EAGAIN = 11
_ETIMEDOUT = 110

# How a wait ended.
WOKEN = 0
TIMED_OUT = 1
INTERRUPTED = 2


class Futex:
    """The system call, bound once."""

    def __init__(self, machine):
        ctypes = load("ctypes")
        self._ctypes = ctypes

        class Timespec(ctypes.Structure):
            _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]

        self._timespec = Timespec
        function = ctypes.CDLL(None, use_errno=True).syscall
        function.restype = ctypes.c_long
        function.argtypes = [
            ctypes.c_long,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_uint32,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_uint32,
        ]
        self._call = function
        self._number = _SYSCALL[machine]
        self._get_errno = ctypes.get_errno
        # Not equal, so it returns at once; an error here is a kernel, or a filter, without futex.
        word = ctypes.c_uint32(0)
        try:
            self.wait(ctypes.addressof(word), 1, 0)
        except OSError as error:
            raise OSError(
                "the kernel refuses the futex call, without which nobody can wait: errno=%d; is it "
                "filtered?" % error.errno
            ) from None

    def wait(self, address, expected, seconds):
        """Sleeps while the word at `address` is `expected`: WOKEN, TIMED_OUT or INTERRUPTED."""
        whole = int(seconds)
        limit = self._timespec(whole, int((seconds - whole) * 1_000_000_000))
        result = self._call(
            self._number,
            address,
            _FUTEX_WAIT,
            expected,
            self._ctypes.addressof(limit),
            None,
            0,
        )
        if result == 0:
            return WOKEN
        error = self._get_errno()
        if error == _EAGAIN:
            return WOKEN
        if error == _ETIMEDOUT:
            return TIMED_OUT
        if error == _EINTR:
            return INTERRUPTED
        raise OSError(error, "futex wait failed: errno=%d" % error)

    def change(self, woken, number, changed, operation, operand):
        """One read-modify-write of the word at `changed`; wakes `number` sleepers at `woken`."""
        # The comparison (old value < -2048, signed) wakes one more sleeper at `changed` if it holds;
        # that is at worst a wake without need.
        encoded = operation << 28 | _CMP_LT << 24 | operand << 12 | 0x800
        result = self._call(
            self._number, woken, _FUTEX_WAKE_OP, number, None, changed, encoded
        )
        if result < 0:
            error = self._get_errno()
            raise OSError(error, "futex wake failed: errno=%d" % error)


_futex = None


def futex(machine):
    """The one `Futex` of this process: binding it is not free."""
    global _futex
    if _futex is None:
        _futex = Futex(machine)
    return _futex


class Memory:
    """Words of a writable buffer, by offset."""

    def __init__(self, buffer):
        self._buffer = buffer
        self._plain = sys.implementation.name == "cpython"
        self._kept = []
        self._base = None

    def word(self, offset, width):
        """A one-element view: ``word[0]`` loads, ``word[0] = n`` stores, in one access each."""
        if self._plain:
            view = memoryview(self._buffer)[offset : offset + width]
            return view.cast("Q" if width == 8 else "I")
        ctypes = load("ctypes")
        kind = ctypes.c_uint64 if width == 8 else ctypes.c_uint32
        return (kind * 1).from_buffer(self._buffer, offset)

    def address(self, offset):
        """Where the byte at `offset` lies; the buffer cannot move or close while this object is."""
        if self._base is None:
            ctypes = load("ctypes")
            keeper = ctypes.c_char.from_buffer(self._buffer)
            self._kept.append(keeper)
            self._base = ctypes.addressof(keeper)
        return self._base + offset


class Signal:
    """One signal word. Of one process at most one thread at a time may `wait`."""

    def __init__(self, memory, futex, offset):
        ctypes = load("ctypes")
        self._word = memory.word(offset, 4)
        self._address = memory.address(offset)
        self._futex = futex
        self._nobody = ctypes.c_uint32(0)  # WAKE_OP wants a word to wake at, even for none
        self._nobody_address = ctypes.addressof(self._nobody)

    def raise_(self):
        """Adds 2 and wakes. PAIRS: Signal.prepare; in Java and C the consumer's PARKED."""
        self._futex.change(self._address, 1, self._address, _OP_ADD, 2)

    def prepare(self):
        """Sets PARKED and returns the word as it is then. PAIRS: Signal.raise_."""
        self._futex.change(self._nobody_address, 0, self._address, _OP_OR, 1)
        return self._word[0]

    def value(self):
        return self._word[0]

    def wait(self, expected, seconds):
        """Sleeps for at most `seconds` while the word is `expected`, which `prepare` returned."""
        return self._futex.wait(self._address, expected, seconds)
