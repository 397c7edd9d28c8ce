"""A real worker process, with a host made of Python: what it serves, and what it refuses."""

import os
import subprocess
import sys
import tempfile
import time

from harness import HERE, SRC, TWIN, Fatal, NoAnswer, Remote, TestCase, WorkerEnded, takes_frame
from lockstep import _layout

L = _layout


class WorkerTest(TestCase):
    def assert_error(self, host, kind, *call, text=None, **kwargs):
        with self.assertRaises(Remote) as caught:
            host.call(*call, **kwargs)
        described = caught.exception.described
        self.assertEqual(described["kind"], kind, described)
        if text is not None:
            self.assertIn(text, described["message"])
        return described

    def fatal(self, source, **options):
        host = self.worker(source, start=False, **options)
        with self.assertRaises(Fatal) as caught:
            host.await_ready()
        return host, caught.exception.described

    def folder(self, **files):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in files.items():
            with open(os.path.join(folder.name, name.replace("__py", ".py")), "w") as file:
                file.write(text)
        return folder.name


class ServeTest(WorkerTest):
    def test_ready_says_what_is_there(self):
        host = self.worker(
            """
            from lockstep import sync
            def a(): pass
            def b(): pass
            __export__ = ["a"]
            sync.c = lambda: 1
            """
        )
        self.assertEqual(host.ready["exports"], ["a", "c"])
        self.assertEqual(host.ready["accelerator"], TWIN)
        self.assertEqual(host.ready["implementation"], sys.implementation.name)
        self.assertEqual(host.ready["python"], sys.version.split()[0])
        self.assertEqual(host.segment.word(L.WORKER_STATE_OFFSET), L.WORKER_READY)
        self.assertEqual(host.segment.word(L.WORKER_PID_OFFSET), host.process.pid)

    def test_calls_with_positions_and_names(self):
        host = self.worker(
            """
            def add(a, b=1, *rest, c=0, **more):
                return [a, b, list(rest), c, more]
            __export__ = ["add"]
            """
        )
        self.assertEqual(host.call("add", 1), [1, 1, [], 0, {}])
        self.assertEqual(host.call("add", 1, 2, 3, c=4, d=5), [1, 2, [3], 4, {"d": 5}])

    def test_every_falsy_result_is_exactly_that(self):
        host = self.worker("from lockstep import sync\nsync.same = lambda x: x")
        for value in (None, 0, "", False, [], {}, 0.0, b""):
            result = host.call("same", value)
            self.assertEqual(result, value)
            self.assertIs(type(result), type(value))

    def test_large_values_both_ways(self):
        host = self.worker("from lockstep import sync\nsync.same = lambda x: x")
        for size in (10_000, 16_384 - 24, 65_536, 1_000_000, 4_000_000):
            value = os.urandom(size)
            self.assertEqual(host.call("same", value), value)

    def test_unknown_names_say_what_there_is(self):
        host = self.worker("def a(): pass\ndef hidden(): pass\n__export__ = ['a']")
        described = self.assert_error(host, "not_exported", "hidden", text="hidden")
        self.assertIn("exports: a", described["message"])
        self.assertEqual(described["exports"], ["a"])
        self.assertIsNone(host.call("a"))

    def test_names_that_mean_something_elsewhere(self):
        names = ["then", "get", "toString", "hashCode", "wait", "await", "class", "__len__", "a.b"]
        host = self.worker(
            "from lockstep import sync\nfor n in %r: sync[n] = lambda n=n: n" % names,
        )
        for name in names:
            self.assertEqual(host.call(name), name)

    def test_wrong_arguments(self):
        host = self.worker(
            """
            from lockstep import sync
            def f(a): pass
            def inner(): f()
            def raises(a): raise TypeError("mine")
            class C:
                def __init__(self, a): pass
            sync.f = f; sync.inner = inner; sync.raises = raises; sync.C = C; sync.len = len
            """
        )
        self.assert_error(host, "wrong_arguments", "f", text="f() missing 1 required")
        self.assert_error(host, "wrong_arguments", "f", 1, 2, text="2 were given")
        self.assert_error(host, "wrong_arguments", "f", 1, b=2, text="unexpected keyword")
        self.assert_error(host, "wrong_arguments", "C")
        self.assert_error(host, "exception", "inner", text="missing")
        self.assert_error(host, "exception", "raises", 1, text="mine")
        self.assert_error(host, "exception", "len")

    def test_results_that_cannot_cross(self):
        host = self.worker(
            """
            from lockstep import sync
            sync.make = lambda: {"rows": [1, object()]}
            sync.error = lambda: ValueError("x")
            sync.fine = lambda: 1
            """
        )
        described = self.assert_error(host, "unserializable", "make")
        self.assertEqual(described["path"], 'result["rows"][1]')
        self.assert_error(host, "unserializable", "error", text="ValueError")
        self.assertEqual(host.call("fine"), 1)

    def test_a_result_over_the_limit(self):
        host = self.worker(
            "from lockstep import sync\nsync.big = lambda n: 'x' * n",
            limits={"maxMessageBytes": 100_000},
        )
        self.assert_error(host, "too_large", "big", 100_001, text="100000")
        self.assertEqual(len(host.call("big", 90_000)), 90_000)

    def test_garbage_in_a_payload_is_an_error_of_that_call(self):
        host = self.worker("from lockstep import sync\nsync.f = lambda *a: 1")
        for payload in (b"", b"\xff", b"\x61f\x81", b"\x61f\x80\x00", b"\x00"):
            call_id = host.endpoint.next_call_id()
            host.endpoint.send(L.INVOKE, 0, 1, call_id, 0, payload)
            with self.assertRaises(Remote) as caught:
                host.finish(call_id)
            self.assertEqual(caught.exception["type"], "lockstep.errors.MalformedValueError")
        self.assertEqual(host.call("f"), 1)

    def test_notifications_are_not_answered_and_keep_their_order(self):
        host = self.worker(
            """
            from lockstep import sync
            got = []
            sync.take = got.append
            sync.got = lambda: got
            def bad(): raise ValueError("in a notification")
            sync.bad = bad
            """
        )
        host.begin("bad", kind=L.NOTIFY)
        for number in range(500):
            host.begin("take", number, kind=L.NOTIFY)
        self.assertEqual(host.call("got"), list(range(500)))
        (name, (source, function, error), _), = host.notified
        self.assertEqual((name, source, function), ("error", "notification", "bad"))
        self.assertIn("in a notification", error["traceback"])

    def test_main_is_told_what_no_call_carries(self):
        host = self.worker(
            """
            import gc, threading
            class Closing:
                def __del__(self): raise OSError("not closed")
            thread = threading.Thread(target=lambda: 1 // 0, name="mine")
            thread.start()
            thread.join()
            Closing()
            gc.collect()
            """
        )
        told = [args for name, args, _ in host.notified if name == "error"]
        self.assertEqual([source for source, _, _ in told], ["thread", "unraisable"])
        self.assertEqual(told[0][1], "mine")
        self.assertIn("__del__", told[1][1])
        self.assertEqual(
            [error["type"] for _, _, error in told], ["ZeroDivisionError", "OSError"]
        )
        self.assertEqual(host.text(host.err), "")

    def test_messages_come_in_order_and_what_is_posted_while_a_call_waits_comes_after_it(self):
        host = self.worker(
            """
            from lockstep import on_message, post, sync
            taken = []
            on_message(taken.append)
            def wait():
                sync.pause()
                return list(taken)
            sync.wait = wait
            sync.taken = lambda: taken
            for number in range(2500): post(number)
            """,
            handlers={"pause": lambda: post("second")},
        )
        self.assertEqual(
            [args for name, args, _ in host.notified if name == "message"],
            [[number] for number in range(2500)],
        )

        def post(value):
            return host.begin("message", value, flags=L.BUILTIN, parent=(0, 0))

        answers = [post("first")]
        self.assertEqual(host.call("wait"), ["first"])
        self.assertEqual(host.call("taken"), ["first", "second"])
        self.assertIsNone(host.finish(answers[0]))

    def test_many_calls_in_a_row(self):
        host = self.worker("from lockstep import sync\nsync.inc = lambda n: n + 1")
        ids = [host.begin("inc", number) for number in range(300)]
        self.assertEqual([host.finish(call) for call in ids], list(range(1, 301)))
        self.assertEqual(host.segment.word(L.WORKER_LATE_WAKEUPS_OFFSET, "<Q"), 0)

    def test_builtins(self):
        host = self.worker("from lockstep import sync\nsync.f = lambda: 1")
        self.assertEqual(host.call("exports", flags=L.BUILTIN), ["f"])
        described = host.call("describe", flags=L.BUILTIN)
        self.assertEqual(described["accelerator"], TWIN)
        self.assertEqual(described["pid"], host.process.pid)
        self.assertIn("Thread", host.call("stacks", flags=L.BUILTIN))
        self.assert_error(host, "not_exported", "nothing", flags=L.BUILTIN)

    def test_assigning_what_cannot_be_called_fails_at_once(self):
        host, described = self.fatal("from lockstep import sync\nsync.xxx = 42")
        self.assertEqual(described["type"], "TypeError")
        self.assertIn("xxx", described["message"])
        self.assertEqual(host.wait_exit(), 1)

    def test_arguments_become_numpy_arrays_where_the_function_says_so(self):
        try:
            import numpy  # noqa: F401
        except ImportError:
            self.skipTest("numpy is not installed for this interpreter")
        import array

        host = self.worker(
            """
            import numpy as np
            def kind(a: np.ndarray, b: "np.ndarray" = None, c=None):
                return [type(v).__name__ for v in (a, b, c)]
            def double(a: np.ndarray): return a * 2
            __export__ = ["kind", "double"]
            """
        )
        value = array.array("d", [1, 2])
        self.assertEqual(host.call("kind", value, c=value), ["ndarray", "NoneType", "array"])
        self.assertEqual(host.call("kind", 1, b=value), ["int", "ndarray", "NoneType"])
        self.assertEqual(host.call("double", value), array.array("d", [2, 4]))
        self.assert_error(host, "wrong_arguments", "double")


class BootTest(WorkerTest):
    def test_a_script_has_its_folder_first_and_its_arguments(self):
        folder = self.folder(
            main__py="import sys, helper\n"
            "def who(): return [__name__, __file__, sys.argv, sys.path[0], sys.path[-1], "
            "helper.x, sys.modules['__main__'].__file__]\n__export__ = ['who']",
            helper__py="x = 5",
        )
        path = os.path.join(folder, "main.py")
        host = self.worker(path, mode="script", argv=["a", "b"])
        self.assertEqual(
            host.call("who"), ["__main__", path, [path, "a", "b"], folder, SRC, 5, path]
        )

    def test_a_module_runs_as_main(self):
        folder = self.folder(job__py="def f(): return [__name__, __spec__.name]\n__export__ = ['f']")
        host = self.worker("job", mode="module", cwd=folder)
        self.assertEqual(host.call("f"), ["__main__", "job"])
        host, described = self.fatal("no_such_module_here", mode="module")
        self.assertIn("no_such_module_here", described["message"])

    def test_what_goes_wrong_in_the_script_is_told_once_and_ends_the_worker(self):
        for source, type_name, text in (
            ("x = (", "SyntaxError", None),
            ("raise ValueError('at boot')", "ValueError", "at boot"),
            ("import no_such_thing", "ModuleNotFoundError", "no_such_thing"),
            ("__export__ = ['missing']", "NameError", "missing"),
            ("x = 1\n__export__ = ['x']", "TypeError", "x"),
            ("__export__ = 'f'", "TypeError", "__export__"),
            ("__export__ = [1]", "TypeError", "__export__"),
        ):
            with self.subTest(source):
                host, described = self.fatal(source)
                self.assertEqual(described["type"], type_name)
                self.assertIn(text or "", described["message"])
                self.assertEqual(host.wait_exit(), 1)
                self.assertEqual(host.text(host.err), "")

    def test_a_missing_script(self):
        host, described = self.fatal("/no/such/script.py", mode="script")
        self.assertEqual(described["type"], "FileNotFoundError")
        self.assertEqual(described["attributes"]["filename"], "/no/such/script.py")
        self.assertEqual(host.wait_exit(), 1)

    def test_tracebacks_show_the_lines_of_a_source(self):
        host, described = self.fatal("def f():\n    raise KeyError('k')\nf()")
        self.assertIn("raise KeyError('k')", described["traceback"])
        self.assertEqual(
            [frame[:3] for frame in described["frames"]],
            [["<test>", 3, "<module>"], ["<test>", 2, "f"]],
        )
        self.assertNotIn("_boot.py", described["traceback"])

    def test_sys_exit_while_booting(self):
        for code, status in ((3, 3), (0, 0), (None, 0), ("'words'", 1)):
            host, described = self.fatal("import sys; sys.exit(%s)" % code)
            self.assertEqual(described["type"], "SystemExit")
            self.assertEqual(host.wait_exit(), status)

    def test_calls_sent_before_ready_are_served_after(self):
        host = self.worker(
            "import time\nfrom lockstep import sync\ntime.sleep(0.3)\nsync.f = lambda: 'late'",
            start=False,
        )
        self.assertEqual(host.call("f"), "late")

    def test_a_call_nested_in_a_boot_time_call_sees_what_is_assigned_so_far(self):
        seen = []

        def ask():
            seen.append(host.call("early"))
            with self.assertRaises(Remote) as caught:
                host.call("late")
            seen.append(caught.exception["kind"])
            return "asked"

        host = self.worker(
            """
            from lockstep import sync
            sync.early = lambda: "here"
            answer = sync.ask()
            sync.late = lambda: answer
            """,
            handlers={"ask": ask},
            start=False,
        )
        host.await_ready()
        self.assertEqual(seen, ["here", "still_booting"])
        self.assertEqual(host.call("late"), "asked")

    def test_a_users_modules_do_not_shadow_what_the_shim_needs(self):
        shadows = {
            name + "__py": "raise_on = 1\nmine = True\n"
            for name in ("uuid", "decimal", "datetime", "traceback", "array", "dataclasses")
        }
        folder = self.folder(
            main__py="import uuid, decimal\nfrom lockstep import sync\n"
            "def same(x): return x\n"
            "def mine():\n import uuid, decimal, sys\n"
            " return [uuid.mine, decimal.mine, sys.modules['uuid'] is uuid]\n"
            "def boom(): raise ValueError('x')\n"
            "__export__ = ['same', 'mine', 'boom']",
            **shadows
        )
        host = self.worker(os.path.join(folder, "main.py"), mode="script")
        import datetime
        import decimal
        import uuid

        for value in (uuid.UUID(int=1), decimal.Decimal("1.5"), datetime.date(2020, 1, 1)):
            self.assertEqual(host.call("same", value), value)
        described = self.assert_error(host, "exception", "boom")
        self.assertIn("ValueError: x", described["traceback"])
        self.assertEqual(host.call("mine"), [True, True, True])

    def test_the_pyscript_face(self):
        host = self.worker(
            """
            from pyscript import sync, config, RUNNING_IN_WORKER, PyWorker, window
            from pyscript import create_named_worker, document, workers
            def tell():
                found = [RUNNING_IN_WORKER, config["x"], sync.hello("p")]
                uses = [lambda: PyWorker("x.py"), lambda: window.location, lambda: document["x"]]
                uses += [lambda: workers["calculator"], lambda: create_named_worker(src="x.py")]
                for use in uses:
                    try: use()
                    except Exception as e: found.append([type(e).__name__, str(e)])
                return found
            __export__ = ["tell"]
            """,
            handlers={"hello": lambda name: "hello " + name},
            config={"x": 1},
        )
        told = host.call("tell")
        self.assertEqual(told[:3], [True, 1, "hello p"])
        self.assertEqual([error[0] for error in told[3:]], ["NotInWorkerError"] * 5)
        for told_so in told[3], told[6], told[7]:
            self.assertIn("only in the main process", told_so[1])

    def test_outside_a_worker_sync_says_that_it_is_not_there(self):
        program = (
            "import sys; sys.path.insert(0, %r); import lockstep\n"
            "assert not lockstep.RUNNING_IN_WORKER\n"
            "try: lockstep.sync.f(1)\nexcept lockstep.errors.NotInWorkerError as e: print(e)\n"
            "try: lockstep.sync.f = 1\nexcept lockstep.errors.NotInWorkerError as e: print(e)\n" % SRC
        )
        out = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        self.assertEqual(out.count("only there in a worker"), 2, out)


class RefusedAtStartTest(WorkerTest):
    def refused(self, **options):
        host = self.worker("", start=False, **options)
        self.assertEqual(host.wait_exit(), 3)
        text = host.text(host.err)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertIn("lockstep: worker cannot start", text)
        self.assertEqual(host.segment.word(L.WORKER_STATE_OFFSET), 0)
        return text

    def test_every_field_of_the_header(self):
        for field, value in (
            ("magic", 1),
            ("version", 2 << 16),
            ("headerBytes", 8192),
            ("segmentBytes", 4096),
            ("toWorkerCapacity", 131072),
            ("toHostCapacity", 32768),
            ("nonce", b"x" * 16),
            ("hostPid", 1),
            ("flags", 2),
            ("hostStartTime", 1),
            ("maxMessageBytes", 5),
            ("maxDepth", 5),
            ("maxNesting", 5),
            ("maxItems", 5),
            ("maxIntegerBytes", 5),
            ("maxNameBytes", 5),
            ("maxQueued", 5),
        ):
            with self.subTest(field):
                text = self.refused(**{field: value})
                self.assertIn("version" if field == "version" else field, text)

    def test_another_major_version_is_refused_naming_both(self):
        text = self.refused(message={"version": 7 << 16 | 2})
        self.assertIn("host=7.2", text)
        self.assertIn("worker=1.0", text)

    def test_files_that_are_not_what_they_should_be(self):
        for message, text in (
            ({"segment": "/no/such/file"}, "cannot be opened"),
            ({"segment": "/dev/zero"}, "file type"),
            ({"segment": "/etc/hostname"}, "segment"),
            ({"segment_bytes": 4096}, "size"),
            ({"nonce": b"0123456789abcdef"}, "nonce"),
            ({"nonce": 5}, "nonce"),
            ({"limits": {}}, "maxMessageBytes"),
        ):
            with self.subTest(message):
                self.assertIn(text, self.refused(message=message))

    def test_a_kernel_that_has_no_futex_is_named(self):
        faults = os.path.join(os.path.dirname(os.path.dirname(HERE)), "faults", "src", "main", "python")
        host = self.worker("", start=False, env={"PYTHONPATH": faults, "LOCKSTEP_FAULT_FUTEX": "38"})
        self.assertNotEqual(0, host.wait_exit())
        self.assertIn("futex", host.text(host.err))

    def test_a_file_without_seals(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "segment")
            self.assertIn("seals", self.refused(path=path, message={"sealed": True}))

    def test_a_file_on_tmpfs_serves_as_well(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = os.path.join(folder, "segment")
            host = self.worker("from lockstep import sync\nsync.f = lambda: 1", path=path)
            os.unlink(path)
            self.assertEqual(host.call("f"), 1)

    def test_of_a_file_on_tmpfs_the_worker_keeps_no_descriptor_by_which_it_could_be_cut(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = os.path.join(folder, "segment")
            host = self.worker("from lockstep import sync\nsync.f = lambda: 1", path=path)
            process = "/proc/%d/" % host.process.pid
            with open(process + "maps") as file:
                self.assertIn(path, file.read())
            open_files = [os.readlink(process + "fd/" + name) for name in os.listdir(process + "fd")]
            self.assertNotIn(path, open_files)

    def test_a_file_that_others_may_read(self):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = os.path.join(folder, "segment")
            from harness import HostSegment

            segment = HostSegment(path=path)
            self.addCleanup(segment.close)
            os.chmod(path, 0o644)
            text = self.refused(message={"segment": path, "sealed": False})
            self.assertIn("mode", text)

    def test_a_start_up_message_that_is_none(self):
        for data in (b"", b"\x05\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xff"):
            done = subprocess.run(
                [sys.executable, os.path.join(SRC, "__main__.py")], input=data, stderr=subprocess.PIPE, timeout=30
            )
            self.assertEqual(done.returncode, 3)
            self.assertIn(b"worker cannot start", done.stderr)


class ErrorsTest(WorkerTest):
    def test_an_exception_with_all_that_belongs_to_it(self):
        host = self.worker(
            """
            from lockstep import sync
            class Oops(LookupError):
                pass
            def f():
                try:
                    {}["k"]
                except KeyError as cause:
                    error = Oops("text", 1)
                    error.code = 7
                    error.bad = object()
                    error._private = 1
                    if hasattr(error, "add_note"):
                        error.add_note("a note")
                    raise error from cause
            sync.f = f
            """
        )
        described = self.assert_error(host, "exception", "f")
        self.assertEqual(described["type"], "__main__.Oops")
        self.assertEqual(
            described["types"],
            ["__main__.Oops", "LookupError", "Exception", "BaseException"],
        )
        self.assertEqual(described["message"], "('text', 1)")
        self.assertEqual(described["attributes"], {"code": 7})
        self.assertEqual(described["cause"]["type"], "KeyError")
        self.assertIn("direct cause", described["traceback"])
        self.assertEqual(described["frames"][-1][2], "f")
        self.assertNotIn("lockstep/_", described["traceback"])
        if sys.version_info >= (3, 11):
            self.assertEqual(described["notes"], ["a note"])

    def test_errors_that_fight_back(self):
        host = self.worker(
            r"""
            from lockstep import sync
            class Raises(Exception):
                def __str__(self): raise RuntimeError("in str")
                __repr__ = __str__
            class Loops(Exception):
                def __str__(self): return str(self)
                __repr__ = __str__
            class NoText(Exception):
                def __str__(self): return 5
            class Exits(Exception):
                def __str__(self): raise SystemExit(9)
            class BadAttribute(Exception):
                def __init__(self):
                    self.x = 1
                def __getattribute__(self, name):
                    if name == "x": raise ValueError("x")
                    return super().__getattribute__(name)
            def cyclic():
                a, b = ValueError("a"), ValueError("b")
                a.__cause__, b.__cause__ = b, a
                raise a
            def chain():
                e = None
                for n in range(50):
                    new = ValueError(str(n)); new.__cause__ = e; e = new
                raise e
            def thrower(cls): return lambda: (_ for _ in ()).throw(cls)
            sync.raises = thrower(Raises()); sync.loops = thrower(Loops())
            sync.notext = thrower(NoText()); sync.exits = thrower(Exits())
            sync.attribute = thrower(BadAttribute())
            sync.cyclic = cyclic; sync.chain = chain
            sync.huge = thrower(ValueError("x" * 10_000_000))
            sync.surrogate = thrower(ValueError("\ud800"))
            sync.group = thrower(KeyboardInterrupt())
            def recurse(n=0): return recurse(n + 1)
            sync.recurse = recurse
            sync.fine = lambda: "fine"
            """
        )
        for name in ("raises", "loops", "notext", "exits", "attribute", "cyclic", "chain",
                     "huge", "surrogate", "group", "recurse"):
            with self.subTest(name):
                described = self.assert_error(host, "exception", name)
                self.assertLessEqual(len(described["message"]), 16 * 1024)
                self.assertLessEqual(len(described.get("traceback", "")), 32 * 1024)
                self.assertLessEqual(len(described["frames"]), 100)
                depth = 0
                while described.get("cause"):
                    described, depth = described["cause"], depth + 1
                self.assertLessEqual(depth, 8)
        self.assertEqual(host.call("fine"), "fine")

    def test_java_errors_are_what_an_except_clause_expects(self):
        java = {
            "kind": "exception",
            "type": "com.acme.Broken",
            "types": ["com.acme.Broken", "java.lang.IllegalArgumentException",
                      "java.lang.RuntimeException"],
            "message": "no good",
            "traceback": "com.acme.Broken: no good\n\tat X.y(X.java:1)",
            "frames": [["X.java", 1, "X.y", ""]],
            "cause": {"kind": "exception", "type": "java.io.IOException", "message": "disk",
                      "types": ["java.io.IOException"]},
        }

        def fail():
            raise Remote(java)

        host = self.worker(
            """
            from lockstep import sync, JavaError, errors
            def catch():
                try:
                    sync.fail()
                except ValueError as e:
                    c = e.cause
                    return [isinstance(e, JavaError), e.class_name, e.message, e.stack, str(e),
                            c.class_name, isinstance(c, OSError), e.__cause__ is c, e.frames]
            def unknown():
                try:
                    sync.nope()
                except errors.NotExportedError as e:
                    return [str(e), e.exports]
            def uncaught():
                sync.fail()
            __export__ = ["catch", "unknown", "uncaught"]
            """,
            handlers={"fail": fail},
        )
        caught = host.call("catch")
        self.assertEqual(caught[:3], [True, "com.acme.Broken", "no good"])
        self.assertIn("X.java:1", caught[3])
        self.assertEqual(caught[4], "com.acme.Broken: no good")
        self.assertEqual(caught[5:8], ["java.io.IOException", True, True])
        self.assertEqual(caught[8], [["X.java", 1, "X.y", ""]])
        text, exports = host.call("unknown")
        self.assertIn("nope", text)
        self.assertEqual(exports, ["fail"])
        described = self.assert_error(host, "exception", "uncaught", text="no good")
        self.assertIn("ValueError", described["types"])


class CallMainTest(WorkerTest):
    def test_nested_to_the_limit_and_not_beyond(self):
        host = self.worker(
            """
            from lockstep import sync
            def down(n): return sync.down(n - 1) + 1 if n else 0
            sync.down = down
            """,
            limits={"maxDepth": 20},
        )
        host.handlers["down"] = lambda n: host.call("down", n - 1) + 1 if n else 0
        self.assertEqual(host.call("down", 18), 18)
        with self.assertRaises(Remote) as caught:
            host.call("down", 30)
        text = str(caught.exception)
        self.assertIn("maxDepth=20", text)
        self.assertEqual(host.call("down", 4), 4)

    def test_frames_carry_their_chain(self):
        frames = []

        @takes_frame
        def see(frame):
            frames.append((frame.parent_id, frame.depth))

        host = self.worker(
            "from lockstep import sync\nsync.see()\nsync.go = lambda: sync.see()",
            handlers={"see": see},
        )
        call = host.begin("go")
        host.finish(call)
        self.assertEqual(frames, [(0, 1), (call, 2)])

    def test_the_chain_follows_contexts_to_other_threads_and_none_follows_a_bare_thread(self):
        frames = []

        @takes_frame
        def see(frame):
            frames.append((frame.parent_id, frame.depth))

        host = self.worker(
            """
            from lockstep import sync
            def on_a_thread():
                import threading
                thread = threading.Thread(target=sync.see)
                thread.start()
                thread.join()
            def in_a_context_of_its_own():
                import contextvars
                contextvars.Context().run(sync.see)
            def in_a_thread_of_asyncio():
                import asyncio
                async def main():
                    await asyncio.to_thread(sync.see) if hasattr(asyncio, "to_thread") else sync.see()
                asyncio.run(main())
            def load():
                import asyncio
            sync.on_a_thread, sync.load = on_a_thread, load
            sync.contexts, sync.asyncio = in_a_context_of_its_own, in_a_thread_of_asyncio
            """,
            handlers={"see": see},
        )
        for name in ("on_a_thread", "contexts"):
            call = host.begin(name)
            host.finish(call)
            self.assertEqual(frames.pop(), (0, 1) if name == "on_a_thread" else (call, 2), name)
        host.call("load")
        call = host.begin("asyncio")
        host.finish(call)
        self.assertEqual(frames, [(call, 2)])

    def test_dotted_and_odd_names_notify_and_keywords(self):
        got = []

        def take(*args, **kwargs):
            got.append((args, kwargs))
            return len(args)

        host = self.worker(
            """
            from lockstep import sync
            def go():
                sync.log.notify("a", level=2)
                sync["math.add"].notify(5)
                return [sync.math.add(1, 2), sync["math.add"](1), sync["class"](1, b=2)]
            sync.go = go
            sync.hello = lambda: "the worker's"
            sync.both = lambda: [sync.hello(), callable(sync.hello)]
            """,
            handlers={"math.add": take, "class": take, "hello": lambda: "main's"},
        )
        self.assertEqual(host.call("go"), [2, 1, 1])
        self.assertEqual(got, [((1, 2), {}), ((1,), {}), ((1,), {"b": 2})])
        self.assertEqual(host.notified, [("log", ["a"], {"level": 2}), ("math.add", [5], {})])
        self.assertEqual(host.call("hello"), "the worker's")
        self.assertEqual(host.call("both"), ["main's", True])

    def test_flush_comes_after_everything_notified_and_progress_never_fails(self):
        host = self.worker(
            """
            from lockstep import sync
            def go():
                for n in range(1000): sync.tick.notify(n)
                sync.flush()
                sync.progress(1, 2, "half")
                sync.progress(1, object())
            sync.go = go
            """
        )
        host.call("go")
        self.assertEqual([args[0] for _, args, _ in host.notified[:1000]], list(range(1000)))
        self.assertEqual(host.notified[1000:], [("progress", [1, 2, "half"], {})])

    def test_what_cannot_cross_is_refused_before_it_is_sent(self):
        host = self.worker(
            """
            from lockstep import sync, errors
            def go():
                try:
                    sync.f({"cb": lambda: 1})
                except errors.UnserializableError as e:
                    return [e.path, e.type, sync.f(2)]
            sync.go = go
            """,
            handlers={"f": lambda x: x},
        )
        self.assertEqual(host.call("go"), ['args[0]["cb"]', "function", 2])

    def test_a_deadline_and_the_late_reply_that_is_dropped(self):
        late = []

        @takes_frame
        def slow(frame):
            late.append(frame)
            return NoAnswer

        host = self.worker(
            """
            import time
            from lockstep import sync, errors
            def go():
                start = time.monotonic()
                try:
                    sync.within(0.1).slow()
                except TimeoutError as e:
                    return [isinstance(e, errors.CallTimeoutError), time.monotonic() - start]
            sync.go = go
            sync.again = lambda: sync.quick()
            """,
            handlers={"slow": slow, "quick": lambda: "right"},
        )
        timed_out, seconds = host.call("go")
        self.assertTrue(timed_out)
        self.assertTrue(0.1 <= seconds < 5, seconds)
        self.assertEqual(host.cancelled, [late[0].call_id])
        host.reply(late[0], "late")
        self.assertEqual(host.call("again"), "right")
        self.assertEqual(host.call("describe", flags=L.BUILTIN)["dropped_replies"], 1)

    def test_unrelated_calls_wait_until_the_thread_is_free(self):
        order = []

        def hold():
            unrelated.append(host.begin("note", "unrelated", parent=(0, 0)))
            order.append(host.call("note", "nested"))
            return "held"

        unrelated = []
        host = self.worker(
            """
            from lockstep import sync
            seen = []
            def note(x): seen.append(x); return list(seen)
            def go(): r = sync.hold(); seen.append("end of go"); return r
            __export__ = ["note", "go"]
            """,
            handlers={"hold": hold},
        )
        self.assertEqual(host.call("go"), "held")
        self.assertEqual(order, [["nested"]])
        self.assertEqual(host.finish(unrelated[0]), ["nested", "end of go", "unrelated"])

    def test_the_queue_has_a_limit(self):
        ids = []

        def flood():
            for number in range(6):
                ids.append(host.begin("f", parent=(0, 0)))

        host = self.worker(
            "from lockstep import sync\nsync.f = lambda: 1\nsync.go = lambda: sync.flood()",
            handlers={"flood": flood},
            limits={"maxQueued": 4},
        )
        host.call("go")
        kinds = []
        for call in ids:
            try:
                kinds.append(host.finish(call))
            except Remote as error:
                kinds.append(error["kind"])
                self.assertIn("maxQueued=4", str(error))
        self.assertEqual(sorted(kinds, key=str), [1, 1, 1, 1, "queue_full", "queue_full"])

    def test_cancelling_a_queued_call_removes_it(self):
        ids = []

        def hold():
            ids.append(host.begin("note", 1, parent=(0, 0)))
            ids.append(host.begin("note", 2, parent=(0, 0)))
            host.cancel(ids[0])
            host.call("nothing")

        host = self.worker(
            """
            from lockstep import sync
            seen = []
            sync.note = seen.append; sync.seen = lambda: seen; sync.nothing = lambda: None
            sync.go = lambda: sync.hold()
            """,
            handlers={"hold": hold},
        )
        host.call("go")
        host.finish(ids[1])
        self.assertEqual(host.call("seen"), [2])
        with self.assertRaises(Remote) as caught:
            host.finish(ids[0])
        self.assertEqual(caught.exception["kind"], "cancelled")

    def test_main_only(self):
        host = self.worker(
            """
            from lockstep import sync, errors
            def tries():
                found = []
                for use in (lambda: sync.x(), lambda: sync.x.notify(1), lambda: sync["a.b"](),
                            lambda: sync.within(1).x(), lambda: sync.flush(), lambda: sync.a.b()):
                    try:
                        found.append(use())
                    except errors.SyncMainOnlyError as e:
                        found.append("not available in sync_main_only" in str(e))
                found.append(sync.progress(1, 2))
                return found
            async def coroutine(): return 5
            __export__ = ["tries", "coroutine", "boom"]
            def boom(): raise ValueError("x")
            """,
            sync_main_only=True,
        )
        self.assertEqual(host.call("tries"), [True] * 6 + [None])
        self.assertEqual(host.call("coroutine"), 5)
        self.assert_error(host, "exception", "boom")
        self.assertEqual(host.call("coroutine"), 5)

    def test_what_is_printed_is_in_the_pipe_before_the_reply(self):
        host = self.worker(
            """
            import sys
            def f(n):
                print("no newline", n, end="")
                sys.stderr.write("e%d" % n)
                sys.stdout.buffer.write(b"raw")
            def g(): print("gone", end=""); raise ValueError
            __export__ = ["f", "g"]
            """
        )
        host.call("f", 1)
        self.assertEqual(host.text(host.out), "no newline 1raw")
        self.assertEqual(host.text(host.err), "e1")
        self.assert_error(host, "exception", "g")
        self.assertEqual(host.text(host.out), "no newline 1rawgone")


class ThreadsTest(WorkerTest):
    def test_many_threads_call_main_at_once(self):
        host = self.worker(
            """
            import threading
            from lockstep import sync
            def go(threads, calls):
                bad = []
                def run(t):
                    for n in range(calls):
                        if sync.same([t, n]) != [t, n]: bad.append((t, n))
                all = [threading.Thread(target=run, args=(t,)) for t in range(threads)]
                for t in all: t.start()
                for t in all: t.join()
                return bad
            sync.go = go
            """,
            handlers={"same": lambda x: x},
        )
        self.assertEqual(host.call("go", 6, 60), [])
        self.assertEqual(host.segment.word(L.WORKER_LATE_WAKEUPS_OFFSET, "<Q"), 0)

    def test_threads_call_main_while_the_main_thread_is_idle_or_serves(self):
        host = self.worker(
            """
            import threading, time
            from lockstep import sync
            done = []
            def background():
                for n in range(200): done.append(sync.same(n))
            thread = threading.Thread(target=background)
            sync.start = lambda: thread.start()
            sync.inc = lambda n: n + 1
            sync.join = lambda: [thread.join(), len(done)][1]
            """,
            handlers={"same": lambda x: x},
        )
        host.call("start")
        for number in range(200):
            self.assertEqual(host.call("inc", number), number + 1)
        self.assertEqual(host.call("join"), 200)

    def test_a_nested_call_runs_on_the_thread_whose_call_it_belongs_to(self):
        host = self.worker(
            """
            import threading
            from lockstep import sync
            sync.ident = lambda: threading.get_ident()
            def go():
                found = []
                def run(): found.extend([threading.get_ident(), sync.ask()])
                t = threading.Thread(target=run); t.start(); t.join()
                return found + [threading.get_ident(), sync.ask()]
            sync.go = go
            """,
            handlers={"ask": lambda: host.call("ident")},
        )
        one, asked_one, main, asked_main = host.call("go")
        self.assertEqual(one, asked_one)
        self.assertEqual(main, asked_main)
        self.assertNotEqual(one, main)

    def test_an_async_function_nested_in_a_thread_s_call_wakes_the_main_thread(self):
        results = []
        host = self.worker(
            """
            import threading, time
            from lockstep import sync
            async def later():
                return threading.get_ident()
            sync.later = later
            def run():
                time.sleep(0.3)  # the main thread sleeps in the lane by now
                sync.done(sync.ask())
            def start():
                threading.Thread(target=run, daemon=True).start()
                return threading.get_ident()
            sync.start = start
            """,
            handlers={"ask": lambda: host.call("later"), "done": results.append},
        )
        main = host.call("start")
        host.until(lambda: results, 10)
        self.assertEqual(results, [main])

    def test_sys_exit_on_another_thread_in_a_nested_call_ends_the_worker(self):
        host = self.worker(
            """
            import sys, threading
            from lockstep import sync
            sync.end = lambda: sys.exit(6)
            def start():
                threading.Thread(target=lambda: sync.ask(), daemon=True).start()
            sync.start = start
            """
        )

        def ask():
            try:
                host.call("end")
            except (Remote, WorkerEnded):
                pass
            return NoAnswer

        host.handlers["ask"] = ask
        host.call("start")
        self.assertEqual(host.wait_exit(), 6)


class CoroutinesTest(WorkerTest):
    def test_several_are_in_flight_together(self):
        host = self.worker(
            """
            import asyncio
            gate = None
            async def slow(n):
                global gate
                gate = gate or asyncio.Event()
                if n == 9: gate.set()
                await gate.wait()
                return n
            def plain(n): return -n
            __export__ = ["slow", "plain"]
            """
        )
        ids = [host.begin("slow", number) for number in range(9)]
        self.assertEqual(host.call("plain", 5), -5)
        self.assertEqual(host.call("slow", 9), 9)
        self.assertEqual([host.finish(call) for call in ids], list(range(9)))
        for number in range(20):  # back and forth between the two ways to wait
            self.assertEqual(host.call("plain", number), -number)
            self.assertEqual(host.call("slow", number), number)

    def test_awaited_calls_to_main(self):
        host = self.worker(
            """
            import asyncio
            from lockstep import sync, errors
            async def go(n):
                return sum(await asyncio.gather(*[sync.same.aio(i) for i in range(n)]))
            async def late():
                try:
                    await sync.within(0.05).never.aio()
                except TimeoutError as e:
                    return type(e).__name__
            async def fails():
                try:
                    await sync.nope.aio()
                except errors.NotExportedError as e:
                    return "nope" in str(e)
            async def blocking(): return sync.same("blocking")
            def own_loop(): return asyncio.run(go(5))
            __export__ = ["go", "late", "fails", "blocking", "own_loop"]
            """,
            handlers={"same": lambda x: x, "never": lambda: NoAnswer},
        )
        self.assertEqual(host.call("go", 50), 1225)
        self.assertEqual(host.call("late"), "CallTimeoutError")
        self.assertEqual(host.call("fails"), True)
        self.assertEqual(host.call("blocking"), "blocking")
        self.assertEqual(host.call("own_loop"), 10)
        self.assertEqual(len(host.cancelled), 1)

    def test_awaited_calls_while_booting(self):
        host = self.worker(
            """
            import asyncio
            from lockstep import sync
            sync.early = lambda: "early"
            async def main(): return await sync.ask.aio()
            answer = asyncio.run(main())
            sync.answer = lambda: answer
            """,
            handlers={"ask": lambda: host.call("early")},
            start=False,
        )
        host.await_ready()
        self.assertEqual(host.call("answer"), "early")

    def test_a_coroutine_whose_chain_blocks_the_loop_fails_at_once(self):
        host = self.worker(
            """
            from lockstep import sync
            async def inner(): return "inner"
            async def blocks(): return sync.ask()
            async def awaits(): return await sync.ask.aio()
            def plain(): return sync.ask()
            __export__ = ["inner", "blocks", "awaits", "plain"]
            """,
            handlers={"ask": lambda: host.call("inner")},
        )
        for name in ("blocks", "plain"):
            with self.assertRaises(Remote) as caught:
                host.call(name)
            self.assertIn("await sync.f.aio(...)", str(caught.exception))
            self.assertIn("LoopBlockedError", str(caught.exception.described["types"]))
        self.assertEqual(host.call("awaits"), "inner")

    def test_a_cancelled_coroutine(self):
        host = self.worker(
            """
            import asyncio
            ended = []
            async def slow():
                try: await asyncio.sleep(100)
                finally: ended.append(1)
            def how_many(): return len(ended)
            __export__ = ["slow", "how_many"]
            """
        )
        call = host.begin("slow")
        host.call("how_many")
        host.cancel(call)
        with self.assertRaises(Remote) as caught:
            host.finish(call)
        self.assertEqual(caught.exception["kind"], "cancelled")
        self.assertEqual(host.call("how_many"), 1)

    def test_errors_results_and_tasks_that_go_on(self):
        host = self.worker(
            """
            import asyncio
            from lockstep import sync
            ticks = []
            async def fails(): raise ValueError("async")
            async def odd(): return object()
            async def tick():
                for n in range(5):
                    await asyncio.sleep(0.01); ticks.append(n)
            async def starts(): asyncio.get_running_loop().create_task(tick())
            def count(): return len(ticks)
            sync.wrapped = lambda: fine()
            async def fine(): return "fine"
            __export__ = ["fails", "odd", "starts", "count"]
            """
        )
        self.assert_error(host, "exception", "fails", text="async")
        self.assert_error(host, "unserializable", "odd")
        self.assertEqual(host.call("wrapped"), "fine")
        host.call("starts")
        until = time.monotonic() + 20
        while host.call("count") < 5:
            self.assertLess(time.monotonic(), until)
        self.assertEqual(host.call("count"), 5)

    def test_sys_exit_in_a_coroutine(self):
        host = self.worker(
            "import sys\nasync def end(): sys.exit(4)\n__export__ = ['end']"
        )
        host.begin("end")
        self.assertEqual(host.wait_exit(), 4)
