"""The corpus of the fuzzers: inputs and the verdict on each, which Java, C and pure Python share.

    bridge-core/src/test/resources/fuzz/corpus.txt

has a line for each input: target (`value`, `call`, `frames`), bytes in hexadecimal (`-`: none), verdict. `verdicts.py`
says what targets and verdicts are.
"""

import json
import os

from harness import RESOURCES

PATH = os.path.join(RESOURCES, "fuzz", "corpus.txt")
FIXTURES = os.path.join(RESOURCES, "codec")
LONGEST_INPUT = 600


def parse(line):
    """(target, bytes, verdict)"""
    target, digits, verdict = line.rstrip("\n").split(" ", 2)
    return target, b"" if digits == "-" else bytes.fromhex(digits), verdict


def line(target, data, verdict):
    return "%s %s %s\n" % (target, data.hex() or "-", verdict)


def load(path=PATH):
    """{(target, bytes): verdict}; empty where there is no file yet."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="ascii") as file:
        return {(target, data): verdict for target, data, verdict in map(parse, file)}


def save(entries, path=PATH):
    ordered = sorted(entries.items(), key=lambda entry: (entry[0][0], len(entry[0][1]), entry[0][1]))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line(target, data, verdict) for (target, data), verdict in ordered)


def seeds():
    """(target, bytes) of the codec's fixtures, and of a few calls and lanes."""
    for name in ("appendix-a.json", "verdicts.json", "golden-java.json", "golden-python.json"):
        with open(os.path.join(FIXTURES, name), encoding="utf-8") as file:
            for entry in json.load(file):
                if "hex" in entry:
                    data = bytes.fromhex(entry["hex"])
                elif sum(len(unit) // 2 * times for unit, times in entry["parts"]) <= LONGEST_INPUT:
                    data = b"".join(bytes.fromhex(unit) * times for unit, times in entry["parts"])
                else:
                    continue
                if len(data) <= LONGEST_INPUT:
                    yield "value", data
    yield from calls()
    yield from lanes()


def calls():
    for text in (
        "00 6166 80",
        "00 6166 8101",
        "00 61669f0102ff",
        "01 6166 80 a0",
        "01 6166 8101 a1617801",
        "01 6166 80 bf617801ff",
        "01 6166 80 a2617801617802",
        "01 6166 80 a10102",
        "00 60 80",
        "00 7f6166ff 80",
        "00 62c3a9 80",
        "00 61ff 80",
        "00 70 6666666666666666 6666666666666666 80",
        "00 71 6666666666666666 666666666666666666 80",
        "00 6166",
        "00 6166 00",
        "01 6166 80",
        "00 6166 8000",
        "00 8001",
        "00 6166 988000",
    ):
        yield "call", bytes.fromhex(text)


def lanes():
    import struct

    def frame(kind, flags=0, depth=0, call_id=2, parent=0, payload=b"", length=None):
        length = 24 + len(payload) if length is None else length
        head = struct.pack("<IBBHQQ", length & 0xFFFFFFFF, kind, flags, depth, call_id, parent)
        return (head + payload).ljust((24 + len(payload) + 7) & -8, b"\0")

    def script(*steps, first=0, second=0):
        out = bytes((first, second))
        for step in steps:
            out += struct.pack("<HQ", 0xFFFF, step) if isinstance(step, int) else struct.pack("<H", len(step)) + step
        return "frames", out

    reply, error, invoke, cancel, notify, ready, fatal = 2, 3, 1, 4, 5, 6, 7
    call = frame(invoke, 0, 1, 3, 0, b"\x61f\x80")
    total = struct.pack("<Q", 12)
    pieces = (
        frame(reply, 1, payload=total + b"abcd"),
        frame(reply, 3, payload=b"efgh"),
        frame(reply, 2, payload=b"ijkl"),
    )
    for main_only in (0, 1):
        yield script(frame(reply, payload=b"\xf6"), call, frame(ready, call_id=0), first=main_only)
        yield script(frame(fatal, call_id=0, payload=b"x" * 9), first=main_only)
        yield script(frame(cancel, call_id=3), frame(notify, 12, 2, 5, 2), frame(error), first=main_only)
    for kind in (0, 8, 31, 32, 255):
        yield script(frame(kind))
    for length in (0, 8, 23, 25, 1 << 14, (1 << 14) + 1, 1 << 16, -1, 1 << 31):
        yield script(frame(reply, length=length))
    for flags in (1, 2, 3, 4, 8, 16, 32, 64, 128):
        yield script(frame(reply, flags, payload=total))
        yield script(frame(invoke, flags, 1, 3, payload=total + b"x" * 12))
    yield script(*pieces)
    yield script(*pieces[:2])
    yield script(pieces[0], frame(reply, 1, call_id=4, payload=total + b"zz"), *pieces[1:])
    yield script(pieces[0], pieces[0])
    yield script(pieces[1])
    yield script(pieces[0], frame(error, 2, payload=b"efghijkl"))
    yield script(pieces[0], frame(reply, payload=b""))
    yield script(pieces[0], frame(reply, 2, payload=b"efghijklm"))
    yield script(pieces[0], frame(reply, 3, payload=b"efghijkl"))
    yield script(pieces[0], frame(reply, 3))
    yield script(frame(invoke, 1, 1, 3, payload=total + b"ab"), frame(cancel, call_id=3), call)
    yield script(frame(reply, 1, payload=struct.pack("<Q", 1 << 21) + b"ab"))
    yield script(frame(reply, 1, payload=struct.pack("<Q", 0) + b"ab"))
    yield script(frame(reply, 1, payload=b"\0" * 8))
    yield script(frame(reply, 1, payload=b"\0" * 7))
    yield script(frame(reply, 1, payload=struct.pack("<Q", 1 << 63) + b"ab"))
    for tail in (8, 1, 1 << 16, (1 << 16) + 8, 1 << 63, (1 << 64) - 8):
        yield script(tail)
    yield script(frame(reply), 0)
    for call_id in (0, 1, 2, 3, 1 << 63, (1 << 64) - 1):
        yield script(frame(reply, call_id=call_id))
        yield script(frame(invoke, 0, 1, call_id))
        yield script(frame(invoke, 0, 1, 3, call_id))
        yield script(frame(ready, call_id=call_id))
    for depth in (0, 1, 8, 9, 65535):
        yield script(frame(invoke, 0, depth, 3))
        yield script(frame(reply, 0, depth))
    for words in (0, 1, 2, 3, 7):
        left = 8 * (words + 1)
        pad = struct.pack("<I", left).ljust(left, b"\0")
        yield script(pad + frame(reply, payload=b"behind"), first=2, second=words)
        yield script(pad, first=2, second=words)
        yield script(pad + pad, first=2, second=words)
        yield script(pad[:-1] + b"\x01" + frame(reply), first=2, second=words)
        yield script(struct.pack("<I", left + 8).ljust(left, b"\0") + frame(reply), first=2, second=words)
        yield script(frame(reply, payload=b"12345678"), first=2, second=words)
