"""Values that mean harm, and what it costs a twin to see it.

    hostile_values.py SHIM TWIN FILE COUNT

FILE has a line for each: name|verdict|bytes, as `HEX*COUNT` one after the other. Prints one JSON object, as
garbage_frames.py does.
"""

import json
import os
import sys
import time

sys.path.insert(0, sys.argv[1])
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from garbage_frames import Results, tracemalloc  # noqa: E402
from lockstep import _codec, _layout  # noqa: E402
from lockstep.errors import MalformedValueError, UnserializableError  # noqa: E402


def load(path):
    with open(path, encoding="ascii") as file:
        for line in file:
            name, expected, parts = line.rstrip("\n").split("|")
            yield name, expected, b"".join(map(repeated, parts.split()))
    keys = b"".join(b"\x1a" + number.to_bytes(4, "big") + b"\x00" for number in range(1_000_000))
    yield "a map of 10^6 keys", "value", b"\xba" + (1_000_000).to_bytes(4, "big") + keys


def repeated(part):
    digits, _, count = part.partition("*")
    return bytes.fromhex(digits) * int(count or 1)


def verdict(codec, data):
    try:
        codec.decode_value(data)
    except MalformedValueError as error:
        return "refused %d %s" % (error.position, error.reason.partition(":")[0])
    return "value"


def unsendable():
    cyclic = [1]
    cyclic.append({"me": cyclic})
    deep = []
    for _ in range(100_000):
        deep = [deep]
    yield "a cyclic object", cyclic
    yield "100,000 lists nested", deep
    yield "a lone surrogate", "\ud800"
    yield "an integer of 100,000 digits", 1 << 332_193
    yield "17 Mi items", [None] * (17 << 20)


def decoded(codec, name, expected, data, results):
    started = time.perf_counter_ns()
    found = verdict(codec, data)
    taken = time.perf_counter_ns() - started
    if found != (expected if expected.startswith("refused") else "value"):
        raise AssertionError("corpus: %s, found: %s" % (expected, found))
    results.record("time to refuse" if found != "value" else "time to read", "us", taken)


def measured(codec, name, data, results):
    tracemalloc.start()
    found = verdict(codec, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if found != "value":
        results.record("allocated at the peak while refusing", "bytes", peak)


def encoded(codec, name, value, results):
    started = time.perf_counter_ns()
    try:
        codec.encode_value(value)
    except UnserializableError:
        results.record("time to refuse to send", "us", time.perf_counter_ns() - started)
    else:
        raise AssertionError("it was written")


def main():
    if sys.argv[2] == "c":
        from lockstep import _accelerator as codec
    else:
        codec = _codec
    codec.configure(_layout.DEFAULT_LIMITS)
    results = Results()
    values = list(load(sys.argv[3]))
    for _ in range(int(sys.argv[4])):
        for name, expected, data in values:
            results.attempt(name, lambda: decoded(codec, name, expected, data, results))
        for name, value in unsendable():
            results.attempt(name + " to send", lambda: encoded(codec, name, value, results))
    for name, _, data in values:
        if tracemalloc is not None:
            results.attempt(name, lambda: measured(codec, name, data, results))
    print(json.dumps(results.answer()))


main()
