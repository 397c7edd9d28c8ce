#!/usr/bin/env python3
"""Lays the shim out as resources of the jar: sources, C sources, accelerators, and an index of them all.

    pack_shim.py --project python-shim --out target/classes/META-INF/lockstep/python --work target/accelerator

The index has one line a file, ``sha256 size path``, sorted by path; the host lays out exactly these files, and the
index's own hash names the folder. Files are copied only when they changed, what left the sources leaves the output.
"""

import argparse
import hashlib
import os
import shutil
import sys

import build_accelerator


def sources(project):
    """Pairs of a path in the output and the file that it comes from."""
    root = os.path.join(project, "src")
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if name != "__pycache__")
        for name in sorted(files):
            if not name.endswith((".pyc", ".so")):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, root), path
    script = os.path.join(project, "build", "build_accelerator.py")
    yield os.path.join("lockstep", "_c", "build_accelerator.py"), script


def copy_if_changed(path, target):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.exists(target) or build_accelerator.read(path) != build_accelerator.read(target):
        shutil.copyfile(path, target)


def remove_others(out, wanted):
    for folder, subfolders, files in os.walk(out, topdown=False):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, out) not in wanted:
                os.unlink(path)
        if folder != out and not os.listdir(folder):
            os.rmdir(folder)


def write_index(out, names):
    lines = []
    for name in sorted(names):
        content = build_accelerator.read(os.path.join(out, name))
        lines.append("%s %d %s\n" % (hashlib.sha256(content).hexdigest(), len(content), name))
    build_accelerator.write_if_changed(os.path.join(out, "index"), "".join(lines))


def pack(project, out, work, interpreters, sanitize=False):
    wanted = set()
    for name, path in sources(project):
        copy_if_changed(path, os.path.join(out, name))
        wanted.add(name)
    identity = build_accelerator.source_hash(out)
    name = os.path.join("lockstep", "_build.py")
    text = '"""Written by the build: names the sources, so that no accelerator of other sources is loaded."""\n\n'
    build_accelerator.write_if_changed(os.path.join(out, name), text + 'SOURCE_HASH = "%s"\n' % identity)
    wanted.add(name)
    folder = os.path.join(out, "lockstep")
    for path in build_accelerator.build(out, folder, work, interpreters, sanitize, quiet=True):
        wanted.add(os.path.relpath(path, out))
    remove_others(out, wanted | {"index"})
    write_index(out, wanted)


def main(arguments):
    parser = argparse.ArgumentParser(description="Lays the shim out as resources of the jar.")
    parser.add_argument("--project", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--interpreter", nargs="+", action="extend", metavar="PYTHON")
    parser.add_argument("--sanitize", action="store_true", help="accelerators with sanitizers")
    chosen = parser.parse_args(arguments)
    out = os.path.abspath(chosen.out)
    os.makedirs(out, exist_ok=True)
    pack(os.path.abspath(chosen.project), out, os.path.abspath(chosen.work), chosen.interpreter, chosen.sanitize)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
