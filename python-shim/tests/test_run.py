"""Scripts that main hands over: values, globals, errors, what is imported; the faces for them."""

import time

from harness import Remote, TestCase
from lockstep import _layout

L = _layout


class RunTest(TestCase):
    def begin(self, host, text, context=None, **options):
        return host.begin("run", text, context or {}, flags=L.BUILTIN, **options)

    def run_in(self, host, text, context=None, **options):
        return host.finish(self.begin(host, text, context, **options))

    def fails(self, host, text, context=None, **options):
        with self.assertRaises(Remote) as caught:
            self.run_in(host, text, context, **options)
        return caught.exception.described

    def missing(self, host, text):
        return host.finish(host.begin("missing_imports", text, flags=L.BUILTIN))


class ValueTest(RunTest):
    def test_the_value_is_that_of_the_last_expression(self):
        host = self.worker()
        self.assertEqual(self.run_in(host, "x = 6\nx * 7"), 42)
        self.assertIsNone(self.run_in(host, "x = 6"))
        self.assertIsNone(self.run_in(host, ""))
        self.assertIsNone(self.run_in(host, "# nothing"))
        self.assertEqual(self.run_in(host, "'a text is a value, not a docstring'")[:6], "a text")
        for text in ("None", "0", "''", "False", "[]", "{}", "0.0"):
            value = self.run_in(host, text)
            self.assertEqual(value, eval(text))
            self.assertIs(type(value), type(eval(text)))

    def test_a_script_that_is_indented_as_a_whole_runs(self):
        host = self.worker()
        text = "\n    import statistics\n    statistics.stdev(A_rank)\n"
        ranks = [0.8, 0.4, 1.2, 3.7, 2.6, 5.8]
        self.assertEqual(self.run_in(host, text, {"A_rank": ranks}), 2.0634114147853952)

    def test_each_run_has_globals_of_its_own(self):
        host = self.worker("mine = 1")
        self.assertEqual(self.run_in(host, "a = b + 1\na", {"b": 1}), 2)
        self.assertEqual(self.run_in(host, "[n for n in ('a', 'b', 'mine') if n in globals()]"), [])
        self.assertEqual(self.run_in(host, "import __main__\n__main__.mine"), 1)
        self.assertEqual(self.run_in(host, "__name__"), "__main__")
        self.assertEqual(
            self.run_in(host, "def f(n): return n and n * f(n - 1) or 1\n[f(i) for i in (k, 5)]", {"k": 3}),
            [6, 120],
        )

    def test_top_level_await_runs_any_number_at_once(self):
        host = self.worker(
            """
            from lockstep import sync
            is_open = False
            def open_all():
                global is_open
                is_open = True
            sync.open = open_all
            """
        )
        text = """
            import asyncio, __main__
            while not __main__.is_open:
                await asyncio.sleep(0.001)
            me * 10
        """
        calls = [self.begin(host, text, {"me": i}) for i in range(20)]
        self.assertEqual(self.run_in(host, "1 + 1"), 2)  # a plain one in between
        host.call("open")
        self.assertEqual([host.finish(call) for call in calls], [i * 10 for i in range(20)])
        self.assertEqual(self.run_in(host, "from lockstep import _run\nlen(_run._alive)"), 1)

    def test_awaits_in_every_place(self):
        host = self.worker()
        begin = "import asyncio\nasync def f(x): await asyncio.sleep(0); return x\n"
        self.assertEqual(self.run_in(host, begin + "await f(1)"), 1)
        self.assertEqual(self.run_in(host, begin + "a = await f(1)\na + 1"), 2)
        self.assertEqual(self.run_in(host, begin + "[await f(i) for i in range(3)]"), [0, 1, 2])
        self.assertIsNone(self.run_in(host, begin + "a = await f(1)"))
        self.assertEqual(self.run_in(host, begin + "f(3)"), 3)  # awaited, since nobody else would
        self.assertEqual(self.run_in(host, begin + "asyncio.run(f(4))"), 4)
        self.assertEqual(self.run_in(host, begin + "await f(0)\nasyncio.gather(f(1), f(2))"), [1, 2])

    def test_a_call_that_comes_while_a_task_blocks_runs_as_soon_as_the_task_waits(self):
        def ask():
            calls.append(host.begin("open", parent=(0, 0)))
            time.sleep(0.05)  # likely there, and read by the thread that waits for this answer

        calls = []
        host = self.worker(
            """
            from lockstep import sync
            is_open = False
            def open_all():
                global is_open
                is_open = True
            sync.open = open_all
            """,
            handlers={"ask": ask},
        )
        text = """
            import asyncio, __main__
            from lockstep import sync
            sync.ask()
            while not __main__.is_open:
                await asyncio.sleep(0.001)
            7
        """
        for _ in range(5):
            self.assertEqual(self.run_in(host, "import __main__\n__main__.is_open = False"), None)
            self.assertEqual(self.run_in(host, text), 7)
            host.finish(calls.pop())

    def test_runs_call_main_and_are_nested_in_its_calls(self):
        def answer(x):
            return self.run_in(host, "x + 1", {"x": x}, parent=host.stack[-1])

        host = self.worker(handlers={"answer": answer})
        self.assertEqual(self.run_in(host, "from lockstep import sync\nsync.answer(1) * 2"), 4)

        def blocked():
            return self.fails(host, "import asyncio\nawait asyncio.sleep(0)", parent=host.stack[-1])

        host.handlers["answer"] = blocked
        described = self.run_in(host, "from lockstep import sync\nsync.answer()")
        self.assertEqual(described["kind"], "loop_blocked")
        self.assertEqual(self.run_in(host, "from lockstep import _run\nlen(_run._alive)"), 1)

    def test_a_run_while_the_script_boots_waits_for_its_end(self):
        host = self.worker("import time\ntime.sleep(0.2)\nready = 1", start=False)
        call = self.begin(host, "import __main__\n__main__.ready")
        host.await_ready()
        self.assertEqual(host.finish(call), 1)

    def test_runs_work_in_sync_main_only(self):
        host = self.worker(sync_main_only=True)
        self.assertEqual(self.run_in(host, "x + 1", {"x": 1}), 2)
        self.assertEqual(self.run_in(host, "import asyncio\nawait asyncio.sleep(0, 5)"), 5)
        self.assertEqual(self.fails(host, "1 / 0")["type"], "ZeroDivisionError")

    def test_builtin_names_are_not_those_of_exports(self):
        host = self.worker("from lockstep import sync\nsync.run = lambda: 'mine'")
        self.assertEqual(host.call("run"), "mine")
        self.assertEqual(self.run_in(host, "1"), 1)
        self.assertEqual(host.ready["exports"], ["run"])


class ErrorTest(RunTest):
    def test_a_syntax_error_says_file_line_and_caret(self):
        host = self.worker()
        described = self.fails(host, "x = 1\ny = (1 +\n", file="sum.py")
        self.assertEqual(described["type"], "SyntaxError")
        self.assertEqual(described["attributes"]["filename"], "sum.py")
        described = self.fails(host, "x = 1\n1 +", file="sum.py")
        self.assertEqual(described["attributes"]["lineno"], 2)
        self.assertIn('File "sum.py", line 2', described["traceback"])
        self.assertIn("1 +", described["traceback"])
        self.assertIn("^", described["traceback"])
        self.assertEqual(self.run_in(host, "1"), 1)

    def test_tracebacks_show_the_lines_of_the_script(self):
        host = self.worker()
        text = "def inner():\n    return 1 / 0  # %s\n\ninner()"
        for name in ("one", "two"):  # of one name and different lines
            described = self.fails(host, text % name, file="same.py")
            self.assertIn("1 / 0  # %s" % name, described["traceback"])
        self.assertEqual(
            [frame[:3] for frame in described["frames"]],
            [["same.py", 4, "<module>"], ["same.py", 2, "inner"]],
        )
        described = self.fails(host, "import asyncio\nawait asyncio.sleep(0)\n1 / 0  # awaited")
        self.assertIn("1 / 0  # awaited", described["traceback"])
        self.assertIn("<run 3>", described["traceback"])

    def test_a_script_sees_its_own_lines(self):
        host = self.worker()
        text = "import traceback\ntry:\n    1 / 0  # here\nexcept Exception:\n    t = traceback.format_exc()\nt"
        self.assertIn("1 / 0  # here", self.run_in(host, text))
        text = "import inspect\ndef f():\n    return 'body'\ninspect.getsource(f)"
        self.assertIn("return 'body'", self.run_in(host, text))

    def test_lines_of_old_scripts_are_forgotten(self):
        host = self.worker()
        self.run_in(host, "import linecache")
        for i in range(200):
            self.run_in(host, "%d" % i)
        text = "import linecache\nlen([name for name in linecache.cache if name.startswith('<run')])"
        self.assertLessEqual(self.run_in(host, text), 64)
        self.assertEqual(self.run_in(host, "from lockstep import _run\nlen(_run._names)"), 64)

    def test_the_exit_of_a_script_ends_the_run_alone(self):
        host = self.worker("def f(): return 1\n__export__ = ['f']")
        for text in ("import sys\nsys.exit(3)", "import sys, asyncio\nawait asyncio.sleep(0)\nsys.exit(3)"):
            described = self.fails(host, text)
            self.assertEqual(described["type"], "SystemExit")
            self.assertEqual(described["attributes"]["code"], 3)
        self.assertEqual(host.call("f"), 1)

    def test_what_cannot_cross_and_what_is_no_script(self):
        host = self.worker()
        described = self.fails(host, "{'cb': print}")
        self.assertEqual(described["kind"], "unserializable")
        self.assertEqual(described["path"], 'result["cb"]')
        self.assertIn(self.fails(host, "a\0b")["type"], ("ValueError", "SyntaxError"))
        self.assertEqual(self.fails(host, "undefined_name")["type"], "NameError")
        self.assertEqual(self.run_in(host, "2"), 2)

    def test_an_interrupt_hits_the_run_and_leaves_the_next_alone(self):
        host = self.worker()
        loop = "import __main__\n__main__.at = 1\nwhile True: pass"
        for text in (loop, "import time\ntime.sleep(60)"):
            call = self.begin(host, text)
            time.sleep(0.05)  # likely in the loop; if not, it is interrupted where it is
            host.interrupt(call)
            with self.assertRaises(Remote) as caught:
                host.finish(call)
            self.assertEqual(caught.exception.described["type"], "KeyboardInterrupt")
            self.assertEqual(self.run_in(host, "1"), 1)


class MissingImportsTest(RunTest):
    def test_what_is_missing_is_told_in_the_order_of_the_script_and_nothing_is_imported(self):
        host = self.worker()
        text = """
            import os, nowhere_b.sub
            from nowhere_a import x
            from . import sibling
            def f():
                import nowhere_c as c, json
            import nowhere_a, sys, __main__, lockstep, js, pyscript
            import antigravity, wave
        """
        self.assertEqual(self.missing(host, text), ["nowhere_b", "nowhere_a", "nowhere_c"])
        self.assertFalse(self.run_in(host, "import sys\n'antigravity' in sys.modules or 'wave' in sys.modules"))
        self.assertEqual(self.missing(host, "1"), [])
        with self.assertRaises(Remote) as caught:
            self.missing(host, "import")
        self.assertEqual(caught.exception.described["type"], "SyntaxError")


class JsTest(RunTest):
    def test_the_documents_example_runs_verbatim(self):
        host = self.worker()
        text = """
            import statistics
            from js import A_rank
            statistics.stdev(A_rank)
        """
        ranks = [0.8, 0.4, 1.2, 3.7, 2.6, 5.8]
        self.assertEqual(self.run_in(host, text, {"A_rank": ranks}), 2.0634114147853952)
        described = self.fails(host, text)
        self.assertEqual(described["type"], "ImportError")
        self.assertIn("the run's context has: nothing", described["message"])

    def test_each_of_several_runs_sees_its_own_names(self):
        host = self.worker()
        text = """
            import asyncio, js
            from js import me
            for i in range(5):
                await asyncio.sleep(0)
                assert js.me == me, (js.me, me)
            def late():
                from js import me
                return me
            [late(), await asyncio.to_thread(late), dir(js)]
        """
        text = text if self.has_to_thread(host) else text.replace("await asyncio.to_thread(late)", "late()")
        calls = [self.begin(host, text, {"me": i}) for i in range(10)]
        self.assertEqual([host.finish(call) for call in calls], [[i, i, ["me"]] for i in range(10)])

    def has_to_thread(self, host):
        return self.run_in(host, "import asyncio\nhasattr(asyncio, 'to_thread')")

    def test_a_thread_of_a_run_sees_its_names(self):
        host = self.worker()
        text = """
            import threading
            seen = []
            def look():
                from js import me
                seen.append(me)
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            seen
        """
        self.assertEqual(self.run_in(host, text, {"me": 7}), [7])

    def test_without_a_run_it_says_so(self):
        host = self.worker(
            """
            import js
            def imports():
                from js import A_rank
            def reads(): js.A_rank
            def asks(): return [hasattr(js, "A_rank"), getattr(js, "A_rank", 5), dir(js)]
            def assigns(): js.A_rank = 1
            __export__ = ["imports", "reads", "asks", "assigns"]
            """
        )
        for name, kind in (("imports", "ImportError"), ("reads", "AttributeError")):
            with self.assertRaises(Remote) as caught:
                host.call(name)
            self.assertEqual(caught.exception.described["type"], kind)
            self.assertIn("no run with a context runs here", caught.exception.described["message"])
        self.assertEqual(host.call("asks"), [False, 5, []])
        with self.assertRaises(Remote) as caught:
            host.call("assigns")
        self.assertIn("cannot be assigned", caught.exception.described["message"])
