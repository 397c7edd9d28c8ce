"""The script that builds accelerators, as it lies in the laid-out shim, and the choice of the twin."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness

SCRIPT = os.path.join("lockstep", "_c", "build_accelerator.py")
CPYTHON = sys.implementation.name == "cpython"


def run(command, **environment):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(os.environ, **environment)
    )
    return done.returncode, done.stdout.decode()


@unittest.skipUnless(os.path.isfile(os.path.join(harness.SRC, SCRIPT)), "the shim was not packed")
@unittest.skipIf(os.environ.get("LOCKSTEP_TEST_TWIN") == "py", "of the C twin alone")
class BuildTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.shim = os.path.join(self.folder, "shim")
        shutil.copytree(
            harness.SRC, self.shim, ignore=shutil.ignore_patterns("*.so", "__pycache__", "*.pyc")
        )
        self.script = os.path.join(self.shim, SCRIPT)

    def build(self, *arguments, **environment):
        return run([sys.executable, self.script, *arguments], **environment)

    def select(self, choice="auto"):
        code = "import sys; sys.path.insert(0, %r); from lockstep import _select; print(_select.select(%r)[1])"
        return run([sys.executable, "-c", code % (self.shim, choice)], LOCKSTEP_ACCELERATOR="")[1]

    def files(self):
        return [name for name in os.listdir(os.path.join(self.shim, "lockstep")) if name.endswith(".so")]

    def test_without_a_compiler_a_sentence_says_so_and_nothing_fails(self):
        if not CPYTHON:
            self.skipTest("there is nothing to compile for here")
        status, text = self.build("--interpreter", sys.executable, CC="/nowhere/cc")
        if "Python.h" in text:
            self.skipTest("no headers of this interpreter")
        self.assertEqual((0, []), (status, self.files()), text)
        self.assertIn("no C compiler (cc); install one", text)
        self.assertEqual(1, self.build("--require", "--interpreter", sys.executable, CC="/nowhere/cc")[0])

    def test_what_is_no_cpython_is_named(self):
        status, text = self.build("--interpreter", "/bin/false", "/nowhere/python")
        self.assertEqual(0, status)
        self.assertEqual(
            "accelerator: none for /bin/false: does not run\n"
            "accelerator: none for /nowhere/python: does not run\n",
            text,
        )

    def test_the_constants_come_from_the_layout_module(self):
        from lockstep import _layout

        sys.path.insert(0, os.path.dirname(self.script))
        try:
            import build_accelerator
        finally:
            sys.path.pop(0)
        header = build_accelerator.constants_header(build_accelerator.layout(self.shim))
        self.assertIn("#define LS_MAGIC (%d" % _layout.MAGIC, header)
        self.assertIn("#define LS_TAG_DURATION (%d)\n" % _layout.TAG_DURATION, header)
        self.assertIn("#define LS_INTERRUPT_WHATEVER_RUNS (18446744073709551615ULL)\n", header)

    def test_one_is_built_beside_the_package_and_serves_only_its_own_sources(self):
        if not CPYTHON or harness.endpoint_class("c") is None:
            self.skipTest("no accelerator was built for this interpreter")
        self.assertIn("none was built for this interpreter", self.select())
        status, text = self.build("--require", "--interpreter", sys.executable)
        self.assertEqual(0, status, text)
        self.assertEqual(1, len(self.files()))
        self.assertEqual("None\n", self.select("c"))
        self.assertIn("pure Python was asked for", self.select("py"))
        with open(os.path.join(self.shim, "lockstep", "_park.py"), "a") as file:
            file.write("# changed\n")
        self.assertEqual("None\n", self.select())  # a changed source is not looked for at a start
        with open(os.path.join(self.shim, "lockstep", "_build.py"), "w") as file:
            file.write('SOURCE_HASH = "another"\n')
        self.assertIn("it was built from other sources", self.select())
        self.assertIn("lockstep doctor --build", self.select("c"))


if __name__ == "__main__":
    unittest.main()
