"""Lanes: what is written is read, and what no peer of ours writes is refused."""

import os
import struct
import threading
import time

from harness import SHORT, TWIN, NoHooks, TestCase, endpoint
from lockstep import _layout
from lockstep.errors import (
    CallTimeoutError,
    ChannelClosedError,
    MessageTooLargeError,
    PeerFaultError,
    QueueFullError,
)

L = _layout
RING_IN = L.HEADER_BYTES  # of lane 0, which the worker reads


class LaneTest(TestCase):
    """Two endpoints in one process: the worker's of this run's twin, the host's of pure Python."""

    def setUp(self):
        self.reset()

    def reset(self, **options):
        self.seg = self.segment(**options)
        self.worker_end = endpoint(self.seg, L.WORKER)
        self.host_end = endpoint(self.seg, L.HOST, "py")
        self.assertTrue(self.worker_end.try_acquire_role())
        self.assertTrue(self.host_end.try_acquire_role())

    def put(self, offset, form, *values):
        struct.pack_into(form, self.seg.map, offset, *values)

    def put_frame(self, offset, length, kind, flags=0, depth=0, call_id=0, parent=0, payload=b""):
        self.put(RING_IN + offset, "<IBBHQQ", length, kind, flags, depth, call_id, parent)
        start = RING_IN + offset + 24
        self.seg.map[start : start + len(payload)] = payload

    def set_tail(self, position):
        self.put(L.TO_WORKER_LANE_OFFSET + L.TAIL_OFFSET, "<Q", position)


class ExchangeTest(LaneTest):
    def test_a_frame_arrives_with_all_that_it_carries(self):
        self.host_end.send(L.INVOKE, L.KEYWORDS, 3, 10, 7, b"payload")
        frame = self.worker_end.poll()
        self.assertEqual(
            (frame.kind, frame.flags, frame.depth, frame.call_id, frame.parent_id, frame.payload),
            (L.INVOKE, L.KEYWORDS, 3, 10, 7, b"payload"),
        )
        self.assertIsNone(self.worker_end.poll())
        self.worker_end.send(L.REPLY, 0, 0, 10, 0, b"")
        frame = self.host_end.poll()
        self.assertEqual((frame.kind, frame.call_id, frame.payload), (L.REPLY, 10, b""))

    def test_call_ids_count_from_one_and_carry_their_side(self):
        self.assertEqual([self.worker_end.next_call_id() for _ in range(3)], [3, 5, 7])
        self.assertEqual([self.host_end.next_call_id() for _ in range(2)], [2, 4])

    def test_every_size_around_the_edges_arrives_whole(self):
        most = 65536 // 4 - 24
        sizes = [0, 1, 7, 8, 9, most - 1, most, most + 1, 65535, 65536, 65537, 300_000]
        if not SHORT:
            sizes.append(3 << 20)
        for size in sizes:
            payload = os.urandom(size)
            for sender, receiver in (
                (self.host_end, self.worker_end),
                (self.worker_end, self.host_end),
            ):
                thread = threading.Thread(
                    target=sender.send, args=(L.INVOKE, 0, 1, sender.next_call_id(), 0, payload)
                )
                thread.start()
                frame = None
                while frame is None:
                    frame = receiver.wait(time.monotonic() + 20)
                thread.join(20)
                self.assertEqual(frame.payload, payload, size)

    def test_the_ring_wraps_at_every_offset(self):
        chance = __import__("random").Random(5)
        for number in range(3_000):
            payload = bytes([number & 255]) * chance.randrange(2_000)
            self.host_end.send(L.INVOKE, 0, 1, 2 * number + 2, 0, payload)
            frame = self.worker_end.poll()
            self.assertEqual((frame.call_id, frame.payload), (2 * number + 2, payload))

    def test_a_message_over_the_limit_is_refused_before_sending(self):
        self.reset(limits={"maxMessageBytes": 100_000})
        with self.assertRaises(MessageTooLargeError) as caught:
            self.worker_end.send(L.REPLY, 0, 0, 2, 0, b"x" * 100_001)
        self.assertIn("100000", str(caught.exception))
        self.assertIsNone(self.host_end.poll())

    def test_fragments_of_different_messages_interleave(self):
        most = 65536 // 4 - 24
        first, second = os.urandom(most), os.urandom(most)
        total = struct.pack("<Q", most + 8)
        for kind, call_id, part in ((L.INVOKE, 2, first), (L.INVOKE, 4, second)):
            self.host_end._put(kind, L.MORE, 1, call_id, 0, total + part[: most - 8], None)
        self.host_end.send(L.INVOKE, 0, 1, 6, 0, b"small")
        for call_id, part in ((4, second), (2, first)):
            rest = part[most - 8 :] + b"12345678"
            self.host_end._put(L.INVOKE, L.CONTINUATION, 1, call_id, 0, rest, None)
        got = [self.worker_end.poll() for _ in range(3)]
        self.assertEqual([frame.call_id for frame in got], [6, 4, 2])
        self.assertEqual(got[1].payload, second + b"12345678")
        self.assertEqual(got[2].payload, first + b"12345678")

    def test_a_cancel_forgets_the_fragments_of_its_call(self):
        self.host_end._put(L.INVOKE, L.MORE, 1, 2, 0, struct.pack("<Q", 100) + b"abc", None)
        self.host_end.send(L.CANCEL, 0, 0, 2, 0, b"")
        self.assertEqual(self.worker_end.poll().kind, L.CANCEL)
        self.host_end.send(L.INVOKE, 0, 1, 2, 0, b"again")
        self.assertEqual(self.worker_end.poll().payload, b"again")

    def test_two_full_lanes_never_wait_for_each_other(self):
        rounds = 5 if SHORT else 40
        payload = b"x" * 200_000  # three times the lane

        def talk(own):
            for number in range(rounds):
                own.send(L.INVOKE, 0, 1, own.next_call_id(), 0, payload)
            got = 0
            while got < rounds:
                frame = own.wait(time.monotonic() + 30)
                if frame is not None:
                    assert len(frame.payload) == len(payload)
                    got += 1

        self.worker_end.release_role()
        self.host_end.release_role()

        def run(own, failed):
            try:
                assert own.try_acquire_role()
                talk(own)
            except BaseException as error:  # noqa: B902
                failed.append(error)

        failed = []
        threads = [
            threading.Thread(target=run, args=(own, failed), daemon=True)
            for own in (self.worker_end, self.host_end)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(failed, [])
        self.assertFalse(any(thread.is_alive() for thread in threads))

    def test_a_full_inbox_fails_the_writers_own_call(self):
        self.reset(limits={"maxQueued": 4})
        for number in range(6):
            self.host_end.send(L.INVOKE, 0, 1, 2 * number + 2, 0, b"x")
        with self.assertRaises(QueueFullError) as caught:
            self.worker_end.send(L.INVOKE, 0, 1, 3, 0, b"x" * 200_000)
        self.assertIn("maxQueued=4", str(caught.exception))

    def test_a_full_inbox_makes_an_answer_wait(self):
        self.reset(limits={"maxQueued": 4})
        for number in range(6):
            self.host_end.send(L.INVOKE, 0, 1, 2 * number + 2, 0, b"x")
        with self.assertRaises(CallTimeoutError):
            self.worker_end.send(L.REPLY, 0, 0, 2, 0, b"x" * 200_000, time.monotonic() + 0.2)
        self.assertEqual(self.worker_end.counters()["inbox_messages"], 4)

    def test_a_deadline_ends_the_wait_for_space(self):
        started = time.monotonic()
        with self.assertRaises(CallTimeoutError):
            while True:
                self.worker_end.send(
                    L.INVOKE, 0, 1, self.worker_end.next_call_id(), 0, b"x" * 1000, started + 0.1
                )
        self.assertGreaterEqual(time.monotonic() - started, 0.1)

    def test_closed_means_that_nothing_can_be_sent_or_awaited(self):
        self.seg.set_state(L.HOST_CLOSED)
        with self.assertRaises(ChannelClosedError):
            self.worker_end.send(L.REPLY, 0, 0, 2, 0, b"")
        with self.assertRaises(ChannelClosedError):
            self.worker_end.wait(time.monotonic() + 5)

    def test_a_change_of_the_hosts_state_ends_a_wait_once(self):
        self.seg.set_state(L.HOST_CLOSING)
        self.assertIsNone(self.worker_end.wait(time.monotonic() + 20))
        started = time.monotonic()
        self.assertIsNone(self.worker_end.wait(started + 0.05))
        self.assertGreaterEqual(time.monotonic() - started, 0.05)

    def test_attention_and_wake_bring_the_sleeper_out(self):
        self.worker_end.release_role()
        came = []
        started = threading.Event()

        def sleep():
            self.assertTrue(self.worker_end.try_acquire_role())
            started.set()
            came.append(self.worker_end.wait(time.monotonic() + 30))
            self.worker_end.release_role()

        thread = threading.Thread(target=sleep)
        thread.start()
        started.wait(10)
        self.worker_end.attention = True
        self.worker_end.wake()
        thread.join(10)
        self.assertFalse(thread.is_alive())
        self.assertEqual(came, [None])
        self.assertFalse(self.worker_end.attention)

    def test_the_role_is_had_once_and_let_go_with_a_call_to_the_line(self):
        called = []

        class Hooks(NoHooks):
            def hand_over(self):
                called.append(1)

        self.worker_end.attach(Hooks())
        self.assertFalse(self.worker_end.try_acquire_role())
        self.worker_end.release_role()
        self.assertEqual(called, [])
        self.assertTrue(self.worker_end.try_acquire_role())
        self.worker_end.waiting = 1
        self.worker_end.release_role()
        self.assertEqual(called, [1])


class ValidationTest(LaneTest):
    """A host that writes garbage: the worker ends with a sentence, never with a value."""

    def assert_fault(self, word, message=None):
        with self.assertRaises(PeerFaultError, msg=message) as caught:
            for _ in range(5):
                self.worker_end.poll()
        if word:
            self.assertIn(word, str(caught.exception))

    def test_the_tail(self):
        for tail in (4, 7, 65536 + 8, 1 << 63, (1 << 64) - 8):
            self.reset()
            self.set_tail(tail)
            self.assert_fault("tail", tail)

    def test_the_tail_never_goes_back(self):
        self.host_end.send(L.INVOKE, 0, 1, 2, 0, b"12345678")
        self.worker_end.poll()
        for tail in (0, 8, 24):
            self.set_tail(tail)
            self.assert_fault("tail", tail)

    def test_the_head_when_the_worker_writes(self):
        for head in (4, 1 << 63, (1 << 64) - 8):
            self.reset()
            self.put(L.TO_HOST_LANE_OFFSET + L.HEAD_OFFSET, "<Q", head)
            with self.assertRaises(PeerFaultError) as caught:
                for _ in range(100):
                    self.worker_end.send(
                        L.REPLY, 0, 0, 2, 0, b"x" * 10_000, time.monotonic() + 2
                    )
            self.assertIn("head", str(caught.exception))

    def test_lengths(self):
        for length in (0, 1, 23, 65536 // 4 + 1, 0x7FFFFFFF, 0xFFFFFFFF, 48):
            self.reset()
            self.put_frame(0, length, L.INVOKE, 0, 1, 2)
            self.set_tail(40)
            self.assert_fault("length", length)

    def test_kinds_flags_ids_depths(self):
        for frame in (
            (L.READY, 0, 0, 0, 0),
            (L.FATAL, 0, 0, 0, 0),
            (8, 0, 1, 2, 0),
            (255, 0, 1, 2, 0),
            (L.INVOKE, 16, 1, 2, 0),
            (L.INVOKE, 255, 1, 2, 0),
            (L.REPLY, L.BUILTIN, 0, 3, 0),
            (L.REPLY, L.KEYWORDS, 0, 3, 0),
            (L.INVOKE, 0, 0, 2, 0),
            (L.INVOKE, 0, 65, 2, 0),
            (L.REPLY, 0, 1, 3, 0),
            (L.REPLY, 0, 0, 3, 2),
            (L.INVOKE, 0, 1, 3, 0),
            (L.INVOKE, 0, 1, 0, 0),
            (L.NOTIFY, 0, 1, 3, 0),
            (L.CANCEL, 0, 0, 3, 0),
            (L.REPLY, 0, 0, 2, 0),
            (L.ERROR, 0, 0, 1, 0),
        ):
            self.reset()
            kind, flags, depth, call_id, parent = frame
            self.put_frame(0, 24, kind, flags, depth, call_id, parent)
            self.set_tail(24)
            self.assert_fault(None, frame)

    def test_in_sync_main_only_main_answers_nothing(self):
        for kind in (L.REPLY, L.ERROR):
            self.reset(sync_main_only=True)
            self.put_frame(0, 24, kind, 0, 0, 3, 0)
            self.set_tail(24)
            self.assert_fault("kind")

    def test_padding(self):
        whole = 65536
        for offset, length, more, tail in (
            (0, whole, b"", whole),  # longer than any padding
            (whole - 64, 64, b"", whole),  # the last frame
            (whole - 64, 56, b"", whole + 24),  # not to the end
            (whole - 64, 64, b"\x01", whole + 24),  # not zero
        ):
            self.reset()
            self.bring_to(offset)
            self.put(RING_IN + offset, "<IBBHQQ", length, L.PAD, 0, 0, 0, 0)
            if more:
                self.seg.map[RING_IN + offset + 10] = 1
            self.put_frame(0, 24, L.INVOKE, 0, 1, 2)
            self.set_tail(tail)
            self.assert_fault(None, (offset, length))

    def bring_to(self, offset):
        position = 0
        while position < offset:
            size = min(8192, offset - position)
            if offset - position - size and offset - position - size < 24:
                size -= 24
            self.host_end.send(L.INVOKE, 0, 1, 2, 0, b"x" * (size - 24))
            self.worker_end.poll()
            position += size

    def test_padding_of_8_and_16_bytes_has_the_fields_that_fit(self):
        for left in (8, 16, 24, 32):
            self.reset()
            self.bring_to(65536 - left)
            self.host_end.send(L.INVOKE, 0, 1, 2, 0, b"y" * 100)
            self.assertEqual(self.worker_end.poll().payload, b"y" * 100)

    def test_a_frame_that_would_wrap(self):
        self.bring_to(65536 - 32)
        self.put_frame(65536 - 32, 64, L.INVOKE, 0, 1, 2)
        self.set_tail(65536 + 32)
        self.assert_fault("length")

    def test_orders_of_fragments(self):
        total = struct.pack("<Q", 20)
        for fragments in (
            [(L.CONTINUATION, b"x")],
            [(L.MORE, b"1234")],
            [(L.MORE, struct.pack("<Q", 1 << 40) + b"x")],
            [(L.MORE, total)],
            [(L.MORE, total + b"x"), (L.MORE, total + b"x")],
            [(L.MORE, total + b"x"), (0, b"x")],
            [(L.MORE, total + b"x"), (L.CONTINUATION, b"short")],
            [(L.MORE, total + b"x"), (L.CONTINUATION, b"y" * 20)],
            [(L.MORE, total + b"x" * 21)],
            [(L.MORE, total + b"x"), (L.MORE | L.CONTINUATION, b"")],
            [(L.MORE, total + b"x"), (L.CONTINUATION | L.KEYWORDS, b"y" * 19)],
        ):
            self.reset()
            for flags, payload in fragments:
                self.host_end._put(L.INVOKE, flags, 1, 2, 0, payload, None)
            self.assert_fault(None, fragments)

    def test_too_many_messages_in_the_making(self):
        self.reset(to_worker=1 << 20)
        with self.assertRaises(PeerFaultError) as caught:
            for number in range(4097):
                part = struct.pack("<Q", 100) + b"x"
                self.host_end._put(L.INVOKE, L.MORE, 1, 2 * number + 2, 0, part, None)
                self.worker_end.poll()
        self.assertIn("4096", str(caught.exception))

    def test_a_fault_is_final(self):
        self.set_tail(4)
        self.assert_fault("tail")
        self.set_tail(0)
        self.assert_fault(None)

    def test_random_garbage_is_refused_or_read(self):
        chance = __import__("random").Random(99)
        for _ in range(200 if SHORT else 3_000):
            self.reset_garbage(chance)
            try:
                for _ in range(20):
                    if self.worker_end.poll() is None:
                        break
            except PeerFaultError:
                continue

    def reset_garbage(self, chance):
        self.doCleanups()
        self.reset()
        offset = 0
        while offset < 400:
            length = chance.choice([24, 32, 40, chance.randrange(80), chance.randrange(1 << 32)])
            self.put_frame(
                offset,
                length,
                chance.randrange(9),
                chance.choice([0, 0, 1, 2, 3, 8, chance.randrange(256)]),
                chance.choice([0, 1, 1, chance.randrange(70)]),
                chance.choice([2, 3, 4, chance.randrange(1 << 64)]),
                chance.choice([0, 0, 3]),
                os.urandom(8),
            )
            offset += (max(24, min(length, 80)) + 7) & -8
        self.set_tail(chance.choice([24, 32, 80, 160, 400]))


class TwoProcessesTest(TestCase):
    """A child of this process is the worker; no wake-up may be lost between them."""

    def exchange(self, count, twins, size=40):
        segment = self.segment()
        host_twin, worker_twin = twins
        pid = os.fork()
        side = L.HOST if pid else L.WORKER
        try:
            own = endpoint(segment, side, host_twin if pid else worker_twin)
            own.try_acquire_role()
            if not pid:
                self.echo(own, count)
                os._exit(0)
            payload = b"x" * size
            until = time.monotonic() + 120
            for number in range(count):
                own.send(L.INVOKE, 0, 1, 2 * number + 2, 0, payload)
                frame = None
                while frame is None:
                    frame = own.wait(min(until, time.monotonic() + 5))
                    self.assertLess(time.monotonic(), until)
                    if frame is None:
                        self.assertEqual(os.waitpid(pid, os.WNOHANG), (0, 0), "the child ended")
                self.assertEqual(frame.call_id, 2 * number + 2)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            pid = 0
            self.assertEqual(own.counters()["late_wakeups"], 0)
            self.assertEqual(segment.word(L.WORKER_LATE_WAKEUPS_OFFSET, "<Q"), 0)
            self.assertEqual(segment.word(L.HOST_LATE_WAKEUPS_OFFSET, "<Q"), 0)
        finally:
            if side == L.WORKER:
                os._exit(1)
            if pid:
                os.kill(pid, 9)
                os.waitpid(pid, 0)

    def echo(self, own, count):
        for _ in range(count):
            frame = None
            while frame is None:
                frame = own.wait()
            own.send(L.REPLY, 0, 0, frame.call_id, 0, frame.payload)

    def test_no_wake_up_is_lost_between_two_of_this_twin(self):
        self.exchange(3_000 if SHORT else 60_000, (TWIN, TWIN))

    def test_no_wake_up_is_lost_between_this_twin_and_pure_python(self):
        if TWIN == "py":
            self.skipTest("that is the test before")
        self.exchange(3_000 if SHORT else 30_000, ("py", TWIN))
        self.exchange(3_000 if SHORT else 30_000, (TWIN, "py"))

    def test_a_stream_that_fills_the_lane_loses_nothing(self):
        segment = self.segment()
        count = 2_000 if SHORT else 20_000
        pid = os.fork()
        if not pid:
            try:
                own = endpoint(segment, L.WORKER)
                own.try_acquire_role()
                for number in range(count):
                    own.send(L.NOTIFY, 0, 1, 2 * number + 3, 0, b"%d" % number * 40)
                os._exit(0)
            finally:
                os._exit(1)
        own = endpoint(segment, L.HOST, "py")
        own.try_acquire_role()
        until = time.monotonic() + 120
        number = ended = 0
        while number < count:
            frame = own.wait(min(until, time.monotonic() + 5))
            self.assertLess(time.monotonic(), until)
            if frame is None and not ended:
                ended, status = os.waitpid(pid, os.WNOHANG)
                self.assertEqual(status, 0, "the child failed")
            elif frame is not None:
                self.assertEqual(frame.payload, b"%d" % number * 40)
                number += 1
        if not ended:
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertEqual(own.counters()["late_wakeups"], 0)
