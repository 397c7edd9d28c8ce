"""Tries to attach to a segment of which one bit is another, for every bit of a range.

    header_flips.py SHIM MESSAGE FIRST END

MESSAGE is a file with the start-up message as the host writes it; the segment is restored after each try. Prints one
JSON object: tries, the offsets whose flips were not refused, and how many refusals named a field.
"""

import collections
import json
import mmap
import os
import sys

sys.path.insert(0, sys.argv[1])

from lockstep import _codec, _segment  # noqa: E402
from lockstep.errors import StartUpError  # noqa: E402


def main():
    with open(sys.argv[2], "rb") as file:
        message = _codec.decode_value(file.read()[4:])
    first, end = int(sys.argv[3]), int(sys.argv[4])
    fd = os.open(message["segment"], os.O_RDWR)
    segment = mmap.mmap(fd, 4096)
    clean = segment[:]
    tries = named = 0
    accepted = collections.Counter()
    for offset in range(first, end):
        for bit in range(8):
            segment[offset] = clean[offset] ^ 1 << bit
            tries += 1
            try:
                attached = _segment.attach(message)
                attached.buffer = None
                accepted[offset] += 1
            except StartUpError as error:
                named += "field=" in str(error) or "version refused" in str(error)
            segment[:] = clean
    print(json.dumps({"tries": tries, "named": named, "accepted": sorted(accepted)}))


main()
