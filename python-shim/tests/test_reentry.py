"""Code of the user's that runs in the midst of the shim's own: signal handlers and trace functions.

A trace function that acts at each line that the shim executes is a signal handler that comes everywhere.
What is C has no lines: there these tests say that tracing harms nothing.
"""

import linecache
import os
import sys
import threading
import time

from harness import SHORT, TWIN, TestCase, endpoint
from lockstep import _layout as L

_TRACER = """
import os, signal, sys, threading, time
from lockstep import sync, errors
import lockstep
shim = os.path.dirname(lockstep.__file__)
acted, refused, inside = [0], [0], [False]
def tracing(act, run):
    def tracer(frame, event, arg):
        if not frame.f_code.co_filename.startswith(shim):
            return None
        if event == "line" and not inside[0] and acted[0] < 400:  # or what it sends would have lines without end
            inside[0] = True
            try:
                act()
                acted[0] += 1
            except errors.SignalHandlerError:
                refused[0] += 1
            finally:
                inside[0] = False
        return tracer
    sys.settrace(tracer)
    try:
        return run()
    finally:
        sys.settrace(None)
"""


class ReentryTest(TestCase):
    def test_a_call_or_a_notification_at_any_line_of_a_call(self):
        host = self.worker(
            _TRACER
            + """
def go(kind, long):
    value = "x" * 100_000 if long else 7
    acts = {"call": lambda: sync.f(-1), "notify": lambda: sync.note.notify(acted[0])}
    acted[0] = refused[0] = 0
    return [tracing(acts[kind], lambda: [sync.f(value) for _ in range(3)]) == [value] * 3, acted[0], refused[0]]
__export__ = ["go"]
""",
            handlers={"f": lambda x: x},
        )
        for kind in ("call", "notify"):
            for long in (False, True):
                with self.subTest(kind=kind, long=long):
                    before = len(host.notified)
                    right, acted, refused = host.call("go", kind, long)
                    self.assertIs(right, True)
                    self.assertEqual(host.call("go", kind, False)[0], True)
                    if TWIN == "py":
                        self.assertGreater(acted, 20)
                    if kind == "notify":
                        self.assertEqual(refused, 0)
                        told = [call[1][0] for call in host.notified[before : before + acted]]
                        self.assertEqual(sorted(told), list(range(acted)))

    def test_a_call_at_any_line_of_waiting_in_line(self):
        host = self.worker(
            _TRACER
            + """
def go():
    acted[0] = refused[0] = 0
    others = [threading.Thread(target=lambda: [sync.f(i) for i in range(30)]) for _ in range(3)]
    for other in others: other.start()
    right = tracing(lambda: sync.f(-1), lambda: [sync.f(i) for i in range(10)]) == list(range(10))
    for other in others: other.join()
    return [right, acted[0] + refused[0]]
__export__ = ["go"]
""",
            handlers={"f": lambda x: x},
        )
        for _ in range(2 if SHORT else 10):
            right, hits = host.call("go")
            self.assertIs(right, True)
            if TWIN == "py":
                self.assertGreater(hits, 20)

    def test_a_storm_of_signals_whose_handler_calls_main(self):
        host = self.worker(
            """
            import itertools, signal
            from lockstep import sync, errors
            ticks = itertools.count()
            def tick(*_):
                sync.note.notify(next(ticks))
                try: sync.f(-1)
                except errors.SignalHandlerError: pass
            def go(n):
                signal.signal(signal.SIGALRM, tick)
                signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
                try: right = all(sync.f(i) == i for i in range(n))
                finally: signal.setitimer(signal.ITIMER_REAL, 0)
                return [right, next(ticks)]
            __export__ = ["go"]
            """,
            handlers={"f": lambda x: x},
        )
        right, ticks = host.call("go", 300 if SHORT else 3000)
        self.assertIs(right, True)
        self.assertEqual(host.call("go", 1)[0], True)
        told = sorted(call[1][0] for call in host.notified)
        self.assertEqual(told[:ticks], list(range(ticks)))


class Boom(Exception):
    pass


class ShieldTest(TestCase):
    def test_an_answer_that_is_begun_is_sent_to_its_end_whatever_a_handler_raises(self):
        segment = self.segment()
        own, other = endpoint(segment, L.WORKER), endpoint(segment, L.HOST, "py")
        whole, none = 0, 0
        payload = os.urandom(100_000)
        got = []
        ends = threading.Event()

        def drain():
            other.try_acquire_role()
            while not ends.is_set():
                frame = other.wait(time.monotonic() + 0.05)
                if frame is not None:
                    got.append(frame)
            other.release_role()

        reader = threading.Thread(target=drain)
        reader.start()
        try:
            for step in range(1, 400, 7 if SHORT else 3):
                call_id = 2 * step + L.HOST
                left = [step]

                def tracer(frame, event, arg, left=left):
                    if "lockstep" not in frame.f_code.co_filename:
                        return None
                    # Python calls tracers, but no signal handlers, where a `with` or a `try` has no hold yet.
                    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip()
                    if event == "line" and not line.startswith(("with ", "try:", "finally:")):
                        left[0] -= 1
                        if not left[0]:
                            raise Boom()
                    return tracer

                sys.settrace(tracer)
                try:
                    own.send(L.REPLY, 0, 0, call_id, 0, payload)
                except Boom:
                    pass
                finally:
                    sys.settrace(None)
                own.send(L.REPLY, 0, 0, 2 * (step + 1000) + L.HOST, 0, b"")
                until = time.monotonic() + 5
                while not got or got[-1].payload:
                    self.assertLess(time.monotonic(), until, "step %d" % step)
                    self.assertTrue(reader.is_alive())
                    time.sleep(0.0005)
                ours = [frame for frame in got if frame.call_id == call_id]
                self.assertIn([frame.payload for frame in ours], ([], [payload]), "step %d" % step)
                whole, none = whole + bool(ours), none + (not ours)
                got.clear()
        finally:
            ends.set()
            reader.join()
        self.assertGreater(whole, 0)
        if TWIN == "py":
            self.assertGreater(none, 0)


class IdleTest(TestCase):
    def test_a_signal_between_the_last_look_and_the_sleep_is_not_left_for_minutes(self):
        if TWIN != "py":
            self.skipTest("the accelerator looks for signals in C, right before it sleeps")
        host = self.worker(
            """
            import ctypes, os, signal, time
            from functools import partial
            from operator import methodcaller
            from lockstep import _park, sync
            handled = []
            signal.signal(signal.SIGUSR1, lambda *_: handled.append(time.monotonic()))
            futex = _park._futex
            real, libc = futex._call, ctypes.CDLL(None)
            sent = []
            def call(number, address, operation, *rest):
                if operation == 0 and armed and not sent:
                    sent.append(time.monotonic())
                    # In C from the signal to the system call: Python does not look in between.
                    steps = [partial(libc.kill, os.getpid(), signal.SIGUSR1),
                             partial(real, number, address, operation, *rest)]
                    return list(map(methodcaller("__call__"), steps))[-1]
                return real(number, address, operation, *rest)
            futex._call = call
            armed = []
            def arm(): armed.append(1)
            def waited():
                return handled[0] - sent[0] if handled else None
            __export__ = ["arm", "waited"]
            """
        )
        host.call("arm")
        time.sleep(1.0)  # any call wakes it: it must be left alone to show how long it sleeps
        waited = host.call("waited")
        self.assertIsNotNone(waited)
        self.assertLess(waited, 0.9)
