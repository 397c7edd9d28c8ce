"""How a worker starts: what it imports, what it leaves in its folder, what it shows of its script."""

import os
import shutil
import subprocess
import sys
import tempfile

from harness import SRC, TWIN, Remote, TestCase

#: What costs a start more than it gives: each is imported on first need.
_HEAVY = {
    "asyncio", "collections", "contextlib", "contextvars", "dataclasses", "datetime", "decimal", "enum",
    "functools", "inspect", "json", "linecache", "logging", "re", "runpy", "signal", "subprocess",
    "threading", "tokenize", "traceback", "typing", "uuid", "zipfile",
}  # fmt: skip


class StartTest(TestCase):
    def folder(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return folder

    def test_little_is_imported_until_something_is_needed(self):
        if sys.implementation.name != "cpython":
            self.skipTest("PyPy writes in Python what is C elsewhere")
        host = self.worker("import sys\nloaded = sorted(sys.modules)\ndef f(): return loaded\n__export__ = ['f']")
        heavy = set(_HEAVY)
        if TWIN == "c":
            heavy |= {"ctypes", "struct"}
        base = subprocess.run(
            [sys.executable, "-c", "import sys; print(*sys.modules)"], stdout=subprocess.PIPE, check=True
        )
        loaded = set(host.call("f")) & heavy - set(base.stdout.decode().split())
        self.assertEqual(loaded, set())

    def test_the_shim_is_compiled_once_whatever_the_user_wants_for_modules_of_theirs(self):
        shim, users = os.path.join(self.folder(), "shim"), self.folder()
        shutil.copytree(SRC, shim, ignore=shutil.ignore_patterns("__pycache__"))
        with open(os.path.join(users, "mine.py"), "w") as file:
            file.write("x = 1\n")
        with open(os.path.join(users, "main.py"), "w") as file:
            file.write("import sys, mine\nsync_says = sys.dont_write_bytecode\ndef f(): return sync_says\n__export__ = ['f']")
        env = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": ""}
        host = self.worker(os.path.join(users, "main.py"), mode="script", shim=shim, env=env)
        self.assertIs(host.call("f"), True)
        self.assertEqual(sorted(os.listdir(users)), ["main.py", "mine.py"])
        compiled = {name.partition(".")[0] for name in os.listdir(os.path.join(shim, "lockstep", "__pycache__"))}
        self.assertTrue({"_boot", "_call", "_segment", "errors"} <= compiled, compiled)

    def test_a_start_works_where_the_shims_folder_cannot_be_written_to_or_is_not_searched(self):
        for env in ({"PYTHONPYCACHEPREFIX": "/proc/nowhere"}, {"PYTHONSAFEPATH": "1"}):
            with self.subTest(env):
                host = self.worker("def f(): return 1\n__export__ = ['f']", env=env)
                self.assertEqual(host.call("f"), 1)

    def test_a_source_shows_its_lines_to_whoever_asks_for_them(self):
        host = self.worker(
            """
            import inspect, sys, traceback
            def boom():
                return 1 / 0  # this line
            def f():
                try:
                    boom()
                except ZeroDivisionError:
                    left = [type(finder).__module__ for finder in sys.meta_path]
                    return [traceback.format_exc(), inspect.getsource(boom), left]
            __export__ = ["f"]
            """
        )
        formatted, source, finders = host.call("f")
        self.assertIn("return 1 / 0  # this line", formatted)
        self.assertIn("return 1 / 0  # this line", source)
        self.assertNotIn("lockstep._source", finders)

    def test_a_users_module_called_linecache_stays_theirs(self):
        users = self.folder()
        with open(os.path.join(users, "linecache.py"), "w") as file:
            file.write("mine = True\n")
        host = self.worker(
            """
            import sys
            sys.path.insert(0, %r)
            sys.modules.pop("linecache", None)
            import linecache
            def f(): return linecache.mine
            def boom(): raise ValueError("x")
            __export__ = ["f", "boom"]
            """
            % users
        )
        self.assertIs(host.call("f"), True)
        with self.assertRaises(Remote) as caught:  # without its lines: Python's own could not show them
            host.call("boom")
        self.assertIn("in boom", caught.exception.described["traceback"])
        self.assertIn("ValueError: x", caught.exception.described["traceback"])
        self.assertIs(host.call("f"), True)
