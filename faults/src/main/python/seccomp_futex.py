"""Makes the kernel answer an error to this process's shared futex calls, by a seccomp filter.

Only FUTEX_WAIT, WAKE and WAKE_OP without the private flag: those of the segment. C libraries use the private ones.
"""

import ctypes
import os
import struct

_NUMBERS = {"x86_64": (317, 202, 0xC000003E), "aarch64": (277, 98, 0xC00000B7)}
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1
_FILTER_FLAG_TSYNC = 1
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_WAIT, _WAKE, _WAKE_OP = 0, 1, 5


def refuse(errno, operations=(_WAIT, _WAKE, _WAKE_OP)):
    """From now on, in all threads, for ever."""
    seccomp, futex, _ = _NUMBERS[os.uname().machine]
    count = len(operations)
    code = [
        (_LOAD, 0, 0, 0),  # the number of the system call
        (_JUMP_EQUAL, 0, count + 1, futex),  # another: allowed
        (_LOAD, 0, 0, 24),  # args[1], the operation
    ]
    for left, operation in zip(range(count, 0, -1), operations):
        code.append((_JUMP_EQUAL, left, 0, operation))
    code.append((_RETURN, 0, 0, _ALLOW))
    code.append((_RETURN, 0, 0, _ERRNO | errno))
    filters = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in code))
    program = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(filters))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    holder = ctypes.create_string_buffer(program)
    if libc.syscall(seccomp, _SET_MODE_FILTER, _FILTER_FLAG_TSYNC, holder) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
