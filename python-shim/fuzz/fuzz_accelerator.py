#!/usr/bin/env python3
"""Fuzzes the C accelerator with libFuzzer, under the address and the undefined-behaviour sanitizer.

    fuzz_accelerator.py TARGET [--seconds S] [--seed N] [--add]

TARGET is `value`, `call` or `frames` (tests/verdicts.py). Needs clang with its runtime (packages `clang` and
`libclang-rt-*-dev`) and an interpreter with headers and a shared library (python3-dev). It begins with the corpus that
is checked in; what is new stays in target/fuzz. --add minimises that and adds it to the corpus. What fails is left as
target/fuzz/crash-*, and the exit status is libFuzzer's.
"""

import argparse
import glob
import os
import subprocess
import sys
import sysconfig

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(HERE)
TESTS = os.path.join(PROJECT, "tests")
WORK = os.path.join(PROJECT, "target", "fuzz")
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g", "-O1"]
LONGEST_INPUT = 600

sys.path.insert(0, os.path.join(PROJECT, "build"))
import build_accelerator  # noqa: E402


def build(program):
    """Compiles and links what of C there is, with coverage but for the entry."""
    source = os.path.join(PROJECT, "src")
    units = sorted(glob.glob(os.path.join(source, "lockstep", "_c", "*.c")))
    os.makedirs(WORK, exist_ok=True)
    header = build_accelerator.constants_header(build_accelerator.layout(source))
    build_accelerator.write_if_changed(os.path.join(WORK, "layout.h"), header)
    identity = os.path.join(WORK, "identity.c")
    build_accelerator.write_if_changed(identity, 'const char ls_source_hash[] = "fuzzed";\n')
    flags = [flag for flag in build_accelerator.FLAGS if flag not in ("-O2", "-fvisibility=hidden")]
    command = ["clang", "-fsanitize=fuzzer", *SANITIZERS, *flags, "-I" + WORK, "-I" + sysconfig.get_path("include")]
    command += [*units, identity, os.path.join(HERE, "accelerator_fuzzer.c"), "-o", program]
    command += ["-L" + sysconfig.get_config_var("LIBDIR"), "-lpython" + sysconfig.get_config_var("LDVERSION")]
    subprocess.run(command, check=True)


def main(arguments):
    parser = argparse.ArgumentParser(description="Fuzzes the C accelerator with libFuzzer.")
    parser.add_argument("target", choices=("value", "call", "frames"))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--add", action="store_true", help="add what is new to the corpus that is checked in")
    chosen = parser.parse_args(arguments)
    program = os.path.join(WORK, "accelerator_fuzzer")
    build(program)
    fuzz = os.path.join(TESTS, "fuzz.py")
    seeds = os.path.join(WORK, "corpus")
    subprocess.run([sys.executable, fuzz, "folders", seeds], check=True)
    known = os.path.join(seeds, chosen.target)
    new = os.path.join(WORK, "new-" + chosen.target)
    os.makedirs(new, exist_ok=True)
    environment = dict(
        os.environ,
        LOCKSTEP_FUZZ_TARGET=chosen.target,
        LOCKSTEP_FUZZ_TESTS=TESTS,
        LOCKSTEP_TEST_TWIN="py",
        # Objects of Python's own allocator have no red zones; and an interpreter that ends frees little.
        PYTHONMALLOC="malloc",
        PYTHONHASHSEED="0",
        ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1",
    )
    options = ["-max_len=%d" % LONGEST_INPUT, "-rss_limit_mb=4096", "-timeout=20", "-print_final_stats=1"]
    options += ["-artifact_prefix=%s/" % WORK, "-seed=%d" % chosen.seed]
    run = [program, *options, "-max_total_time=%d" % chosen.seconds, new, known]
    status = subprocess.run(run, env=environment).returncode
    if status == 0 and chosen.add:
        # Into the folder of what is known go those of the new that reach what none of it does.
        subprocess.run([program, *options, "-merge=1", known, new], env=environment, check=True)
        subprocess.run([sys.executable, fuzz, "add", known, chosen.target], check=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
