#!/usr/bin/env python3
"""Runs the Python tests on every interpreter of this machine, with and without the accelerator.

    run.py [--short] [--interpreter PYTHON ...] [--twin c|py] [--pattern PART] [--shim FOLDER] [--sanitize]

Prints a line for each interpreter and twin, what failed, the reasons of what was skipped, and at the end
`N passed, N failed, N skipped`; exit status 1 if anything failed. Without --shim the shim is laid out,
and accelerators are built, where the Maven build does it too. --short runs shorter counts and, unless
interpreters are named, only the oldest and the newest CPython and PyPy. --sanitize runs the C
twin only, on `python3` unless others are named, built by gcc with the address and the undefined-behaviour sanitizer:
what one of them sees ends the process that it is in, and so fails a test.
"""

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(HERE)
PACKED = os.path.join(PROJECT, "target", "classes", "META-INF", "lockstep", "python")
DEADLINE_SECONDS = 600

QUESTION = """
import json, platform, sys, sysconfig
print(json.dumps([list(sys.version_info[:3]), platform.python_implementation(),
                  sysconfig.get_config_var("SOABI"), sys.executable]))
"""


def ask(python):
    try:
        answer = subprocess.run(
            [python, "-I", "-c", QUESTION],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=True,
        )
        return json.loads(answer.stdout.decode())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def interpreters():
    """Every CPython from 3.9 up and every PyPy of PATH and ~/.pyenv, one of a kind: (path, answer)."""
    found = []
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]:
        found += sorted(glob.glob(os.path.join(folder, "python3")))
        found += sorted(glob.glob(os.path.join(folder, "python3.*[0-9]")))
        found += sorted(glob.glob(os.path.join(folder, "pypy3")))
    found += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python3")))
    kinds = {}
    seen = set()
    for path in found:
        real = os.path.realpath(path)
        if real in seen or not os.access(path, os.X_OK):
            continue
        seen.add(real)
        answer = ask(path)
        if answer is not None and tuple(answer[0][:2]) >= (3, 9):
            kinds.setdefault((answer[1], tuple(answer[0])), (path, answer))
    return [kinds[kind] for kind in sorted(kinds)]


def fewer(found):
    """The oldest and the newest CPython, and PyPy: what `python3` means runs in the tests of the Java side."""
    cpython = [one for one in found if one[1][1] == "CPython"]
    others = [one for one in found if one[1][1] != "CPython"]
    return [one for one in cpython if one in (cpython[0], cpython[-1])] + others


def lay_out():
    """Packs the shim and builds accelerators as the Maven build does; the folder."""
    script = os.path.join(PROJECT, "build", "pack_shim.py")
    command = [sys.executable, script, "--project", PROJECT, "--out", PACKED]
    command += ["--work", os.path.join(PROJECT, "target", "accelerator")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace"))
        raise SystemExit("the shim could not be laid out: exit=%d" % done.returncode)
    return PACKED


def lay_out_sanitized(interpreters):
    """A shim of its own, whose accelerators carry the sanitizers; and what their processes need."""
    shim = os.path.join(PROJECT, "target", "sanitized", "shim")
    pack = os.path.join(PROJECT, "build", "pack_shim.py")
    work = os.path.join(PROJECT, "target", "sanitized", "work")
    command = [sys.executable, pack, "--project", PROJECT, "--out", shim, "--work", work, "--sanitize"]
    subprocess.run([*command, "--interpreter", *interpreters], check=True)
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE, check=True).stdout
    os.environ.update(
        LD_PRELOAD=library.decode().strip(),
        # Python's own allocator would hide what is read beyond an object; and an interpreter that ends frees little.
        PYTHONMALLOC="malloc",
        # A test that crashes a worker wants the signal as it was.
        ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:handle_segv=0",
        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
    )
    return shim


def run_suite(python, twin, shim, short, pattern):
    """The result of one run: a dict with passed, failed, skipped and the texts."""
    descriptor, path = tempfile.mkstemp(suffix=".json")
    os.close(descriptor)
    environment = dict(
        os.environ,
        LOCKSTEP_TEST_TWIN=twin,
        LOCKSTEP_TEST_SHIM=shim,
        LOCKSTEP_TEST_SHORT="1" if short else "0",
        LOCKSTEP_TEST_BUILD="1" if os.path.realpath(python) == os.path.realpath(sys.executable) else "0",
        PYTHONDONTWRITEBYTECODE="1",
        # A worker compiles the shim that it is started from, and that is what gets packed here.
        PYTHONPYCACHEPREFIX=os.path.join(PROJECT, "target", "pycache"),
        PYTHONPATH="",
    )
    environment.pop("LOCKSTEP_ACCELERATOR", None)
    command = [python, os.path.abspath(__file__), "--inside", path]
    if pattern:
        command += ["--pattern", pattern]
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE_SECONDS,
        )
        text = done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        text = (error.stdout or b"").decode(errors="replace") + "\nrun took too long"
    try:
        with open(path) as file:
            return json.load(file)
    except ValueError:
        return {"passed": 0, "failed": 1, "skipped": [], "failures": ["the run broke off\n" + text]}
    finally:
        os.unlink(path)


def inside(path, pattern):
    """In the interpreter under test: runs everything here and writes what came of it."""
    import faulthandler
    import unittest

    faulthandler.enable()
    faulthandler.dump_traceback_later(DEADLINE_SECONDS - 20, exit=True)
    sys.path.insert(0, HERE)
    import harness

    if harness.TWIN == "c":
        from lockstep import _select

        accelerator, why = _select.select("auto")
        if accelerator is None:
            write(path, {"passed": 0, "failed": 0, "skipped": [], "none": why, "failures": []})
            return
    suite = unittest.TestSuite()
    for test in flatten(unittest.defaultTestLoader.discover(HERE)):
        if belongs_here(test.id(), harness.TWIN) and (not pattern or pattern in test.id()):
            suite.addTest(test)
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=0, warnings="ignore").run(suite)
    bad = {str(test): text for test, text in result.failures + result.errors}
    bad.update((str(test), "succeeded unexpectedly") for test in result.unexpectedSuccesses)
    skipped = [[str(test), reason] for test, reason in result.skipped]
    # A test with several failed subtests is one that failed.
    names = {name.split(" [")[0].split(" (<subtest>)")[0] for name in bad}
    write(
        path,
        {
            "passed": result.testsRun - len(names) - len(skipped),
            "failed": len(names),
            "skipped": skipped,
            "failures": ["%s\n%s" % pair for pair in bad.items()],
        },
    )


def belongs_here(name, twin):
    """Whether a test is one of this run's: those of the accelerator alone need no run without it, and
    those of its build, which compile, are run once, under the interpreter that runs the runner."""
    if name.startswith("test_accelerator_build."):
        return twin == "c" and os.environ.get("LOCKSTEP_TEST_BUILD") == "1"
    return twin == "c" or not name.startswith("test_accelerator_")


def flatten(suite):
    for test in suite:
        if hasattr(test, "__iter__"):
            yield from flatten(test)
        else:
            yield test


def write(path, result):
    with open(path, "w") as file:
        json.dump(result, file)


def main(arguments):
    parser = argparse.ArgumentParser(description="Runs the Python tests on every interpreter.")
    parser.add_argument("--short", action="store_true", help="shorter counts, fewer interpreters")
    parser.add_argument("--interpreter", nargs="+", action="extend", metavar="PYTHON")
    parser.add_argument("--twin", choices=("c", "py"))
    parser.add_argument("--pattern", help="only tests whose name contains this")
    parser.add_argument("--shim", help="a laid-out shim, with its accelerators")
    parser.add_argument("--sanitize", action="store_true", help="the C twin with sanitizers")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.inside:
        inside(chosen.inside, chosen.pattern)
        return 0
    if chosen.sanitize:
        chosen.twin = "c"
        chosen.interpreter = chosen.interpreter or ["python3"]
    if chosen.interpreter:
        found = [(path, ask(path)) for path in map(shutil.which, chosen.interpreter)]
        if any(answer is None for _, answer in found):
            parser.error("an interpreter does not run: %s" % ", ".join(chosen.interpreter))
    else:
        found = interpreters()
        if chosen.short:
            found = fewer(found)
    if chosen.sanitize:
        shim = lay_out_sanitized([path for path, _ in found])
    else:
        shim = os.path.abspath(chosen.shim) if chosen.shim else lay_out()
    passed = failed = 0
    reasons = {}
    for path, (version, implementation, _, _) in found:
        name = "%s %s" % (implementation, ".".join(map(str, version)))
        for twin in ("py", "c"):
            if chosen.twin not in (None, twin) or (twin == "c" and implementation != "CPython"):
                continue
            started = time.monotonic()
            result = run_suite(path, twin, shim, chosen.short, chosen.pattern)
            if result.get("none"):
                print("%s [%s]: no accelerator: %s" % (name, twin, result["none"]), flush=True)
                continue
            print(
                "%s [%s]: %d passed, %d failed, %d skipped in %.1f s"
                % (
                    name,
                    twin,
                    result["passed"],
                    result["failed"],
                    len(result["skipped"]),
                    time.monotonic() - started,
                ),
                flush=True,
            )
            passed += result["passed"]
            failed += result["failed"]
            for _, reason in result["skipped"]:
                reasons[reason] = reasons.get(reason, 0) + 1
            for text in result["failures"]:
                print(text, flush=True)
    for reason, count in sorted(reasons.items()):
        print("skipped %d: %s" % (count, reason))
    print("%d passed, %d failed, %d skipped" % (passed, failed, sum(reasons.values())))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
