"""Calls that main nests in a call of the worker's: served on top of its wait, in C where they are plain."""

from harness import NoAnswer, Remote, TestCase, WorkerEnded, takes_frame
from lockstep import _layout as L

# What main nests runs while its thread waits in `go` for main's `ask`.
_WORKER = """
import os, sys, threading
from lockstep import sync
def go(*args, **kwargs): return sync.ask(*args, **kwargs)
def echo(value): return value
def keywords(a, *, b=2): return [a, b]
def fails(text): raise ValueError(text)
def strange(): return object()
async def later(): return 1
def disguised(): return later()
def ends(status): sys.exit(status)
def dies(): os._exit(9)
def chain(*first): return [*first, sync.see()]
def long(size): return "x" * size
def down(n): return sync.down(n - 1) + 1 if n else 0
__export__ = "go echo keywords fails strange disguised ends dies chain long down".split()
"""

# Two threads that wait for main: `go` runs on the main thread, `sync.ask` on another one, which runs `hold` meanwhile.
_THREADS = """
import threading
from lockstep import sync
released, got, held = threading.Event(), [], []
def run():
    try: got.append(sync.ask())
    except Exception as error: got.append(str(error))
def go():
    thread = threading.Thread(target=run)
    thread.start()
    second = sync.second()
    released.set()
    thread.join()
    return [second, *got]
def hold():
    sync.held.notify()
    held.append(threading.get_ident())
    released.wait()
    return "held"
def note(value): return [value, threading.get_ident() == held[0]]
def see(): return sync.see()
__export__ = ["go", "hold", "note", "see"]
"""


class NestedTest(TestCase):
    def asking(self, ask, worker=_WORKER, limits=None, **handlers):
        """A worker in whose calls of `ask` main does what `ask(host)` does."""
        host = self.worker(worker, handlers=handlers, **({"limits": limits} if limits else {}))
        host.handlers["ask"] = lambda *args, **kwargs: ask(host, *args, **kwargs)
        return host

    def refused(self, *call, **kwargs):
        """What the error says that answers a nested call; the call around it goes on."""
        errors = []

        def ask(host):
            try:
                host.call(*call, **kwargs)
            except Remote as error:
                errors.append(error.described)
            return host.call("echo", "goes on")

        host = self.asking(ask)
        for _ in range(2):
            self.assertEqual(host.call("go"), "goes on")
        self.assertEqual(len(errors), 2)
        return errors[0]


class ValuesTest(NestedTest):
    def test_values_and_keywords_come_and_go(self):
        host = self.asking(lambda host, *call, **kwargs: host.call(*call, **kwargs))
        for value in (1, None, "text", {"name": "PyScript", "xs": [1, 2, 3]}, ["x" * 3000, b"\x00" * 700]):
            self.assertEqual(host.call("go", "echo", value), value)
        self.assertEqual(host.call("go", "keywords", 1), [1, 2])
        self.assertEqual(host.call("go", "keywords", 1, b=[3]), [1, [3]])

    def test_an_answer_longer_than_a_frame(self):
        host = self.asking(lambda host, size: len(host.call("long", size)))
        self.assertEqual(host.call("go", 1_000_000), 1_000_000)

    def test_a_call_longer_than_a_frame(self):
        host = self.asking(lambda host, size: len(host.call("echo", "y" * size)))
        self.assertEqual(host.call("go", 1_000_000), 1_000_000)
        self.assertEqual(host.call("go", 10), 10)

    def test_many_in_one_wait_with_another_thread_at_work(self):
        host = self.asking(
            lambda host: sum(host.call("len", "x" * (i % 50)) for i in range(300)),
            """
            import threading
            from lockstep import sync
            turns, end = [0], threading.Event()
            def turn():
                while not end.is_set(): turns[0] += 1
            def go():
                thread = threading.Thread(target=turn)
                thread.start()
                total = sync.ask()
                end.set()
                thread.join()
                return [total, turns[0] > 0]
            sync.go, sync.len = go, len  # no line of Python runs in the second
            """,
        )
        self.assertEqual(host.call("go"), [sum(i % 50 for i in range(300)), True])


class ErrorsTest(NestedTest):
    def test_what_it_raises_is_the_nested_call_s_own_error(self):
        error = self.refused("fails", "nested")
        self.assertEqual((error["kind"], error["type"], error["message"]), ("exception", "ValueError", "nested"))
        self.assertIn("in fails", error["traceback"])

    def test_arguments_that_do_not_fit(self):
        self.assertEqual(self.refused("echo")["kind"], "wrong_arguments")

    def test_a_result_that_cannot_cross(self):
        self.assertEqual(self.refused("strange")["kind"], "unserializable")

    def test_a_name_that_is_not_exported(self):
        self.assertEqual(self.refused("nothing")["kind"], "not_exported")

    def test_a_coroutine_that_nobody_could_tell_from_outside(self):
        error = self.refused("disguised")
        self.assertEqual(error["kind"], "loop_blocked")
        self.assertIn("disguised", error["message"])

    def test_an_error_that_is_not_caught_goes_through_every_level(self):
        def ask(host, depth):
            return host.call("go", depth - 1) if depth else host.call("fails", "deep")

        host = self.asking(ask)
        with self.assertRaises(Remote) as caught:
            host.call("go", 5)
        self.assertIn("deep", str(caught.exception))
        self.assertEqual(host.call("echo", 1), 1)

    def test_the_end_of_a_chain_too_long_names_the_calls_in_it(self):
        host = self.worker(_WORKER, limits={"maxDepth": 9})
        host.handlers["down"] = lambda n: host.call("down", n - 1) + 1 if n else 0
        self.assertEqual(host.call("down", 8), 8)
        with self.assertRaises(Remote) as caught:
            host.call("down", 9)
        text = "name=down, depth=10, maxDepth=9, chain=... -> down -> down -> down -> down"
        self.assertIn(text, str(caught.exception))


class ChainTest(NestedTest):
    def chains(self, prologue):
        frames, nested = [], []

        @takes_frame
        def see(frame):
            frames.append((frame.parent_id, frame.depth))

        def ask(host):
            nested.append(host.begin("chain"))
            return host.finish(nested[-1])

        host = self.asking(ask, prologue + _WORKER.replace("return sync.ask", "sync.see(); sync.ask(); return sync.see"), see=see)
        call = host.begin("go")
        host.finish(call)
        self.assertEqual(frames, [(call, 2), (nested[0], 4), (call, 2)])

    def test_what_it_calls_is_nested_in_it_and_what_comes_after_is_not(self):
        self.chains("")

    def test_the_same_where_contexts_travel(self):
        self.chains("import asyncio\n")

    def test_the_same_where_asyncio_comes_in_the_midst(self):
        frames = []

        @takes_frame
        def see(frame):
            frames.append(frame.depth)

        host = self.asking(
            lambda host: host.call("go", 1),
            """
            from lockstep import sync
            def go(inner=0):
                if inner: import asyncio
                sync.see()
                if not inner: sync.ask()
                return sync.see()
            sync.go = go
            """,
            see=see,
        )
        host.call("go")
        host.call("go")
        self.assertEqual(frames, [2, 4, 4, 2] * 2)

    def test_chains_of_two_threads_are_told_apart(self):
        """One thread's nested call runs while the main thread serves one that it got later."""
        frames = []

        @takes_frame
        def see(frame):
            frames.append((frame.parent_id, frame.depth))

        ids = {}

        @takes_frame
        def ask(frame):
            ids["ask"] = frame
            ids["hold"] = host.begin("hold")
            return NoAnswer

        host = self.worker(
            """
            import threading
            from lockstep import sync
            released = threading.Event()
            def start(): threading.Thread(target=sync.ask, daemon=True).start()
            def hold():
                sync.see()
                sync.held.notify()
                released.wait()
                return sync.see()
            def plain(inner=False):
                sync.see()
                if not inner: sync.other()
                return sync.see()
            sync.start, sync.hold, sync.plain, sync.release = start, hold, plain, released.set
            """,
            handlers={"ask": ask, "see": see, "other": lambda: host.call("plain", True)},
        )
        host.call("start")
        host.until(lambda: host.notified)
        plain = host.begin("plain", parent=(0, 0))
        host.finish(plain)
        self.assertEqual([depth for _, depth in frames], [2 + 1, 2, 4, 4, 2])
        self.assertEqual([frames[i][0] for i in (0, 1, 4)], [ids["hold"], plain, plain])
        del frames[:]
        host.call("release")
        host.finish(ids["hold"])
        self.assertEqual(frames, [(ids["hold"], 3)])


class ThreadsTest(NestedTest):
    """While a thread runs what is nested in its call, another one reads what else is for that call."""

    def between(self, second, worker=_THREADS, **options):
        """`second(host, frame)` is done while `hold` runs, nested in `ask`, whose frame it gets."""
        asked = []

        @takes_frame
        def ask(frame):
            asked.append(frame)
            asked.append(host.begin("hold"))
            return NoAnswer

        def second_call():
            host.until(lambda: host.notified)
            return second(host, asked[0])

        host = self.worker(worker, handlers={"ask": ask, "second": second_call}, **options)
        answer = host.begin("go")
        result = host.finish(answer)
        self.assertEqual(host.finish(asked[1]), "held")
        self.assertEqual(host.call("describe", flags=L.BUILTIN)["calls_in_flight"], 0)
        self.assertEqual(host.call("describe", flags=L.BUILTIN)["dropped_replies"], 0)
        return host, result

    def test_the_reply(self):
        _, result = self.between(lambda host, frame: host.reply(frame, "asked"))
        self.assertEqual(result, [None, "asked"])

    def test_the_error(self):
        _, result = self.between(
            lambda host, frame: host.error(frame, {"kind": "exception", "type": "E", "message": "no"})
        )
        self.assertIn("no", result[1])

    def test_another_nested_call_and_then_the_reply(self):
        calls = []

        def second(host, frame):
            calls.append(host.begin("note", 1, parent=(frame.call_id, frame.depth)))
            calls.append(host.begin("note", 2, parent=(frame.call_id, frame.depth)))
            host.reply(frame, "asked")
            return "second"

        host, result = self.between(second)
        self.assertEqual(result, ["second", "asked"])
        self.assertEqual([host.finish(call) for call in calls], [[1, True], [2, True]])

    def test_more_nested_calls_than_may_wait(self):
        calls = []

        def second(host, frame):
            for number in range(6):
                calls.append(host.begin("note", number, parent=(frame.call_id, frame.depth)))
                host.begin("note", -1, parent=(frame.call_id, frame.depth), kind=L.NOTIFY)
            host.reply(frame, "asked")
            return "second"

        host, result = self.between(second, limits={"maxQueued": 4})
        self.assertEqual(result, ["second", "asked"])
        self.assertEqual([host.finish(call) for call in calls[:2]], [[0, True], [1, True]])
        for call in calls[2:]:
            with self.assertRaises(Remote) as caught:
                host.finish(call)
            self.assertEqual(caught.exception["kind"], "queue_full")
            self.assertIn("maxQueued=4", caught.exception["message"])
        self.assertEqual(host.call("describe", flags=L.BUILTIN)["dropped_notifications"], 4)

    def test_a_nested_call_that_is_cancelled_before_its_turn(self):
        calls = []

        def second(host, frame):
            calls.append(host.begin("note", 1, parent=(frame.call_id, frame.depth)))
            host.cancel(calls[0])
            host.reply(frame, "asked")

        host, result = self.between(second)
        self.assertEqual(result, [None, "asked"])
        with self.assertRaises(Remote) as caught:
            host.finish(calls[0])
        self.assertEqual(caught.exception["kind"], "cancelled")

    def test_the_reply_long_after(self):
        """Nobody has read anything for it, but another thread holds the role when `hold` returns."""
        frames = []

        @takes_frame
        def ask(frame):
            frames.append(frame)
            frames.append(host.begin("hold"))
            return NoAnswer

        @takes_frame
        def third(frame):
            frames.append(frame)
            return NoAnswer

        host = self.worker(
            _THREADS.replace("    thread.join()", "    sync.third(); thread.join()"),
            handlers={"ask": ask, "second": lambda: host.until(lambda: host.notified), "third": third},
        )
        answer = host.begin("go")
        host.until(lambda: len(frames) == 3)
        self.assertEqual(host.finish(frames[1]), "held")
        host.reply(frames[0], "asked")
        host.reply(frames[2], None)
        self.assertEqual(host.finish(answer), [None, "asked"])

    def test_the_reply_that_the_idle_main_thread_has_read_and_not_yet_handed_out(self):
        """It reads without a call of its own, and lets go of the role before it says what it has read."""
        frames, done = [], []

        @takes_frame
        def ask(frame):
            frames.append(frame)
            frames.append(host.begin("hold"))
            return NoAnswer

        host = self.worker(
            """
            import threading
            from lockstep import _call, sync
            released = threading.Event()
            real = _call.Calls.on_frame
            def on_frame(self, frame):
                if frame is not None and frame.kind == 2 and not released.is_set():
                    released.set()
                    while self.endpoint.try_acquire_role():  # until the other thread waits for main again
                        self.endpoint.release_role()
                return real(self, frame)
            _call.Calls.on_frame = on_frame
            def hold():
                sync.held.notify()
                released.wait()
            def start():
                threading.Thread(target=lambda: sync.done(sync.ask()), daemon=True).start()
            sync.start, sync.hold = start, hold
            """,
            handlers={"ask": ask, "done": done.append},
        )
        host.call("start")
        host.until(lambda: host.notified)
        host.reply(frames[0], "asked")
        host.until(lambda: done, 10)
        self.assertEqual(done, ["asked"])

    def test_another_nested_call_while_the_first_one_calls_main(self):
        """It was read elsewhere; the thread, which waits for main on top of the first, must look for it."""
        frames, notes = [], []

        @takes_frame
        def ask(frame):
            frames.append(frame)
            frames.append(host.begin("hold"))
            return NoAnswer

        @takes_frame
        def third(frame):  # of `hold`: answered when the other nested call was
            return host.finish(notes[0], 10)

        def second():
            host.until(lambda: host.notified)
            notes.append(host.begin("note", 1, parent=(frames[0].call_id, frames[0].depth)))
            return "second"

        worker = _THREADS.replace('    return "held"', "    return sync.third()")
        host = self.worker(worker, handlers={"ask": ask, "second": second, "third": third})
        answer = host.begin("go")
        host.until(lambda: notes)
        self.assertEqual(host.finish(frames[1]), [1, True])
        host.reply(frames[0], "asked")
        self.assertEqual(host.finish(answer), ["second", "asked"])

    def test_what_comes_as_its_thread_gives_the_call_up_is_served_elsewhere(self):
        frames, notes = [], []

        @takes_frame
        def ask(frame):
            frames.append(frame)
            return NoAnswer

        def second():
            notes.append(host.begin("note", 1, parent=(frames[0].call_id, frames[0].depth)))
            return "second"

        host = self.worker(
            """
            import threading
            from lockstep import _call, sync
            given_up, got = threading.Event(), []
            real = _call.Calls.serve_until
            def serve_until(self, waiter, pending, deadline):
                answered = real(self, waiter, pending, deadline)
                if not answered:
                    given_up.set()
                    while not waiter.frames: pass  # as if it had come right now
                return answered
            _call.Calls.serve_until = serve_until
            def run():
                try: sync.within(0.05).ask()
                except Exception as error: got.append(type(error).__name__)
            def go():
                thread = threading.Thread(target=run)
                thread.start()
                given_up.wait()
                second = sync.second()
                thread.join()
                return [second, *got]
            def note(value): return [value, threading.current_thread() is threading.main_thread()]
            __export__ = ["go", "note"]
            """,
            handlers={"ask": ask, "second": second},
        )
        self.assertEqual(host.call("go"), ["second", "CallTimeoutError"])
        self.assertEqual(host.finish(notes[0], 10), [1, True])

    def test_many_threads_at_once(self):
        host = self.asking(
            lambda host, number: host.call("twice", number) + 1,
            """
            import threading
            from lockstep import sync
            def twice(number): return 2 * number
            def go(threads, calls):
                wrong = []
                def run(start):
                    for number in range(start, start + calls):
                        if sync.ask(number) != 2 * number + 1: wrong.append(number)
                every = [threading.Thread(target=run, args=(1000 * i,)) for i in range(threads)]
                for thread in every: thread.start()
                for thread in every: thread.join()
                return wrong
            __export__ = ["twice", "go"]
            """,
        )
        self.assertEqual(host.call("go", 6, 50), [])


class EndsTest(NestedTest):
    def test_sys_exit_ends_the_worker(self):
        def ask(host):
            host.begin("ends", 5)
            return NoAnswer

        host = self.asking(ask)
        host.begin("go")
        self.assertEqual(host.wait_exit(), 5)

    def test_death_in_its_midst(self):
        host = self.asking(lambda host: host.call("dies"))
        with self.assertRaises(WorkerEnded):
            host.call("go")
        self.assertEqual(host.wait_exit(), 9)

    def test_main_s_end_in_its_midst(self):
        def ask(host):
            host.begin("hold")
            return NoAnswer

        host = self.asking(
            ask,
            """
            import sys
            from lockstep import errors, sync
            def hold():
                sync.held.notify()
                try: sync.never()
                except errors.ChannelClosedError: print("nested", flush=True)
            def go():
                try: sync.ask()
                except errors.ChannelClosedError: print("outer", flush=True)
            sync.go, sync.hold = go, hold
            """,
            never=lambda: NoAnswer,
        )
        host.begin("go")
        host.until(lambda: host.notified)
        host.set_state(L.HOST_CLOSED)
        host.wait_exit()
        self.assertEqual(host.text(host.out).split(), ["nested", "outer"])

    def test_an_interrupt_hits_the_nested_call_and_not_the_one_around_it(self):
        calls = []

        def ask(host):
            calls.append(host.begin("spin"))
            host.until(lambda: "running" in host.text(host.out))
            host.interrupt(calls[0])
            with self.assertRaises(Remote) as caught:
                host.finish(calls[0])
            self.assertEqual(caught.exception["type"], "KeyboardInterrupt")
            return host.call("spin", 0)

        host = self.asking(
            ask,
            """
            from lockstep import sync
            def spin(turns=10**12):
                if turns: print("running", flush=True)
                while turns: turns -= 1
                return "spun"
            sync.spin = spin
            sync.go = lambda: sync.ask()
            """,
        )
        self.assertEqual(host.call("go"), "spun")
        self.assertEqual(host.cancelled, [])

    def test_a_handler_that_raises_while_the_wait_goes_on_gives_the_call_up(self):
        def ask(host):
            host.call("arm")
            return NoAnswer

        host = self.asking(
            ask,
            """
            import signal
            from lockstep import sync
            class Enough(Exception): pass
            def enough(*_): raise Enough
            def arm():
                signal.signal(signal.SIGALRM, enough)
                signal.setitimer(signal.ITIMER_REAL, 0.05)
            def go():
                try: sync.ask()
                except Enough: return "enough"
            sync.go, sync.arm = go, arm
            """,
        )
        self.assertEqual(host.call("go"), "enough")
        host.until(lambda: host.cancelled)

    def test_a_fork_in_its_midst_leaves_the_child_without_a_channel(self):
        host = self.asking(
            lambda host: host.call("forks"),
            """
            import os
            from lockstep import errors, sync
            here = os.getpid()
            def forks():
                child = os.fork()
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) if child else 0
            def go():
                try: return sync.ask()
                except errors.ForkedWorkerError: os._exit(7)
                finally:
                    if os.getpid() != here: os._exit(8)
            sync.go, sync.forks = go, forks
            """,
        )
        self.assertEqual(host.call("go"), 7)
