"""Values that mean harm (a row of the table of faults), and what it costs to see it: shared with Java.

    bridge-core/src/test/resources/fuzz/hostile.txt

has a line for each: name|verdict|bytes, as `HEX*COUNT` one after the other. Verdicts are those of verdicts.py, under
the default limits.
"""

import os

from harness import RESOURCES

PATH = os.path.join(RESOURCES, "fuzz", "hostile.txt")


def load():
    with open(PATH, encoding="ascii") as file:
        for line in file:
            name, verdict, parts = line.rstrip("\n").split("|")
            yield name, verdict, b"".join(map(_repeated, parts.split()))


def _repeated(part):
    digits, _, count = part.partition("*")
    return bytes.fromhex(digits) * int(count or 1)


def map_of(entries):
    """A map of so many different keys, which is a value like any other."""
    out = bytearray(b"\xba" + entries.to_bytes(4, "big"))
    for number in range(entries):
        out += b"\x1a" + number.to_bytes(4, "big") + b"\x00"
    return bytes(out)
