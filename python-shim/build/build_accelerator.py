#!/usr/bin/env python3
"""Compiles the C accelerator once for each kind of CPython that is on this machine.

    build_accelerator.py [--source SHIM] [--out DIR] [--work DIR] [--interpreter PYTHON ...] [--sanitize] [--steps]

SHIM is the folder that holds the package ``lockstep``; the C sources are in ``lockstep/_c``. For every interpreter with
headers one ``_accelerator.<SOABI>.so`` is written to DIR (default: ``SHIM/lockstep``). The same script travels in the
jar beside the C sources, so that ``lockstep doctor --build PYTHON`` can run it where the shim was laid out: it uses
nothing but the standard library.

What cannot be built is named by one line and is no failure, because the pure-Python twin serves there; ``--require``
makes it one (exit code 1). Each file carries a hash of the shim's sources and of the protocol version, and is loaded
only by the shim that it was built from.
"""

import argparse
import concurrent.futures
import glob
import hashlib
import json
import os
import shutil
import subprocess
import sys

OLDEST = (3, 9)
WARNINGS = ["-Wall", "-Wextra", "-Werror"]
FLAGS = ["-O2", "-fPIC", "-std=c11", "-D_GNU_SOURCE", "-DPY_SSIZE_T_CLEAN", "-pthread", "-fvisibility=hidden", "-fno-strict-aliasing"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g"]

QUESTION = """
import json, platform, sys, sysconfig
v = sysconfig.get_config_var
p = sysconfig.get_paths()
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "implementation": platform.python_implementation(),
    "soabi": v("SOABI"),
    "free_threaded": bool(v("Py_GIL_DISABLED")),
    "include": sorted({p["include"], p["platinclude"]}),
}))
"""


def say(text):
    print("accelerator: " + text, flush=True)


def candidates():
    """Paths of everything that may be a Python 3, each once, the ones first that `python3` means."""
    found = []
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin", "/usr/local/bin"]
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "python3*"))):
            name = os.path.basename(path)
            if name == "python3" or name.replace("python3.", "", 1).rstrip("t").isdigit():
                found.append(path)
    found += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python")))
    unique, seen = [], set()
    for path in found:
        real = os.path.realpath(path)
        if real not in seen and os.access(path, os.X_OK):
            seen.add(real)
            unique.append(path)
    return unique


def ask(python):
    """What an interpreter says of itself, or None where it does not run."""
    try:
        answer = subprocess.run([python, "-I", "-c", QUESTION], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                stdin=subprocess.DEVNULL, timeout=30, check=True)
        return json.loads(answer.stdout.decode())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def refusal(python, answer):
    """Why nothing can be built for this interpreter, or None."""
    if answer is None:
        return "does not run"
    if answer["implementation"] != "CPython":
        return answer["implementation"] + " has no use for it"
    if tuple(answer["version"][:2]) < OLDEST:
        return "older than %d.%d" % OLDEST
    if answer["free_threaded"]:
        return "free-threaded builds are not supported"
    if not answer["soabi"]:
        return "it names no SOABI"
    if not any(os.path.exists(os.path.join(folder, "Python.h")) for folder in answer["include"]):
        return "Python.h is not in %s; install this Python's development headers" % ", ".join(answer["include"])
    return None


def shim_files(source):
    """Relative paths of the sources that the hash covers: what is written by hand, not what was built."""
    names = []
    for folder, subfolders, files in os.walk(os.path.join(source, "lockstep")):
        subfolders[:] = sorted(name for name in subfolders if name != "__pycache__" and name[0] != ".")
        for name in files:
            if name.endswith((".py", ".c", ".h")) and name not in ("_build.py", "build_accelerator.py"):
                names.append(os.path.relpath(os.path.join(folder, name), source))
    return sorted(names)


def layout(source):
    """The integer constants of `_layout.py`, which C gets as a header so that the two cannot drift."""
    path = os.path.join(source, "lockstep", "_layout.py")
    with open(path, "rb") as file:
        scope = {"__name__": "_layout"}
        exec(compile(file.read(), path, "exec"), scope)
    return {name: value for name, value in sorted(scope.items())
            if name.isupper() and isinstance(value, int) and not isinstance(value, bool)}


def source_hash(source):
    """Identifies the shim: a file of another shim is never loaded. The protocol's version stands in `_layout.py`."""
    digest = hashlib.sha256()
    for name in shim_files(source):
        with open(os.path.join(source, name), "rb") as file:
            content = file.read()
        digest.update(("%s %d\n" % (name, len(content))).encode())
        digest.update(content)
    return digest.hexdigest()


def write_if_changed(path, text):
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    except OSError:
        pass
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def constants_header(constants):
    lines = ["/* Generated from lockstep/_layout.py. */", "#pragma once"]
    for name, value in constants.items():
        suffix = "ULL" if value > 0x7FFFFFFFFFFFFFFF else "LL" if abs(value) > 0x7FFFFFFF else ""
        lines.append("#define LS_%s (%d%s)" % (name, value, suffix))
    return "\n".join(lines) + "\n"


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(errors="replace").strip()


def digest_of(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Build:
    """One run: where things are, and what is the same for every interpreter."""

    def __init__(self, source, out, work, sanitize, compiler, steps=False):
        self.source, self.out, self.work = source, out, work
        self.compiler = compiler
        self.flags = FLAGS + (SANITIZERS if sanitize else []) + (["-DLS_STEPS"] if steps else [])
        self.folder = os.path.join(source, "lockstep", "_c")
        self.units = sorted(glob.glob(os.path.join(self.folder, "*.c")))
        self.headers = sorted(glob.glob(os.path.join(self.folder, "*.h")))
        os.makedirs(work, exist_ok=True)
        os.makedirs(out, exist_ok=True)
        self.constants = constants_header(layout(source))
        write_if_changed(os.path.join(work, "layout.h"), self.constants)
        self.identity = source_hash(source)
        self.shared = digest_of([compiler, self.flags, self.constants] + [read(path) for path in self.headers])

    def objects(self, answer):
        """Pairs of a command and what it makes; None instead of the command where the object is already there."""
        folder = os.path.join(self.work, answer["soabi"])
        os.makedirs(folder, exist_ok=True)
        includes = ["-I" + path for path in answer["include"] + [self.work, self.folder]]
        for unit in self.units:
            key = digest_of([self.shared, read(unit), answer["include"], answer["version"]])[:16]
            stem = os.path.splitext(os.path.basename(unit))[0]
            made = os.path.join(folder, "%s-%s.o" % (stem, key))
            command = [self.compiler] + self.flags + WARNINGS
            command += ["-ffile-prefix-map=%s=." % self.folder] + includes + ["-c", unit, "-o", made + ".new"]
            yield (None if os.path.exists(made) else command), made

    def identity_unit(self):
        path = os.path.join(self.work, "identity.c")
        text = 'const char ls_source_hash[] = "%s";\n' % self.identity
        write_if_changed(path, text)
        return path

    def make(self, answer, pool):
        """Builds one file; returns None or what the compiler said."""
        objects = list(self.objects(answer))
        for code, text in pool.map(lambda pair: run(pair[0]) if pair[0] else (0, ""), objects):
            if code:
                return text
        for command, made in objects:
            if command:
                os.replace(made + ".new", made)
        current = {made for _, made in objects}
        for stale in glob.glob(os.path.join(self.work, answer["soabi"], "*.o")):
            if stale not in current:
                os.unlink(stale)
        target = self.target(answer)
        stamp = os.path.join(self.work, answer["soabi"], "linked")
        key = digest_of(sorted(current) + [self.identity, target])
        if os.path.exists(target) and os.path.exists(stamp) and read(stamp).decode() == key:
            return None
        command = [self.compiler, "-shared"] + self.flags + sorted(current)
        command += ["-x", "c", self.identity_unit(), "-o", target + ".new"]
        code, text = run(command)
        if code:
            return text
        os.replace(target + ".new", target)
        write_if_changed(stamp, key)
        return None

    def target(self, answer):
        return os.path.join(self.out, "_accelerator.%s.so" % answer["soabi"])


def build(source, out, work, interpreters=None, sanitize=False, quiet=False, steps=False):
    """Builds for the named interpreters, or for all that are found; returns the paths of the files.

    `quiet`: what was built is not said, only what could not be.
    """
    named = bool(interpreters)
    chosen = {}
    for python in interpreters or candidates():
        answer = ask(python)
        why = refusal(python, answer)
        if why is None:
            chosen.setdefault(answer["soabi"], (python, answer))
        elif named or (answer is not None and "Python.h" in why):
            say("none for %s: %s" % (python, why))
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if not glob.glob(os.path.join(source, "lockstep", "_c", "*.c")):
        say("none: no C sources in %s" % source)
        return []
    if chosen and compiler is None:
        say("none: no C compiler (cc); install one, for example the package gcc; pure Python serves instead")
        return []
    if not chosen:
        if not named:
            say("none: no CPython %d.%d or newer with development headers; pure Python serves instead" % OLDEST)
        return []
    job = Build(source, out, work, sanitize, compiler, steps)
    made = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for soabi, (python, answer) in sorted(chosen.items()):
            version = ".".join(str(part) for part in answer["version"])
            trouble = job.make(answer, pool)
            if trouble:
                say("none for %s (%s): the compiler failed\n%s" % (python, version, trouble))
                continue
            made.append(job.target(answer))
            if not quiet:
                say("%s for %s (%s)" % (os.path.basename(made[-1]), python, version))
    return made


def main(arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.dirname(os.path.dirname(here))
    parser = argparse.ArgumentParser(description="Compiles the C accelerator of the Lockstep worker.")
    parser.add_argument("--source", default=beside, help="the folder that holds the package lockstep")
    parser.add_argument("--out", help="where the files go (default: SOURCE/lockstep)")
    parser.add_argument("--work", help="where objects are kept between runs (default: OUT/.build)")
    parser.add_argument("--interpreter", nargs="+", action="extend", metavar="PYTHON",
                        help="build for these instead of all that are found")
    parser.add_argument("--sanitize", action="store_true", help="with address and undefined-behaviour sanitizers")
    parser.add_argument("--steps", action="store_true", help="with the step tracer of the fault tests")
    parser.add_argument("--require", action="store_true", help="exit with 1 where nothing was built")
    parser.add_argument("--print-hash", action="store_true", help="print the shim's identity and stop")
    chosen = parser.parse_args(arguments)
    source = os.path.abspath(chosen.source)
    if chosen.print_hash:
        print(source_hash(source))
        return 0
    out = os.path.abspath(chosen.out or os.path.join(source, "lockstep"))
    temporary = chosen.work is None
    work = os.path.abspath(chosen.work or os.path.join(out, ".build"))
    try:
        made = build(source, out, work, chosen.interpreter, chosen.sanitize, steps=chosen.steps)
    finally:
        if temporary:
            shutil.rmtree(work, ignore_errors=True)
    return 1 if chosen.require and not made else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
