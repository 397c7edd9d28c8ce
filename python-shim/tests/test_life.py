"""Life and death of a worker: ends in order, forks, execs, interrupts, closed descriptors."""

import os
import signal
import time

from harness import SHORT, Remote, TestCase, WorkerEnded
from lockstep import _layout

L = _layout


class EndTest(TestCase):
    def test_close_ends_after_the_calls_already_queued(self):
        host = self.worker(
            """
            import atexit
            from lockstep import sync
            atexit.register(lambda: print("exit handler"))
            sync.f = lambda n: n
            """
        )
        ids = [host.begin("f", number) for number in range(3)]
        host.begin("close", flags=L.BUILTIN, kind=L.NOTIFY)
        self.assertEqual([host.finish(call) for call in ids], [0, 1, 2])
        self.assertEqual(host.wait_exit(), 0)
        self.assertEqual(host.text(host.out), "exit handler\n")
        self.assertEqual(host.text(host.err), "")
        self.assertEqual(host.segment.word(L.WORKER_STATE_OFFSET), L.WORKER_LEAVING)

    def test_the_state_closing_ends_an_idle_worker_and_one_with_calls(self):
        for calls in (0, 3):
            host = self.worker("from lockstep import sync\nsync.f = lambda n: n")
            ids = [host.begin("f", number) for number in range(calls)]
            host.set_state(L.HOST_CLOSING)
            self.assertEqual([host.finish(call) for call in ids], list(range(calls)))
            self.assertEqual(host.wait_exit(), 0)

    def test_closing_waits_for_coroutines(self):
        host = self.worker(
            """
            import asyncio
            async def slow(): await asyncio.sleep(0.2); return "done"
            def plain(): pass
            __export__ = ["slow", "plain"]
            """
        )
        call = host.begin("slow")
        host.call("plain")
        host.set_state(L.HOST_CLOSING)
        self.assertEqual(host.finish(call), "done")
        self.assertEqual(host.wait_exit(), 0)

    def test_a_signal_handler_that_calls_main_while_its_thread_waits_is_told_so(self):
        host = self.worker(
            """
            import signal
            from lockstep import sync
            said = []
            def handler(number, frame):
                try:
                    sync.anything()
                except Exception as error:
                    said.append("%s: %s" % (type(error).__name__, error))
            signal.signal(signal.SIGUSR1, handler)
            sync.said = lambda: said
            """
        )
        # A handler that runs between two waits may call; sooner or later one interrupts a wait.
        expected = "SignalHandlerError: sync.anything() cannot wait in a signal handler"
        give_up = time.monotonic() + 20
        said = []
        while not any(expected in one for one in said) and time.monotonic() < give_up:
            os.kill(host.process.pid, signal.SIGUSR1)
            said = host.call("said")
        self.assertTrue(any(expected in one for one in said), said[-1:])

    def test_the_state_closed_ends_it_too(self):
        host = self.worker("from lockstep import sync\nsync.f = lambda n: n")
        host.set_state(L.HOST_CLOSED)
        self.assertEqual(host.process.wait(20), 0)

    def test_sys_exit_in_a_call_runs_exit_handlers(self):
        for code, status in (("5", 5), ("", 0), ("'words'", 1)):
            host = self.worker(
                """
                import atexit, sys
                from lockstep import sync
                atexit.register(lambda: print("exit handler"))
                sync.end = lambda: sys.exit(%s)
                """
                % code
            )
            host.begin("end")
            self.assertEqual(host.wait_exit(), status)
            self.assertEqual(host.text(host.out), "exit handler\n")

    def test_os_exit_ends_it_at_once(self):
        host = self.worker(
            "import os, atexit\nfrom lockstep import sync\n"
            "atexit.register(lambda: print('not run'))\nsync.end = lambda: os._exit(7)"
        )
        host.begin("end")
        self.assertEqual(host.wait_exit(), 7)
        self.assertEqual(host.text(host.out), "")

    def test_a_crash_shows_its_stack_on_stderr(self):
        host = self.worker(
            "import os, signal\nfrom lockstep import sync\n"
            "def crash(): os.kill(os.getpid(), signal.SIGSEGV)\nsync.crash = crash"
        )
        host.begin("crash")
        self.assertEqual(host.wait_exit(), -signal.SIGSEGV)
        self.assertIn("crash", host.text(host.err))

    def test_the_worker_dies_with_its_parent(self):
        read_end, write_end = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                os.close(read_end)
                host = self.worker("import time\nfrom lockstep import sync\nsync.f = lambda: 1")
                os.write(write_end, b"%d\n" % host.process.pid)
                os.close(write_end)
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        os.close(write_end)
        with os.fdopen(read_end) as file:
            worker = int(file.readline())
        os.waitpid(pid, 0)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                with open("/proc/%d/stat" % worker) as file:
                    if file.read().rpartition(")")[2].split()[0] == "Z":
                        return
            except OSError:
                return
            time.sleep(0.01)
        self.fail("the worker outlived its parent")

    def test_it_leads_a_group_of_its_own(self):
        host = self.worker("from lockstep import sync\nsync.f = lambda: 1")
        self.assertEqual(os.getpgid(host.process.pid), host.process.pid)


class UserCodeTest(TestCase):
    def test_a_fork_leaves_the_parent_alone_and_the_child_without_a_channel(self):
        host = self.worker(
            """
            import os
            from lockstep import sync, errors
            def fork():
                read_end, write_end = os.pipe()
                pid = os.fork()
                if not pid:
                    found = []
                    for use in (lambda: sync.f(1), lambda: sync.g.notify(2), lambda: sync.flush()):
                        try:
                            use(); found.append("no error")
                        except errors.ForkedWorkerError:
                            found.append("forked")
                        except BaseException as e:
                            found.append(repr(e))
                    os.write(write_end, ",".join(found).encode())
                    os._exit(0)
                os.close(write_end)
                os.waitpid(pid, 0)
                with os.fdopen(read_end) as f: told = f.read()
                return [told, sync.f(5)]
            sync.fork = fork
            def returns():
                pid = os.fork()
                if not pid: return "in the child"
                return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            sync.returns = returns
            """,
            handlers={"f": lambda x: x},
        )
        self.assertEqual(host.call("fork"), ["forked,forked,forked", 5])
        self.assertEqual(host.call("returns"), 1)
        self.assertEqual(host.notified, [])

    def test_subprocesses_and_multiprocessing_work(self):
        host = self.worker(
            """
            import subprocess, sys, multiprocessing
            from lockstep import sync
            def run():
                out = subprocess.run([sys.executable, "-c", "print(6 * 7)"], stdout=subprocess.PIPE)
                with multiprocessing.get_context("fork").Pool(2) as pool:
                    return [out.stdout.decode().strip(), pool.map(abs, [-1, 2])]
            sync.run = run
            """
        )
        self.assertEqual(host.call("run"), ["42", [1, 2]])

    def test_exec_closes_the_lifeline(self):
        host = self.worker(
            """
            import os
            from lockstep import sync
            sync.replace = lambda: os.execvp("sleep", ["sleep", "60"])
            """
        )
        host.begin("replace")
        import select

        readable, _, _ = select.select([host.lifeline_end], [], [], 20)
        self.assertTrue(readable)
        # The byte that says that the worker holds the pipe, then its end.
        self.assertEqual(os.read(host.lifeline_end, 9), b"+")
        readable, _, _ = select.select([host.lifeline_end], [], [], 20)
        self.assertTrue(readable)
        self.assertEqual(os.read(host.lifeline_end, 1), b"")
        self.assertIsNone(host.process.poll())

    def test_closing_the_standard_descriptors_harms_nothing(self):
        host = self.worker(
            """
            import os, sys
            from lockstep import sync
            def close():
                print("unflushed", end="")
                for fd in (0, 1, 2): os.close(fd)
            sync.close = close
            sync.f = lambda: print("x") or 1
            def g():
                try: print("x")
                except OSError: pass
                return 1
            sync.g = g
            """
        )
        host.call("close")
        self.assertEqual(host.call("g"), 1)
        self.assertEqual(host.call("g"), 1)

    def test_binary_junk_on_stdout_is_no_protocol(self):
        host = self.worker(
            "import os\nfrom lockstep import sync\nsync.junk = lambda: os.write(1, bytes(range(256)) * 40)"
        )
        for _ in range(3):
            self.assertEqual(host.call("junk"), 10240)

    def test_input_has_ended(self):
        host = self.worker(
            """
            import sys, os
            from lockstep import sync
            def ask():
                try: input("prompt")
                except EOFError as e: return [str(e), sys.stdin.read(), os.read(0, 5)]
            sync.ask = ask
            """
        )
        text, read, raw = host.call("ask")
        self.assertIn("without an input handler", text)
        self.assertEqual((read, raw), ("", b""))

    def test_a_host_that_writes_garbage_ends_the_worker_with_a_sentence(self):
        import struct

        host = self.worker("from lockstep import sync\nsync.f = lambda: 1")
        struct.pack_into("<Q", host.segment.map, L.TO_WORKER_LANE_OFFSET + L.TAIL_OFFSET, 3)
        host.raise_all()
        self.assertEqual(host.process.wait(20), 1)
        self.assertIn("PeerFaultError", host.text(host.err))
        self.assertIn("tail", host.text(host.err))


class InterruptTest(TestCase):
    def interrupted(self, host, call):
        with self.assertRaises(Remote) as caught:
            host.finish(call)
        self.assertEqual(caught.exception["type"], "KeyboardInterrupt")

    def until_running(self, host, text="running"):
        until = time.monotonic() + 20
        while text not in host.text(host.out):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.005)

    def test_an_interrupt_hits_the_call_that_is_meant(self):
        host = self.worker(
            """
            import time
            from lockstep import sync
            def spin():
                print("running", flush=True)
                while True: pass
            def sleep():
                print("running", flush=True)
                sync.sleep(100)
            sync.spin = spin; sync.sleeps = sleep; sync.f = lambda: 1
            """
        )
        for name in ("spin", "sleeps"):
            call = host.begin(name)
            self.until_running(host)
            host.interrupt(call)
            self.interrupted(host, call)
            self.assertEqual(host.call("f"), 1)
            host.out.seek(0)
            host.out.truncate()

    def test_an_interrupt_in_sync_main_only(self):
        host = self.worker(
            """
            from lockstep import sync
            def spin():
                print("running", flush=True)
                while True: pass
            sync.spin = spin; sync.f = lambda: 1
            """,
            sync_main_only=True,
        )
        call = host.begin("spin")
        self.until_running(host)
        host.interrupt(call)
        self.interrupted(host, call)
        self.assertEqual(host.call("f"), 1)

    def test_an_interrupt_for_another_call_or_an_idle_worker_does_nothing(self):
        host = self.worker(
            """
            import time
            from lockstep import sync
            def work():
                print("running", flush=True)
                until = time.monotonic() + 0.3
                while time.monotonic() < until: pass
                return "whole"
            sync.work = work; sync.f = lambda: 1
            """
        )
        for call in (1 << 40, 999_998):
            host.interrupt(call)
            self.assertEqual(host.call("f"), 1)
        host.interrupt(0)
        call = host.begin("work")
        self.until_running(host)
        host.interrupt(call + 2)
        self.assertEqual(host.finish(call), "whole")

    def test_an_interrupt_ends_a_loop_of_notifications(self):
        """It comes while one waits for room in the lane, and leaves a note."""
        host = self.worker(
            """
            from lockstep import sync
            def go():
                while True: sync.note.notify()
            sync.go = go
            """
        )
        for _ in range(3 if SHORT else 10):
            call = host.begin("go")
            before = len(host.notified)
            host.until(lambda: len(host.notified) > before)
            host.interrupt(call)
            self.interrupted(host, call)

    def test_an_interrupt_ends_a_wait_for_main(self):
        from harness import NoAnswer

        begun = []

        def never():
            begun.append(1)
            return NoAnswer

        for source in ("sync.never()", "sync.within(100).never()"):
            host = self.worker(
                "from lockstep import sync\nsync.f = lambda: 1\nsync.go = lambda: %s" % source,
                handlers={"never": never},
            )
            del begun[:]
            call = host.begin("go")
            host.until(lambda: begun)
            host.interrupt(call)
            self.interrupted(host, call)
            self.assertEqual(len(host.cancelled), 1)
            self.assertEqual(host.call("f"), 1)

    def test_whatever_runs_while_booting(self):
        host = self.worker(
            "print('running', flush=True)\nwhile True: pass", start=False
        )
        self.until_running(host)
        host.interrupt(L.INTERRUPT_WHATEVER_RUNS)
        with self.assertRaises(Remote) as caught:
            host.await_ready()
        self.assertEqual(caught.exception["type"], "KeyboardInterrupt")
        try:
            self.assertEqual(host.wait_exit(), 1)
        except WorkerEnded:
            pass

    def test_a_coroutine_that_waits_is_cancelled(self):
        host = self.worker(
            "import asyncio\nasync def slow():\n print('running', flush=True)\n"
            " await asyncio.sleep(100)\n__export__ = ['slow']"
        )
        call = host.begin("slow")
        self.until_running(host)
        host.interrupt(call)
        with self.assertRaises(Remote) as caught:
            host.finish(call)
        self.assertIn(caught.exception["kind"], ("cancelled", "exception"))
