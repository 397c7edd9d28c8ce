"""The C codec against its pure twin: same bytes, same values, same verdicts."""

import gc
import os
import random
import sys
import unittest

import harness
from lockstep import _codec as pure
from lockstep import _layout

# A run that is about the pure twin leaves these out; without a runner they serve.
c = None if os.environ.get("LOCKSTEP_TEST_TWIN") == "py" else harness.codec("c")

NAN = float("nan")
VALUES = [
    None, True, False, 0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, 2**63,
    2**64 - 1, 2**64, 2**200, -1, -24, -25, -(2**63), -(2**63) - 1, -(2**64), -(2**64) - 1, -(2**100),
    0.0, -0.0, 1.5, 1e308, 5e-324, float("inf"), float("-inf"), NAN, "", "a", "\0", "\x7f", "\x80",
    "\u07ff", "\u0800", "\uffff", "\U0001f600" * 10, "x" * 70000, "\u20ac" * 300, b"", b"abc" * 100,
    bytearray(b"q"), [], [1, [2, [3]]], (1, 2), (), {}, {"a": 1, 2: "b", None: 3, True: 4, 1.5: 2},
    {b"x": 3}, {1, 2, 3}, frozenset("ab"), set(), {(1, 2): 3}, {NAN: 1}, list(range(1000)),
    {(1, (2, 3)): {4}}, {frozenset([1]): 2}, [[]] * 50, {"k": [{"k": ({1},)}]},
]  # fmt: skip


class Weird(int):
    pass


def verdict(function, *arguments):
    """What comes out, as text: a value and an error compare alike."""
    try:
        return repr(function(*arguments))
    except Exception as error:  # noqa: B902 - the verdict is what is compared
        return "%s: %s" % (type(error).__name__, error)


@unittest.skipIf(c is None, "of the C twin alone")
class AcceleratorCodecTest(unittest.TestCase):
    def tearDown(self):
        c.configure(_layout.DEFAULT_LIMITS)

    def test_it_was_built_from_these_sources(self):
        from lockstep import _build

        self.assertEqual(_build.SOURCE_HASH, c.SOURCE_HASH)

    def test_both_twins_write_the_same_bytes_and_read_the_same_values(self):
        for value in VALUES:
            with self.subTest(value=repr(value)[:60]):
                encoded = pure.encode_value(value)
                self.assertEqual(encoded, c.encode_value(value))
                self.assertEqual(repr(pure.decode_value(encoded)), repr(c.decode_value(encoded)))

    def test_calls_are_written_and_read_alike(self):
        for name, args, kwargs in [
            ("f", (), {}),
            ("\u00e9.x", (1, "a", [None]), {"k": [1], "\u00e9": {}}),
            ("n" * 1024, tuple(range(300)), {}),
        ]:
            encoded = pure.encode_call(name, args, kwargs)
            self.assertEqual(encoded, c.encode_call(name, args, kwargs))
            self.assertEqual((name, list(args), kwargs), c.decode_call(encoded, bool(kwargs)))

    def test_what_cannot_cross_gets_the_same_error_from_both(self):
        cyclic = []
        cyclic.append({"me": cyclic})
        deep = value = []
        for _ in range(100):
            value.append([])
            value = value[0]
        for number, bad in enumerate(["\ud800", [object()], 1 + 2j, cyclic, deep, {"a": [1, print]}, 1 << 40000, {1: "\udfff"}]):
            with self.subTest(number=number):
                self.assertEqual(verdict(pure.encode_value, bad), verdict(c.encode_value, bad))
                self.assertEqual(
                    verdict(pure.encode_call, "f", (bad,), {"k": bad}),
                    verdict(c.encode_call, "f", (bad,), {"k": bad}),
                )
        for name in ("", "n" * 1025, "\ud800"):
            self.assertEqual(verdict(pure.encode_call, name, (), {}), verdict(c.encode_call, name, (), {}))

    def test_objects_of_other_types_are_spliced_in(self):
        import datetime
        import decimal

        value = [Weird(3), {"d": decimal.Decimal("1.50")}, datetime.date(2020, 1, 2), "end"]
        self.assertEqual(pure.encode_value(value), c.encode_value(value))
        self.assertEqual([3, {"d": decimal.Decimal("1.50")}, datetime.date(2020, 1, 2), "end"],
                         c.decode_value(c.encode_value(value)))  # fmt: skip

    def test_an_exception_of_user_code_comes_out_as_it_is_and_once(self):
        import dataclasses

        calls = []

        @dataclasses.dataclass
        class Broken:
            x: int = 0

            def __getattribute__(self, name):
                if name == "x":
                    calls.append(name)
                    raise KeyboardInterrupt
                return object.__getattribute__(self, name)

        broken = Broken.__new__(Broken)
        with self.assertRaises(KeyboardInterrupt):
            c.encode_value([1, broken])
        self.assertEqual(["x"], calls)

    def test_a_list_that_user_code_changes_meanwhile_does_no_harm(self):
        import dataclasses

        for change in (lambda values: values.clear(), lambda values: values.extend([1] * 100)):

            @dataclasses.dataclass
            class Changer:
                x: int = 0

                def __getattribute__(self, name, change=change):
                    if name == "x":
                        change(self.values)
                        return 0
                    return object.__getattribute__(self, name)

            changer = Changer.__new__(Changer)
            values = [1, changer, object, 3]
            object.__setattr__(changer, "values", values)
            verdict(c.encode_value, values)
            mapping = {"a": changer, "b": 2}
            object.__setattr__(changer, "values", mapping)
            verdict(c.encode_value, mapping)

    def test_limits_hold_for_both(self):
        small = dict(_layout.DEFAULT_LIMITS, maxNesting=3, maxItems=10, maxIntegerBytes=16, maxNameBytes=5)
        good = [[[[1]]], [[[1, 2]]], list(range(10)), list(range(11)), 2**127, 2**129, {1: {2: {3: 4}}}]
        encoded = [pure.encode_value(value) for value in good]
        names = [pure.encode_call("n" * length, (), {}) for length in (5, 6)]
        c.configure(small)
        for value, data in zip(good, encoded):
            with self.subTest(value=value):
                self.assertEqual(verdict(pure.encode_value, value), verdict(c.encode_value, value))
                self.assertEqual(verdict(pure.decode_value, data), verdict(c.decode_value, data))
        for data in names:
            self.assertEqual(verdict(pure.decode_call, data, False), verdict(c.decode_call, data, False))

    def test_mutated_bytes_get_the_same_verdict_with_the_same_position(self):
        seed = random.randrange(1 << 32)
        rnd = random.Random(seed)
        encoded = [pure.encode_value(value) for value in VALUES if len(repr(value)) < 500]
        for _ in range(20000):
            if rnd.random() < 0.5:
                data = bytearray(rnd.choice(encoded))
            else:
                data = bytearray(rnd.randrange(256) for _ in range(rnd.randrange(1, 14)))
            for _ in range(rnd.randrange(3)):
                if data:
                    data[rnd.randrange(len(data))] = rnd.choice((0xFF, 0x7F, 0x9F, 0xBF, rnd.randrange(256)))
            data = bytes(data)
            self.assertEqual(
                verdict(pure.decode_value, data), verdict(c.decode_value, data), (seed, data.hex())
            )
            self.assertEqual(
                verdict(pure.decode_call, data, True), verdict(c.decode_call, data, True), (seed, data.hex())
            )

    def test_announced_lengths_allocate_nothing(self):
        for data in (b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
                     b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
                     b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff", b"\x9a\x00\xff\xff\xff\x01"):  # fmt: skip
            self.assertEqual(verdict(pure.decode_value, data), verdict(c.decode_value, data))

    def test_nothing_leaks(self):
        if not hasattr(sys, "gettotalrefcount"):
            blocks = sys.getallocatedblocks
        else:
            blocks = sys.gettotalrefcount
        encoded = [c.encode_value(value) for value in VALUES]
        broken = [data[:-1] for data in encoded] + [data + b"\x00" for data in encoded]
        bad = [[object()], {"a": "\ud800"}, [1, {2: 1j}]]

        def everything():
            for value in VALUES:
                c.encode_value(value)
                c.encode_call("f", (value,), {"k": value})
            for data in encoded + broken:
                verdict(c.decode_value, data)
                verdict(c.decode_call, data, True)
            for value in bad:
                verdict(c.encode_value, value)

        # Free lists and caches fill at first; a leak grows in every round.
        grown = []
        for _ in range(6):
            gc.collect()
            before = blocks()
            for _ in range(60):
                everything()
            gc.collect()
            grown.append(blocks() - before)
        self.assertLess(min(grown), 60, grown)


if __name__ == "__main__":
    unittest.main()
