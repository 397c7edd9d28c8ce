"""The C endpoint: the round trip of a call, refused words, signals, threads, lifelines, the bridge."""

import contextvars
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
import unittest

import harness
from lockstep import _layout as L
from lockstep import errors

# A run that is about the pure twin leaves these out; without a runner they serve.
c = None if os.environ.get("LOCKSTEP_TEST_TWIN") == "py" else harness.codec("c")
Endpoint = None if c is None else harness.endpoint_class("c")
CAPACITY = L.MIN_CAPACITY_BYTES
SECONDS = 30


class Hooks:
    """What `_call.Calls` is to a real endpoint, in its plainest form: it notes what it was asked."""

    def __init__(self, endpoint):
        self.current = contextvars.ContextVar("current", default=None)
        self.endpoint = endpoint
        self.asked = []
        endpoint.attach(self)

    def start(self, name, args, kwargs):
        self.asked.append("start")
        return ("the long way", name, args, kwargs)

    def resume(self, call_id, depth, frame, name):
        self.endpoint.release_role()
        self.asked.append("resume")
        return ("resumed", frame and frame.kind)

    def abandon(self, call_id):
        self.asked.append("abandon")

    def hand_over(self):
        self.asked.append("hand_over")

    def coroutine(self, call_id, depth, coroutine):
        coroutine.close()
        self.asked.append("coroutine")
        self.endpoint.send(L.REPLY, 0, 0, call_id, 0, c.encode_value("a task"))

    def fail(self, call_id, depth, exc, function, stage):
        self.asked.append(stage)
        if isinstance(exc, SystemExit):
            raise exc
        self.endpoint.send(
            L.ERROR, 0, 0, call_id, 0, c.encode_value([stage, type(exc).__name__, str(exc)])
        )

    def error(self, payload, name):
        return ValueError(c.decode_value(payload))

    def member(self, name, attribute):
        self.asked.append("member")
        return (name, attribute)

    def flush(self):
        self.endpoint.unflushed = False
        self.asked.append("flush")


def segment():
    memory = mmap.mmap(-1, L.HEADER_BYTES + 2 * CAPACITY)
    struct.pack_into("<I", memory, L.HOST_STATE_OFFSET, L.HOST_READY)
    return memory


def endpoint(memory, side, **more):
    return Endpoint(memory, side, CAPACITY, CAPACITY, L.DEFAULT_LIMITS, **more)


class Main:
    """The other end, in a child process: serves functions until the state says closing."""

    def __init__(self, memory, **exports):
        self.memory = memory
        self.pid = os.fork()
        if self.pid:
            return
        status = 1
        try:
            signal.alarm(SECONDS * 2)
            own = endpoint(memory, L.HOST)
            hooks = Hooks(own)
            exports["context"] = lambda: hooks.current.get() or own.chain()
            exports["asked"] = lambda: list(hooks.asked)
            while not own.try_acquire_role():
                time.sleep(0.001)

            def on_frame(frame):
                if frame is None:
                    return own.state() >= L.HOST_CLOSING
                if frame.kind == L.INVOKE:
                    own.send(L.ERROR, 0, 0, frame.call_id, 0, c.encode_value("not exported"))

            own.serve(exports, on_frame)
            status = 0
        except BaseException:  # noqa: B902 - a child of a test
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status)

    def close(self):
        struct.pack_into("<I", self.memory, L.HOST_STATE_OFFSET, L.HOST_CLOSING)
        endpoint(self.memory, L.HOST).wake()
        return os.waitpid(self.pid, 0)[1]


def boom():
    raise RuntimeError("boom")


async def later():
    return 1


EXPORTS = {
    "increment": lambda x: x + 1,
    "same": lambda *args, **kwargs: [list(args), kwargs],
    "first": lambda x: x,
    "boom": boom,
    "unserializable": lambda: object(),
    "later": later,
    "slow": lambda: time.sleep(0.2),
}


@unittest.skipIf(Endpoint is None, "of the C twin alone")
class RoundTripTest(unittest.TestCase):
    def setUp(self):
        self.memory = segment()
        self.main = Main(self.memory, **EXPORTS)
        self.own = endpoint(self.memory, L.WORKER)
        self.hooks = Hooks(self.own)

    def tearDown(self):
        self.assertEqual(0, self.main.close())
        self.assertEqual(0, self.own.counters()["late_wakeups"])

    def call(self, name, *args, **kwargs):
        return self.own.bound_call(name)(*args, **kwargs)

    def test_values_come_back(self):
        self.assertEqual(42, self.call("increment", 41))
        self.assertEqual([[1, "\u00e9", [None]], {"k": {1: 2}}], self.call("same", 1, "\u00e9", [None], k={1: 2}))
        self.assertEqual([[], {}], self.call("same"))
        self.assertEqual([list(range(40)), {}], self.call("same", *range(40)))
        self.assertEqual([], self.hooks.asked)

    def test_values_that_need_python_code_are_encoded_privately(self):
        import decimal

        self.assertEqual(decimal.Decimal("1.5"), self.call("first", decimal.Decimal("1.5")))
        self.assertEqual({1, 2}, self.call("first", {1, 2}))
        self.assertEqual(2**100, self.call("first", 2**100))
        self.assertEqual([], self.hooks.asked)

    def test_an_error_is_raised(self):
        with self.assertRaisesRegex(ValueError, "boom"):
            self.call("boom")
        with self.assertRaisesRegex(ValueError, "UnserializableError"):
            self.call("unserializable")
        with self.assertRaisesRegex(ValueError, "TypeError"):
            self.call("increment", 1, 2)
        with self.assertRaisesRegex(ValueError, "not exported"):
            self.call("missing")
        self.assertEqual(2, self.call("increment", 1))

    def test_a_coroutine_becomes_a_task(self):
        self.assertEqual("a task", self.call("later"))

    def test_the_served_function_knows_its_call(self):
        call_id, depth = self.call("context")
        self.assertEqual((1, 1), (call_id & 1, depth))

    def test_a_call_made_in_a_handler_is_sent_with_its_parent(self):
        # The served end serves only calls without a parent: this one goes to on_frame there.
        self.hooks.current.set((8, 3))
        with self.assertRaisesRegex(ValueError, "not exported"):
            self.call("increment", 1)
        self.hooks.current.set((8, 64))
        self.assertEqual("the long way", self.call("increment", 1)[0])

    def test_what_cannot_cross_leaves_nothing_published(self):
        before = self.own.counters()["frames_out"]
        tail = struct.unpack_from("<Q", self.memory, L.TO_HOST_LANE_OFFSET + L.TAIL_OFFSET)
        for bad in (object(), "\ud800", [1, {2: 3j}]):
            self.assertEqual("the long way", self.call("first", bad)[0])
        self.assertEqual(before, self.own.counters()["frames_out"])
        self.assertEqual(tail, struct.unpack_from("<Q", self.memory, L.TO_HOST_LANE_OFFSET + L.TAIL_OFFSET))

    def test_sizes_around_a_frame_and_round_the_ring_many_times(self):
        most = CAPACITY // L.MAX_FRAME_DIVISOR - L.FRAME_HEADER_BYTES
        for size in (0, 1, 7, 8, 9, 250, 1000, 5000, most - 50, most - 31, most - 30, most - 29):
            for round in range(40):
                value = bytes([size & 255, round]) * (size // 2)
                self.assertEqual(value, self.call("first", value))
        self.assertEqual("the long way", self.call("first", bytes(most))[0])

    def test_members_are_asked_for_once(self):
        bound = self.own.bound_call("f")
        self.assertEqual(("f", "aio"), bound.aio)
        self.assertIs(bound.aio, bound.aio)
        self.assertEqual(("f", "name"), bound.name)
        self.assertEqual(["member", "member"], self.hooks.asked)
        self.assertEqual("f", bound.__name__)
        self.assertFalse(hasattr(bound, "__wrapped__"))
        with self.assertRaisesRegex(AttributeError, "cannot assign to f.x"):
            bound.x = 1

    def test_other_threads_run_while_a_call_waits_and_during_a_long_run_of_calls(self):
        count = [0]
        end = threading.Event()

        def work():
            while not end.is_set():
                count[0] += 1

        thread = threading.Thread(target=work)
        thread.start()
        try:
            before = count[0]
            self.call("slow")
            self.assertGreater(count[0], before + 100)
            before = count[0]
            increment = self.own.bound_call("increment")
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                increment(1)
            self.assertGreater(count[0], before + 100)
        finally:
            end.set()
            thread.join()

    def test_a_signal_handler_that_raises_ends_the_wait(self):
        def handler(number, frame):
            raise InterruptedError("by the test")

        old = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with self.assertRaises(InterruptedError):
                self.call("slow")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assertEqual(["abandon"], self.hooks.asked)
        self.assertTrue(self.own.try_acquire_role())
        frame = None
        while frame is None:
            frame = self.own.wait(time.monotonic() + SECONDS)
        self.assertEqual(L.REPLY, frame.kind)
        self.own.release_role()
        self.assertEqual(2, self.call("increment", 1))

    def test_a_storm_of_signals_disturbs_nothing(self):
        hits = []
        old = signal.signal(signal.SIGALRM, lambda number, frame: hits.append(1))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            until = time.monotonic() + 1
            number = 0
            while time.monotonic() < until:
                number = self.call("increment", number)
            self.call("slow")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assertGreater(len(hits), 50)
        self.assertGreater(number, 50)

    def test_a_reply_that_a_signal_handler_has_read_is_not_lost(self):
        most = bytes(CAPACITY // L.MAX_FRAME_DIVISOR - L.FRAME_HEADER_BYTES)

        def handler(number, frame):
            time.sleep(0.5)  # the reply has come
            os.kill(self.main.pid, signal.SIGSTOP)
            try:
                while True:  # until the lane is full: who waits for space reads
                    until = time.monotonic() + 0.05
                    self.own.send(L.NOTIFY, 0, 1, self.own.next_call_id(), 0, most, until)
            except errors.CallTimeoutError:
                pass
            finally:
                os.kill(self.main.pid, signal.SIGCONT)

        old = signal.signal(signal.SIGALRM, handler)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            self.assertIsNone(self.call("slow"))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assertEqual(2, self.call("increment", 1))

    def call_while_attention_is_asked_for(self):
        def ask():
            time.sleep(0.05)
            self.own.attention = True
            self.own.wake()

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            return self.call("slow")
        finally:
            thread.join()

    def test_attention_brings_a_bound_call_back_to_python(self):
        self.assertEqual(("resumed", None), self.call_while_attention_is_asked_for())
        self.assertFalse(self.own.attention)

    def test_the_role_is_free_after_a_resume_that_never_began(self):
        def resume(*args):
            raise InterruptedError("a signal handler's, before the first statement")

        self.hooks.resume = resume
        with self.assertRaises(InterruptedError):
            self.call_while_attention_is_asked_for()
        self.assertEqual(["abandon"], self.hooks.asked)
        self.assertTrue(self.own.try_acquire_role())
        self.own.release_role()

    def test_a_message_over_the_limit_is_no_message_though_it_fits_a_frame(self):
        c.configure({"maxMessageBytes": 1024})
        try:
            self.assertEqual("the long way", self.call("first", bytes(2000))[0])
            self.assertEqual(bytes(900), self.call("first", bytes(900)))
        finally:
            c.configure(L.DEFAULT_LIMITS)

    def test_it_works_where_both_ends_share_one_cpu(self):
        cpus = os.sched_getaffinity(0)
        one = {min(cpus)}
        os.sched_setaffinity(self.main.pid, one)
        os.sched_setaffinity(0, one)
        try:
            own = endpoint(self.memory, L.WORKER)
            Hooks(own)
            # Its counter starts anew, which does no harm here: no call is in flight.
            increment = own.bound_call("increment")
            for number in range(300):
                self.assertEqual(number + 1, increment(number))
            self.own = own
        finally:
            os.sched_setaffinity(0, cpus)

    def test_a_forked_child_cannot_use_the_channel(self):
        pid = os.fork()
        if pid == 0:
            self.own.close_in_child()
            status = 1
            try:
                self.own.send(L.NOTIFY, 0, 1, 3, 0, b"")
            except errors.ForkedWorkerError:
                status = 0 if self.call("increment", 1)[0] == "the long way" else 2
            os._exit(status)
        self.assertEqual(0, os.waitpid(pid, 0)[1])
        self.assertEqual(2, self.call("increment", 1))

    def test_whoever_waits_without_the_role_is_handed_it(self):
        self.own.waiting = 1
        self.assertEqual("the long way", self.call("increment", 1)[0])
        self.own.waiting = 0
        self.assertTrue(self.own.try_acquire_role())
        self.assertFalse(self.own.try_acquire_role())
        self.own.waiting = 1
        self.own.release_role()
        self.own.waiting = 0
        self.assertEqual(["start", "hand_over"], self.hooks.asked)


def frame(kind=L.INVOKE, flags=0, depth=1, call_id=2, parent=0, payload=b"\x61f\x80", length=None):
    length = L.FRAME_HEADER_BYTES + len(payload) if length is None else length
    body = struct.pack("<IBBHQQ", length, kind, flags, depth, call_id, parent) + payload
    return body + bytes(-len(body) % 8)


@unittest.skipIf(Endpoint is None, "of the C twin alone")
class RefusedWordsTest(unittest.TestCase):
    """Every word of main's is checked; what is wrong is named."""

    def setUp(self):
        self.memory = segment()
        self.own = endpoint(self.memory, L.WORKER)
        self.own.try_acquire_role()

    def publish(self, *frames, tail=None):
        content = b"".join(frames)
        self.memory[L.HEADER_BYTES : L.HEADER_BYTES + len(content)] = content
        struct.pack_into(
            "<Q", self.memory, L.TO_WORKER_LANE_OFFSET + L.TAIL_OFFSET, len(content) if tail is None else tail
        )

    def refused(self, word):
        with self.assertRaises(errors.PeerFaultError) as caught:
            while self.own.poll() is not None:
                pass
        self.assertEqual(word, caught.exception.word)
        with self.assertRaises(errors.PeerFaultError):  # and it stays so
            self.own.send(L.NOTIFY, 0, 1, 3, 0, b"")

    def test_good_frames_are_taken(self):
        self.publish(frame(), frame(L.CANCEL, depth=0, payload=b""), frame(L.REPLY, 0, 0, 3, 0, b"\x01"))
        self.assertEqual(
            [L.INVOKE, L.CANCEL, L.REPLY], [self.own.poll().kind for _ in range(3)]
        )
        self.assertIsNone(self.own.poll())

    def test_bad_tails(self):
        for tail in (4, CAPACITY + 8, 2**64 - 8, 2**63, 2**64 - 1):
            with self.subTest(tail=tail):
                self.setUp()
                self.publish(frame(), tail=tail)
                self.refused("tail")

    def test_a_tail_that_goes_back(self):
        self.publish(frame(), frame(), frame())
        self.assertIsNotNone(self.own.poll())
        self.publish(tail=8)
        # Frames that were seen already are read first; then the word is looked at again.
        self.refused("tail")

    def test_bad_lengths(self):
        for length in (0, 8, 23, CAPACITY // 4 + 1, 2**31, 2**32 - 1, 40):
            with self.subTest(length=length):
                self.setUp()
                self.publish(frame(length=length))
                self.refused("length")

    def test_bad_headers(self):
        good = dict(kind=L.INVOKE)
        for word, changes in [
            ("kind", dict(kind=8)), ("kind", dict(kind=255)), ("kind", dict(kind=L.READY, depth=0, call_id=0)),
            ("flags", dict(flags=16)), ("flags", dict(flags=128)),
            ("flags", dict(kind=L.CANCEL, flags=L.BUILTIN, depth=0)),
            ("depth", dict(depth=0)), ("depth", dict(depth=65)), ("depth", dict(kind=L.REPLY, call_id=3)),
            ("parentCallId", dict(kind=L.REPLY, depth=0, call_id=3, parent=2)),
            ("callId", dict(call_id=0)), ("callId", dict(call_id=3)),
            ("callId", dict(kind=L.REPLY, depth=0, call_id=2)),
            ("flags", dict(flags=L.CONTINUATION)), ("flags", dict(flags=L.CONTINUATION | L.MORE)),
            ("length", dict(flags=L.MORE, payload=b"1234567")),
            ("total", dict(flags=L.MORE, payload=struct.pack("<Q", 2**40) + b"x")),
            ("PAD", dict(kind=L.PAD, depth=0, call_id=0, payload=b"")),
        ]:  # fmt: skip
            with self.subTest(changes=changes):
                self.setUp()
                self.publish(frame(**dict(good, **changes)))
                self.refused(word)

    def test_bad_fragments(self):
        first = frame(flags=L.MORE, payload=struct.pack("<Q", 4) + b"12")
        for word, second in [
            ("flags", frame(flags=L.MORE, payload=struct.pack("<Q", 4) + b"12")),
            ("flags", frame()),
            ("flags", frame(flags=L.CONTINUATION, depth=2, payload=b"34")),
            ("flags", frame(L.NOTIFY, flags=L.CONTINUATION, payload=b"34")),
            ("length", frame(flags=L.CONTINUATION, payload=b"345")),
            ("length", frame(flags=L.CONTINUATION, payload=b"3")),
            ("length", frame(flags=L.CONTINUATION | L.MORE, payload=b"")),
        ]:
            with self.subTest(second=second):
                self.setUp()
                self.publish(first, second)
                self.refused(word)

    def test_good_fragments_and_a_message_given_up(self):
        self.publish(
            frame(flags=L.MORE, payload=struct.pack("<Q", 4) + b"12"),
            frame(flags=L.MORE, call_id=4, payload=struct.pack("<Q", 9) + b"x"),
            frame(flags=L.CONTINUATION, payload=b"34"),
            frame(L.CANCEL, depth=0, call_id=4, payload=b""),
            frame(call_id=4),
        )
        taken = [self.own.poll() for _ in range(3)]
        self.assertEqual([b"1234", b"", b"\x61f\x80"], [message.payload for message in taken])
        self.assertEqual([0, 0, 0], [message.flags for message in taken])

    def test_bad_heads(self):
        self.own.send(L.NOTIFY, 0, 1, 3, 0, b"x" * 16000)
        for head in (4, 2**64 - 8, 2**20):
            with self.subTest(head=head):
                struct.pack_into("<Q", self.memory, L.TO_HOST_LANE_OFFSET + L.HEAD_OFFSET, head)
                other = endpoint(self.memory, L.WORKER)
                with self.assertRaises(errors.PeerFaultError) as caught:
                    for _ in range(10):
                        other.send(L.NOTIFY, 0, 1, 3, 0, b"x" * 16000, time.monotonic())
                self.assertEqual("head", caught.exception.word)

    def test_in_sync_main_only_main_cannot_answer(self):
        self.own = endpoint(self.memory, L.WORKER, sync_main_only=True)
        self.own.try_acquire_role()
        self.publish(frame(L.REPLY, 0, 0, 3, 0, b"\x01"))
        self.refused("kind")

    def test_random_garbage_is_a_fault_or_a_message_and_nothing_else(self):
        import random

        seed = random.randrange(1 << 32)
        rnd = random.Random(seed)
        for _ in range(3000):
            self.setUp()
            content = bytearray(b"".join(frame(call_id=2 * n) for n in range(1, 8)))
            for _ in range(rnd.randrange(1, 6)):
                content[rnd.randrange(len(content))] = rnd.randrange(256)
            self.publish(bytes(content), tail=rnd.choice((len(content), rnd.randrange(0, 512, 8))))
            try:
                for _ in range(200):
                    if self.own.poll() is None:
                        break
                else:
                    self.fail("no end: seed=%d" % seed)
            except errors.PeerFaultError:
                pass

    def test_back_pressure_ends_at_the_deadline_and_the_queue_has_a_limit(self):
        with self.assertRaises(errors.CallTimeoutError):
            for _ in range(100):
                self.own.send(L.NOTIFY, 0, 1, 3, 0, b"x" * 16000, time.monotonic() + 0.01)
        with self.assertRaises(errors.MessageTooLargeError):
            limits = dict(L.DEFAULT_LIMITS, maxMessageBytes=1000)
            Endpoint(self.memory, L.WORKER, CAPACITY, CAPACITY, limits).send(L.NOTIFY, 0, 1, 3, 0, b"x" * 1001)
        self.own = Endpoint(
            self.memory, L.WORKER, CAPACITY, CAPACITY, dict(L.DEFAULT_LIMITS, maxQueued=3)
        )
        self.own.try_acquire_role()
        self.publish(*[frame(call_id=2 * n) for n in range(1, 6)])
        with self.assertRaisesRegex(errors.QueueFullError, "maxQueued=3"):
            for _ in range(100):
                self.own.send(L.NOTIFY, 0, 1, 3, 0, b"x" * 16000)
        self.assertEqual(3, self.own.counters()["inbox_messages"])

    def test_a_closed_channel_says_so(self):
        struct.pack_into("<I", self.memory, L.HOST_STATE_OFFSET, L.HOST_CLOSED)
        with self.assertRaises(errors.ChannelClosedError):
            self.own.send(L.NOTIFY, 0, 1, 3, 0, b"")
        with self.assertRaises(errors.ChannelClosedError):
            self.own.wait()

    def test_a_buffer_that_does_not_fit_is_refused(self):
        with self.assertRaisesRegex(ValueError, "bytes=8192"):
            Endpoint(bytearray(8192), L.WORKER, CAPACITY, CAPACITY, L.DEFAULT_LIMITS)
        with self.assertRaisesRegex(ValueError, "toWorkerCapacity=65537"):
            Endpoint(self.memory, L.WORKER, 65537, CAPACITY, L.DEFAULT_LIMITS)
        with self.assertRaises(BufferError):
            Endpoint(bytes(len(self.memory)), L.WORKER, CAPACITY, CAPACITY, L.DEFAULT_LIMITS)


@unittest.skipIf(Endpoint is None, "of the C twin alone")
class LifeTest(unittest.TestCase):
    def test_the_bridge_fires_once_for_what_is_raised_and_never_after_disarm(self):
        if not hasattr(os, "eventfd"):
            self.skipTest("os.eventfd is Python 3.10 and newer")
        memory = segment()
        own, main = endpoint(memory, L.WORKER), endpoint(memory, L.HOST)
        fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        own.try_acquire_role()
        own.bridge(fd)
        for round in range(2000):
            own.arm()
            if round % 3 == 0:
                own.disarm()
                self.assertEqual([], poll.poll(0))
                own.arm()
            main.send(L.NOTIFY, 0, 1, 2, 0, b"x")
            self.assertTrue(poll.poll(SECONDS * 1000), "lost in round %d" % round)
            self.assertEqual(1, os.eventfd_read(fd))
            self.assertEqual(b"x", own.poll().payload)
        own.arm()
        own.wake()
        self.assertTrue(poll.poll(SECONDS * 1000))
        os.eventfd_read(fd)
        main.send(L.NOTIFY, 0, 1, 2, 0, b"x")
        self.assertEqual([], poll.poll(20))
        os.close(fd)

    def test_the_lifeline_kills_the_group_though_the_gil_is_held(self):
        script = (
            "import os, sys; sys.path.insert(0, %r)\n"
            "from lockstep import _accelerator\n"
            "os.setpgid(0, 0)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    import time; time.sleep(60); os._exit(0)\n"
            "_accelerator.start_lifeline(os.dup(0))\n"
            "print(pid, flush=True)\n"
            "sum(range(10**11))\n"  # one C call that never lets go of the GIL
        ) % harness.SRC
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        grandchild = int(process.stdout.readline())
        self.assertIsNone(process.poll())
        process.stdin.close()
        self.assertEqual(-signal.SIGKILL, process.wait(SECONDS))
        self.assertEqual(b"", process.stdout.read())  # the grandchild held it too: it is gone
        process.stdout.close()
        until = time.monotonic() + SECONDS
        while self._running(grandchild) and time.monotonic() < until:
            time.sleep(0.001)
        self.assertFalse(self._running(grandchild))

    @staticmethod
    def _running(pid):
        """False once the process is gone, or is a zombie that nobody reaps."""
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def test_the_parent_death_signal_is_set_and_the_parent_named(self):
        pid = os.fork()
        if pid == 0:
            parent = c.set_parent_death_signal(signal.SIGKILL)
            os._exit(0 if parent == os.getppid() else 1)
        self.assertEqual(0, os.waitpid(pid, 0)[1])

    def test_close_wakes_whoever_waits(self):
        memory = segment()
        own = endpoint(memory, L.WORKER)
        own.try_acquire_role()
        ended = []

        def wait():
            try:
                while own.wait() is None:
                    pass
            except errors.ChannelClosedError:
                ended.append(time.monotonic())

        thread = threading.Thread(target=wait)
        thread.start()
        until = time.monotonic() + SECONDS
        while own.counters()["parks"] == 0 and time.monotonic() < until:
            if own.counters()["parks"] == 0 and memory[L.TO_WORKER_LANE_OFFSET + L.DATA_SIGNAL_OFFSET] & 1:
                break
        struct.pack_into("<I", memory, L.HOST_STATE_OFFSET, L.HOST_CLOSED)
        own.wake()
        thread.join(SECONDS)
        self.assertEqual(1, len(ended))


if __name__ == "__main__":
    unittest.main()
