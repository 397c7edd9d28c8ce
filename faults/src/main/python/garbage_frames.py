"""Puts frames that no host writes into a segment, and lets a twin's reader make a message or a fault of each.

    garbage_frames.py SHIM MESSAGE TWIN PART COUNT SEED

MESSAGE is a file with the start-up message as the host writes it. PART is ``lengths``, ``random``, ``fields``, or
``changes``, for which somebody else writes. Prints one JSON object: tries, failed, failures (the first few), facts, and
figures: {name: [unit, [[value, how often]]]}.
"""

import collections
import contextvars
import json
import random
import struct
import sys
import time

sys.path.insert(0, sys.argv[1])

from lockstep import _channel, _codec, _layout, _segment  # noqa: E402
from lockstep.errors import MalformedValueError, PeerFaultError  # noqa: E402

try:
    import tracemalloc
except ImportError:  # PyPy has none
    tracemalloc = None

HEADER = _layout.FRAME_HEADER_BYTES
LANE = _layout.TO_WORKER_LANE_OFFSET
RING = _layout.HEADER_BYTES
REPLY, INVOKE, CANCEL, PAD = _layout.REPLY, _layout.INVOKE, _layout.CANCEL, _layout.PAD
FAILURES_KEPT = 8
# An exception with its text; no buffer of a frame, which has 16 KiB.
MOST_BYTES = 8 * 1024


class NoHooks:
    current = contextvars.ContextVar("garbage", default=None)

    def hand_over(self):
        pass


class Lane:
    """The worker's end of the lane to it, and the memory at the other end."""

    def __init__(self, twin, attached):
        if twin == "c":
            from lockstep import _accelerator

            _accelerator.configure(attached.limits)
            self.made, self.codec = _accelerator.Endpoint, _accelerator
        else:
            self.made, self.codec = _channel.Endpoint, _codec
        self.attached = attached
        self.memory = attached.buffer
        self.capacity = attached.to_worker_capacity
        self.max_frame = self.capacity // _layout.MAX_FRAME_DIVISOR
        self.endpoint = None
        self.fresh()

    def fresh(self):
        """A fault is final: a lane that never carried anything, and an endpoint that never read."""
        self.endpoint = None
        words = bytes(8)
        self.memory[LANE + _layout.HEAD_OFFSET : LANE + _layout.HEAD_OFFSET + 8] = words
        self.memory[LANE + _layout.TAIL_OFFSET : LANE + _layout.TAIL_OFFSET + 8] = words
        a = self.attached
        self.endpoint = self.made(
            a.buffer, _layout.WORKER, a.to_worker_capacity, a.to_host_capacity, a.limits, a.sync_main_only
        )
        self.endpoint.attach(NoHooks())
        if not self.endpoint.try_acquire_role():
            raise AssertionError("the role is not free")

    def put(self, position, data):
        """What does not fit before the ring's end goes to its start."""
        offset = position & (self.capacity - 1)
        first = min(len(data), self.capacity - offset)
        self.memory[RING + offset : RING + offset + first] = data[:first]
        self.memory[RING : RING + len(data) - first] = data[first:]

    def publish(self, tail):
        at = LANE + _layout.TAIL_OFFSET
        self.memory[at : at + 8] = (tail & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")

    def go_to(self, target):
        """Plain frames pass up to a position."""
        position = 0
        while position < target:
            size = min(self.max_frame, target - position)
            self.put(position, frame(REPLY, length=size))
            position += size
            self.publish(position)
            if self.endpoint.poll() is None:
                raise AssertionError("a plain frame did not pass: position=%d" % position)

    def refused(self):
        """The fault that the next look at the lane ends in."""
        try:
            found = self.endpoint.poll()
        except PeerFaultError as fault:
            if not fault.word:
                raise AssertionError("a fault that names no word: %s" % fault) from None
            return fault
        raise AssertionError("no fault but %r" % (found,))


def frame(kind, flags=0, depth=0, call_id=3, parent=0, payload=b"", length=None):
    length = HEADER + len(payload) if length is None else length
    head = struct.pack("<IBBHQQ", length & 0xFFFFFFFF, kind, flags, depth, call_id, parent)
    return head + payload + bytes(-len(payload) & 7)


class Results:
    def __init__(self):
        self.tries = self.failed = 0
        self.failures = []
        self.figures = {}
        self.facts = {}

    def attempt(self, what, action):
        """Whatever it raises is a failure."""
        self.tries += 1
        try:
            return action()
        except Exception as error:
            self.fail("%s: %s: %s" % (what, type(error).__name__, error))

    def fail(self, text):
        self.failed += 1
        self.failures.append(text)
        del self.failures[FAILURES_KEPT:]

    def record(self, name, unit, value):
        values = self.figures.setdefault(name, [unit, collections.Counter()])[1]
        values[value] += 1

    def answer(self):
        figures = {name: [unit, list(values.items())] for name, (unit, values) in self.figures.items()}
        return {
            "tries": self.tries,
            "failed": self.failed,
            "failures": self.failures,
            "facts": self.facts,
            "figures": figures,
        }


# ---- lengths and totals that cannot be


def lengths(lane, count, results, chance):
    longest = lane.max_frame
    cases = []
    for length in (-1, -(1 << 31), longest + 1, longest - 7, 0, HEADER - 1, lane.capacity, 1 << 30):
        for kind in (REPLY, INVOKE, PAD):
            call_id = 2 if kind == INVOKE else 0 if kind == PAD else 3
            bad = frame(kind, 0, 1 if kind == INVOKE else 0, call_id, length=length)
            cases.append(("length=%d, kind=%d" % (length, kind), 0, bad, longest - 16))
    for total in (0, -1, -(1 << 63), lane.attached.limits["maxMessageBytes"] + 1, 1 << 32):
        bad = frame(REPLY, _layout.MORE, payload=struct.pack("<Q", total & 0xFFFFFFFFFFFFFFFF) + b"x" * 32)
        cases.append(("total=%d" % total, 0, bad, len(bad)))
    end = lane.capacity - 64
    cases.append(("past the ring's end", end, frame(REPLY, length=128), end + 128))

    def play(at, bad, tail):
        lane.fresh()
        lane.go_to(at)
        lane.put(at, bad)
        lane.publish(tail)
        started = time.perf_counter_ns()
        lane.refused()
        return time.perf_counter_ns() - started

    def allocated(at, bad, tail):
        lane.fresh()
        lane.go_to(at)
        lane.put(at, bad)
        lane.publish(tail)
        tracemalloc.start()
        lane.refused()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        results.record("allocated while refusing, the exception included", "bytes", peak)
        if peak > MOST_BYTES:
            raise AssertionError("bytes=%d, at most %d" % (peak, MOST_BYTES))

    for _ in range(count):
        for what, *case in cases:
            taken = results.attempt(what, lambda: play(*case))
            if taken is not None:
                results.record("time to refuse", "us", taken)
    for what, *case in cases:
        if tracemalloc is not None:
            results.attempt(what, lambda: allocated(*case))


# ---- anything


def random_frames(lane, count, results, chance):
    """Random frames with a grain of sense, one at a time."""
    messages = faults = nothing = position = 0
    noise = chance.getrandbits(8 * lane.capacity).to_bytes(lane.capacity, "little")
    lane.memory[RING : RING + lane.capacity] = noise
    started = time.perf_counter()
    for _ in range(count):
        tail = mutate(lane, position, chance.random)
        results.tries += 1
        try:
            while lane.endpoint.poll() is not None:
                messages += 1
            nothing += 1
            position = tail
        except PeerFaultError:
            faults += 1
            position = 0
            lane.fresh()
        except Exception as error:
            results.fail("frame: %s: %s" % (type(error).__name__, error))
            position = 0
            lane.fresh()
    results.facts["frames a second"] = round(count / (time.perf_counter() - started))
    results.facts["messages"] = messages
    results.facts["faults"] = faults
    if not messages or not faults:
        results.fail("messages=%d, faults=%d" % (messages, faults))


def mutate(lane, position, rnd):
    """Writes a frame, and publishes it; the tail."""
    left = lane.capacity - (position & (lane.capacity - 1))
    length = int(rnd() * (1 << 32)) if rnd() < 0.06 else HEADER + int(rnd() * 200)
    kind = int(rnd() * 256) if rnd() < 0.06 else 1 + int(rnd() * 7)
    flags = int(rnd() * 256) if rnd() < 0.06 else int(rnd() * 4) if rnd() < 0.4 else 0
    call = kind in (INVOKE, _layout.NOTIFY)
    depth = int(rnd() * 70) if call or rnd() < 0.03 else 0
    call_id = 0 if kind >= _layout.READY else (2 if call or kind == CANCEL else 3) + 2 * int(rnd() * 4)
    if rnd() < 0.03:
        call_id = int(rnd() * (1 << 64))
    parent = call_id + 1 if call and rnd() < 0.5 else 0
    data = frame(kind, flags, depth, call_id, parent, length=length)
    if flags & 3 == 1:
        data += struct.pack("<Q", int(rnd() * 500))
    if left < HEADER + 224 and rnd() < 0.9:
        if left < lane.max_frame:
            data = frame(PAD, call_id=0, length=left)[:left].ljust(left, b"\0") + data
    lane.put(position, data)
    tail = position + (len(data) - HEADER if len(data) > HEADER + 8 else 0) + ((min(length, lane.capacity) + 7) & -8)
    if rnd() < 0.03:
        tail = int(rnd() * (1 << 64)) if rnd() < 0.5 else tail + 8
    lane.publish(tail)
    return tail


# ---- what each field can hold


def hostile_fields(lane, count, results, chance):
    total = struct.pack("<Q", 12)
    first = frame(REPLY, 1, payload=total + b"abcd")
    orders = {
        "CONTINUATION of nothing": [frame(REPLY, 3, payload=b"efgh")],
        "begun twice": [first, first],
        "ends as another kind": [first, frame(_layout.ERROR, 2, payload=b"efghijkl")],
        "whole between its fragments": [first, frame(REPLY, payload=b"x")],
        "more than its total": [first, frame(REPLY, 2, payload=b"efghijklm")],
        "less than its total": [first, frame(REPLY, 2, payload=b"efgh")],
        "MORE on the last": [first, frame(REPLY, 3, payload=b"efghijkl")],
        "an empty fragment": [first, frame(REPLY, 3)],
        "one byte too much, with MORE": [frame(REPLY, 1, payload=struct.pack("<Q", 1) + b"ab")],
    }
    pads = b"".join(frame(PAD, call_id=0, length=8)[:8] for _ in range(lane.capacity // 8))
    for _ in range(count):
        for kind in range(256):
            for flags in (0,) if kind > _layout.FATAL else (0x10, 0x20, 0x40, 0x80):
                call = kind in (INVOKE, _layout.NOTIFY)
                call_id = 0 if kind in (_layout.READY, _layout.FATAL) else 2 if call or kind == CANCEL else 3
                bad = frame(kind, flags, int(call), call_id)
                results.attempt("kind=%d, flags=%d" % (kind, flags), lambda: cost(lane, [bad], results))
        for what, frames in orders.items():
            results.attempt(what, lambda: cost(lane, frames, results))
        for _ in range(1_000_000 * 8 // lane.capacity + 1):
            results.attempt("a lane full of PADs", lambda: cost(lane, [pads], results, "of a lane full of PADs"))


def cost(lane, frames, results, what="of a garbage frame"):
    lane.fresh()
    position = 0
    for data in frames:
        lane.put(position, data)
        position += len(data)
    lane.publish(position)
    started = time.thread_time_ns()
    lane.refused()
    results.record("processor time " + what, "us", time.thread_time_ns() - started)


# ---- what changes while it is read


def changes(lane, count, results, chance):
    """Somebody flips length, kind, id and payload of the first frame: what is read is what was checked."""
    messages = faults = 0
    allowed = {24, lane.max_frame - HEADER}
    verdicts = collections.Counter()
    for _ in range(count):
        lane.fresh()
        lane.publish(lane.capacity)
        results.tries += 1
        try:
            found = lane.endpoint.poll()
            messages += 1
            first, second = verdict(lane.codec, found.payload), verdict(lane.codec, found.payload)
            fields = (found.kind, found.flags, found.depth, found.parent_id)
            if len(found.payload) not in allowed or fields != (REPLY, 0, 0, 0) or found.call_id not in (3, 5, 7):
                results.fail("%r was let pass" % found)
            if first != second:
                results.fail("%s, then %s" % (first, second))
            verdicts[first] += 1
        except PeerFaultError:
            faults += 1
        except Exception as error:
            results.fail("read: %s: %s" % (type(error).__name__, error))
    results.facts["messages"] = messages
    results.facts["faults"] = faults
    results.facts["verdicts on their payloads"] = len(verdicts)
    if not messages or not faults:
        results.fail("messages=%d, faults=%d" % (messages, faults))


def verdict(codec, payload):
    try:
        return repr(codec.decode_value(payload))
    except MalformedValueError as error:
        return str(error)


PARTS = {"lengths": lengths, "random": random_frames, "fields": hostile_fields, "changes": changes}


def main():
    twin, part, count, seed = sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
    with open(sys.argv[2], "rb") as file:
        message = _codec.decode_value(file.read()[4:])
    lane = Lane(twin, _segment.attach(message))
    results = Results()
    PARTS[part](lane, count, results, random.Random(seed))
    print(json.dumps(results.answer()))


if __name__ == "__main__":
    main()
