"""A third process that maps somebody's live segment and writes into it, as it is told on stdin.

One command a line, one answer a line: a number or a text, or ``error: ...``. Times are CLOCK_MONOTONIC in
nanoseconds, the clock of System.nanoTime on Linux.
"""

import ctypes
import mmap
import os
import random
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]


class Vandal:
    def __init__(self):
        self.fd = -1
        self.map = None
        self.stopping = threading.Event()
        self.thread = None
        self.snapshot = b""

    def open(self, pid, other):
        """The segment that the host `pid` shares with the worker `other`; its size."""
        self.close()
        for folder in ("/proc/%s/fd" % pid, "/proc/%s/fd" % other, "/proc/%s/map_files" % other):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                try:
                    target = os.readlink(path)
                    if "lockstep" not in target or "memfd:lockstep" not in target and "/segment-" not in target:
                        continue
                    fd = os.open(path, os.O_RDWR)
                except OSError:
                    continue
                if os.fstat(fd).st_size < 4096:
                    os.close(fd)  # one that was cut before
                    continue
                mapped = mmap.mmap(fd, 0)
                if int.from_bytes(mapped[260:264], "little") == int(other):
                    self.fd, self.map = fd, mapped
                    return len(mapped)
                mapped.close()
                os.close(fd)
        return "error: no segment of worker %s" % other

    def find_and_cut(self, size, *pids):
        """Cuts every segment that these processes have open; how many those were."""
        cut = 0
        for pid in pids:
            folder = "/proc/%s/fd" % pid
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                try:
                    if "/lockstep-" in os.readlink(path) and "/segment-" in os.readlink(path):
                        os.truncate(path, int(size))
                        cut += 1
                except OSError:
                    pass
        return cut

    def close(self):
        self.stop()
        if self.map is not None:
            self.map.close()
            os.close(self.fd)
            self.map = None
        return 0

    def read(self, offset, size):
        return int.from_bytes(self.map[int(offset) : int(offset) + int(size)], "little")

    def write(self, offset, size, value):
        """One aligned store, then the time."""
        words = memoryview(self.map).cast({"1": "B", "2": "H", "4": "I", "8": "Q"}[size])
        words[int(offset) // int(size)] = int(value)
        now = time.monotonic_ns()
        words.release()
        return now

    def wake(self, offset):
        """As a producer would: the sequence goes on, whoever sleeps wakes."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.map)) + int(offset)
        word = ctypes.c_uint32.from_address(address)
        word.value = (word.value + 2) & 0xFFFFFFFE
        return libc.syscall(FUTEX, ctypes.c_void_p(address), 1, 0x7FFFFFFF, None, None, 0)

    def truncate(self, size):
        now = time.monotonic_ns()
        try:
            os.ftruncate(self.fd, int(size))
        except OSError as error:
            return "errno %d" % error.errno
        return now

    def add_seals(self, seals):
        import fcntl

        try:
            fcntl.fcntl(self.fd, 1033, int(seals))
        except OSError as error:
            return "errno %d" % error.errno
        return 0

    def keep(self, start, end):
        """Remembers these bytes."""
        self.snapshot = self.map[int(start) : int(end)]
        return len(self.snapshot)

    def changed(self, start, end):
        """How many of the remembered bytes are others now."""
        now = self.map[int(start) : int(end)]
        return sum(a != b for a, b in zip(now, self.snapshot)) if now != self.snapshot else 0

    def watch(self, start, end):
        """Goes on comparing with what is remembered, until `watched` or until the segment is emptied."""
        self.stopping.clear()
        self.outside = 0
        self.thread = threading.Thread(target=self._watch, args=(int(start), int(end)))
        self.thread.start()
        return 0

    def _watch(self, start, end):
        while not self.stopping.is_set():
            changed = self.changed(start, end)
            if self.read(0, 8) == 0:
                return  # closed meanwhile, and its pages given back: that is no writing
            self.outside = max(self.outside, changed)
            time.sleep(0.0002)

    def watched(self):
        """How many bytes at most were seen to be others."""
        self.stop()
        return self.outside

    def scribble(self, offset, how, seed):
        """Goes on changing a word until `stop`."""
        self.stopping.clear()
        self.thread = threading.Thread(target=self._scribble, args=(int(offset) // 4, how, int(seed)))
        self.thread.start()
        return 0

    def _scribble(self, index, how, seed):
        source = random.Random(seed)
        words = memoryview(self.map).cast("I")
        while not self.stopping.is_set():
            old = words[index]
            if how == "parked":
                words[index] = old | 1
            elif how == "unparked":
                words[index] = old & 0xFFFFFFFE
            elif how == "random":
                words[index] = source.getrandbits(32)
            elif how == "back":
                words[index] = (old - 64) & 0xFFFFFFFF
            time.sleep(0.0002)
        words.release()

    def stop(self):
        self.stopping.set()
        if self.thread is not None:
            self.thread.join()
            self.thread = None
        return 0


def main():
    vandal = Vandal()
    for line in sys.stdin:
        words = line.split()
        try:
            answer = getattr(vandal, words[0])(*words[1:])
        except Exception as error:
            answer = "error: %s: %s" % (type(error).__name__, error)
        print(answer, flush=True)
    vandal.stop()


main()
