"""A worker that misbehaves by name: each function is one fault, called by the harness.

Nothing in here knows why; the rows do.
"""

import os
import signal
import sys
import time

from lockstep import sync


def echo(value=None):
    return value


def pid():
    return os.getpid()


def zeros(count):
    return bytes(count)


def sleep(seconds):
    end = time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0:
            return "slept"
        time.sleep(left)


def wait_for_file(path):
    """Busy until a file appears: in user code, and deaf, for exactly as long as the harness wants."""
    while not os.path.exists(path):
        time.sleep(0.001)
    return True


def spin():
    while True:
        pass


# ---- ends ----


def exit_now(code):
    os._exit(code)


def sys_exit(code):
    sys.exit(code)


def write_error_and(text, how, argument):
    print(text, file=sys.stderr, flush=True)
    globals()[how](argument)


def segmentation_fault(_):
    import ctypes

    ctypes.memmove(1, 2, 3)


def abort(_):
    os.abort()


def kill_self(number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def replace_self(_):
    os.execv("/bin/sleep", ["sleep", "1000"])


def close_descriptors(first, last):
    os.closerange(first, last)
    return True


def close_one_by_one(numbers):
    for number in numbers:
        os.close(number)
    return len(numbers)


# ---- steps ----


def _steps():
    import ctypes

    from lockstep import _accelerator

    return ctypes.CDLL(_accelerator.__file__)


def stop_before(step, times):
    """SIGSTOP before the named store of the protocol: in the answer to this very call, or later."""
    _steps().ls_stop_before(step.encode(), times)
    return True


def stop_before_and_call(step, times):
    """The same, in a call of ours to main."""
    stop_before(step, times)
    return sync.host_echo(step)


def stop_before_and_give(step, times, count):
    """The same, with a long answer."""
    stop_before(step, times)
    return bytes(count)


def notify_and_stop_before(step, after, payload_bytes):
    """`after` notifications are committed; in the next one the process stops before the step."""
    filler = bytes(payload_bytes)
    for number in range(after):
        sync.host_tick.notify(number, filler)
    stop_before(step, 1)
    sync.host_tick.notify(after, filler)
    return "not stopped"


def stop_in_user_code():
    os.kill(os.getpid(), signal.SIGSTOP)
    return True


def delay_steps(one_in, most_nanos, seed):
    import ctypes

    library = _steps()
    library.ls_delay_steps(ctypes.c_uint32(one_in), ctypes.c_uint32(most_nanos), ctypes.c_uint64(seed))
    return True


def stop_at_line(k):
    """SIGSTOP before the k-th line of the pure twin's ring and futex code, from the answer to this call on."""
    import sitecustomize

    sitecustomize.stop_at_line({"_ring.py", "_park.py"}, None, k)
    return True


# ---- forks ----


def _call_from_child(report):
    from lockstep.errors import ForkedWorkerError

    try:
        sync.host_tick(-1)
        report("called")
    except ForkedWorkerError:
        report("ForkedWorkerError")
    except BaseException as error:
        report("%s: %s" % (type(error).__name__, error))


def fork_and_call_from_both():
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _call_from_child(lambda text: os.write(writing, text.encode()))
        os._exit(0)
    os.close(writing)
    mine = [sync.host_tick(number) for number in range(20)]
    os.waitpid(child, 0)
    said = os.read(reading, 10000).decode()
    os.close(reading)
    return [said, mine]


def multiprocessing_fork_and_call():
    import multiprocessing

    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=_call_from_child, args=(queue.put,))
    child.start()
    mine = [sync.host_tick(number) for number in range(20)]
    child.join()
    return [queue.get(), mine]


def subprocess_and_call():
    import subprocess

    child = subprocess.Popen([sys.executable, "-S", "-c", "print('hello')"], stdout=subprocess.PIPE)
    mine = [sync.host_tick(number) for number in range(20)]
    return [child.communicate()[0].decode().strip(), mine]


def thread_forks_while_main_calls():
    import threading

    said = []

    def fork():
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _call_from_child(lambda text: os.write(writing, text.encode()))
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        said.append(os.read(reading, 10000).decode())
        os.close(reading)

    thread = threading.Thread(target=fork)
    thread.start()
    mine = [sync.host_tick(number) for number in range(20)]
    thread.join()
    return [said[0], mine]


# ---- calls in both directions ----


def dive(depth):
    """One level down: main calls back until somebody refuses."""
    if depth <= 0:
        return 0
    return sync.host_dive(depth - 1) + 1


def dive_and_raise(depth):
    if depth <= 0:
        raise ValueError("the bottom")
    try:
        return sync.host_dive_and_raise(depth - 1)
    except BaseException:
        sync.host_unwound(depth)
        raise


def swap(payload, count):
    """Sends `count` bytes while main sends as many."""
    return len(sync.host_swap(bytes(count))) + len(payload)


def start_calling(count, payload_bytes):
    """Calls main with long messages from a thread of its own; `calling_ended` tells."""
    import threading

    filler = bytes(payload_bytes)
    state = _calling
    state[:] = [0, 0.0, ""]

    def run():
        try:
            for _ in range(count):
                start = time.monotonic()
                if len(sync.host_echo(filler)) != payload_bytes:
                    raise ValueError("another length came back")
                state[0] += 1
                state[1] = max(state[1], time.monotonic() - start)
        except BaseException as error:
            state[2] = repr(error)

    thread = threading.Thread(target=run)
    thread.start()
    state.append(thread)
    return True


_calling = [0, 0.0, ""]


def calling_ended():
    """How many calls were answered, the longest in ms, and what went wrong."""
    _calling[3].join()
    return [_calling[0], _calling[1] * 1000, _calling[2]]


def take_slowly(payload, seconds):
    time.sleep(seconds)
    return len(payload)


def call_many(count):
    total = 0
    for number in range(count):
        total += sync.host_echo(number)
    return total


def flood(count, payload_bytes):
    """Notifications as fast as they go."""
    filler = bytes(payload_bytes)
    for _ in range(count):
        sync.host_tick.notify(0, filler)
    return count


def flood_nested(count, payload_bytes):
    """Calls nested in this one that nobody waits for, each with a payload: main is busy in the first."""
    filler = bytes(payload_bytes)
    sync.host_busy.notify()
    for _ in range(count):
        sync.host_tick.notify(0, filler)
    return count




# ---- values and errors ----


def raise_huge(count):
    raise ValueError("x" * count)


def raise_cyclic():
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


class _Unprintable(Exception):
    def __repr__(self):
        raise RuntimeError("no repr")

    __str__ = __repr__


class _Endless(Exception):
    def __str__(self):
        return str(self)

    __repr__ = __str__


def raise_unprintable():
    raise _Unprintable()


def raise_endless():
    raise _Endless()


def raise_exit():
    raise SystemExit(5)


def raise_interrupt():
    raise KeyboardInterrupt("from user code")


def raise_recursion():
    return raise_recursion()


def raise_deep_chain(depth):
    error = ValueError(0)
    for number in range(depth):
        error = _chain(error, number)
    raise error


def _chain(cause, number):
    error = ValueError(number)
    error.__cause__ = cause
    return error


def run_host(name):
    """A callback that fails in main: what arrives here."""
    try:
        getattr(sync, name)()
        return "no error"
    except BaseException as error:
        return "%s: %s" % (type(error).__name__, str(error)[:200])


# ---- output ----


def print_much(count, where):
    stream = sys.stdout if where == 1 else sys.stderr
    line = "x" * 99
    for _ in range(count // 100):
        print(line, file=stream)
    return True


def write_binary(fd, count):
    block = bytes(range(256)) * 256
    done = 0
    while done < count:
        done += os.write(fd, block[: count - done])
    return done


def close_standard():
    for fd in (0, 1, 2):
        os.close(fd)
    return True


# ---- the segment's file ----


def cut_own_segment(size):
    """Cuts every file of ours that looks like a segment; how many those were."""
    cut = 0
    for name in os.listdir("/proc/self/fd"):
        path = "/proc/self/fd/" + name
        try:
            if "/segment-" in os.readlink(path):
                os.truncate(path, size)
                cut += 1
        except OSError:
            pass
    return cut


# ---- signals ----


def count_signals():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    return True


# ---- what the kernel refuses ----


def refuse_futex(number):
    """From here on the kernel answers `errno` to every shared futex wait and wake of this process (seccomp)."""
    import seccomp_futex

    seccomp_futex.refuse(number)
    return True


def refuse_futex_waits(number):
    """The same for the waits alone."""
    import seccomp_futex

    seccomp_futex.refuse(number, (0,))
    return True


def stack_kibibytes():
    """What the main thread's stack has grown to."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmStk:"))


__export__ = [name for name, value in list(globals().items()) if callable(value) and name[0] != "_"]
