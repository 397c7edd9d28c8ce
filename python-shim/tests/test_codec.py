"""Values to bytes and back, and what is refused: the same on both twins."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import os
import random
import struct
import sys
import unittest
from unittest import mock
import uuid

from harness import RESOURCES, SHORT, TestCase, codec
from lockstep import _codec as pure
from lockstep import _layout
from lockstep.errors import MalformedValueError, MessageTooLargeError, UnserializableError

Decimal = decimal.Decimal
UTC = datetime.timezone.utc

try:
    import zoneinfo

    BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
except Exception:  # noqa: B902 - no time zone data
    BERLIN = None

try:
    import numpy
except ImportError:
    numpy = None


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    when: object = None
    count = 7  # a class variable, no field


Pair = collections.namedtuple("Pair", "left right")


class Integer(int):
    def __int__(self):
        return 99

    __index__ = __int__


class Text(str):
    def __str__(self):
        return "another"


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


class CodecTest(TestCase):
    def setUp(self):
        self.codec = codec()
        self.configure()

    def configure(self, **limits):
        both = dict(_layout.DEFAULT_LIMITS, **limits)
        pure.configure(both)
        if self.codec is not pure:
            self.codec.configure(both)
        if limits:
            self.addCleanup(self.configure)

    def through(self, value):
        return self.codec.decode_value(self.codec.encode_value(value))

    def assert_same(self, value, expected=None):
        expected = value if expected is None else expected
        result = self.through(value)
        self.assertEqual(result, expected)
        self.assertIs(type(result), type(expected))

    def assert_refused(self, value, path, type_name=None, reason=None):
        with self.assertRaises(UnserializableError) as caught:
            self.codec.encode_value(value)
        self.assertEqual(caught.exception.path, path)
        if type_name:
            self.assertEqual(caught.exception.type, type_name)
        if reason:
            self.assertIn(reason, str(caught.exception))

    def assert_malformed(self, data, reason=None, position=None):
        with self.assertRaises(MalformedValueError) as caught:
            self.codec.decode_value(bytes.fromhex(data) if isinstance(data, str) else data)
        if reason:
            self.assertIn(reason, str(caught.exception))
        if position is not None:
            self.assertEqual(caught.exception.position, position)


class PlainValuesTest(CodecTest):
    def test_keys_that_come_again_are_the_keys_that_came(self):
        """The accelerator keeps short keys by three of their bytes: these share them, and their length."""
        for _ in range(2):
            for key in ("axbyc", "azbzc", "a\u00e9bc", "\u00e9bcd", "a\x00bc", "a", "", "ab", "x" * 23, "x" * 24):
                self.assert_same({key: 1})
                self.assert_same([{key: {key: key}}, {key: None}])
        maps = [{"k%d" % i: i, "\u043a%d" % i: 1, "a" + "b" * (i % 40) + "c": 2, i: 3} for i in range(2000)]
        for _ in range(2):
            self.assert_same(maps)

    def test_scalars_come_back_as_they_went(self):
        for value in (None, True, False, 0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32):
            self.assert_same(value) if value is not None else self.assertIsNone(self.through(None))
        for value in (2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**100, 10**5000):
            self.assert_same(value)
            self.assert_same(-value)
            self.assert_same(-value - 1)
        for value in (0.0, 1.5, -1e308, 5e-324, math.inf, -math.inf):
            self.assert_same(value)
        self.assertEqual(math.copysign(1, self.through(-0.0)), -1)
        self.assertTrue(math.isnan(self.through(math.nan)))

    def test_a_boolean_stays_one(self):
        self.assertIs(self.through(True), True)
        self.assertIs(self.through([False])[0], False)

    def test_text_and_bytes_of_all_sizes(self):
        for size in (0, 1, 23, 24, 255, 256, 65535, 65536):
            self.assert_same("x" * size)
            self.assert_same("ä" * size)
            self.assert_same("\U0001f600" * (size // 4))
            self.assert_same(b"\x00" * size)
            self.assert_same(bytearray(b"\xff" * size), b"\xff" * size)
        self.assert_same("a\0b")

    def test_containers(self):
        self.assert_same([1, [2, [3, []]], {"a": {}}])
        self.assert_same((1, 2), [1, 2])
        self.assert_same({1, "a", None, (2, 3)})
        self.assert_same(frozenset([frozenset([1])]), {frozenset([1])})
        self.assert_same({None: 1, 2: "two", 1.5: 3, (1, (2,)): 4, b"k": 5, frozenset([1]): 6})

    def test_the_order_of_a_dict_stays(self):
        value = {str(n): n for n in (3, 1, 2)}
        self.assertEqual(list(self.through(value)), ["3", "1", "2"])

    def test_hostile_keys_are_plain_data(self):
        self.assert_same({"__proto__": 1, "__class__": 2, "": 3, "a.b": 4, "k" * 10_000: 5})

    def test_many_small_values(self):
        count = 20_000 if SHORT else 1_000_000
        self.assert_same(list(range(count)))
        self.assert_same({str(n): n for n in range(count // 10)})

    def test_one_object_twice_is_two_equal_values(self):
        shared = {"a": 1}
        self.assert_same([shared, shared])

    def test_what_is_written_is_the_shortest_form(self):
        for value, expected in (
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (256, "190100"),
            (65536, "1a00010000"),
            (2**32, "1b0000000100000000"),
            (-1, "20"),
            (2**64, "c249010000000000000000"),
            (-(2**64) - 1, "c349010000000000000000"),
            (1.0, "fb3ff0000000000000"),
            (math.nan, "f97e00"),
            ("a", "6161"),
            (b"a", "4161"),
            ([], "80"),
            ({}, "a0"),
            (set(), "d9010280"),
            (None, "f6"),
        ):
            with self.subTest(value):
                self.assertEqual(self.codec.encode_value(value).hex(), expected)

    def test_both_twins_write_the_same(self):
        for value in (
            [1, -5, "x", b"y", None, True, 1.5, {"a": {1, 2}}, (1,), frozenset([3])],
            {"d": Decimal("1.5"), "u": uuid.UUID(int=5), "p": Point(1, [Colour.RED])},
        ):
            self.assertEqual(self.codec.encode_value(value), pure.encode_value(value))
            self.assertEqual(
                self.codec.encode_call("f", (value,), {"k": value}),
                pure.encode_call("f", (value,), {"k": value}),
            )

    def test_a_call_is_name_arguments_and_keywords(self):
        payload = self.codec.encode_call("math.add", (1, "x"), {"b": [2]})
        self.assertEqual(
            tuple(self.codec.decode_call(payload, True)), ("math.add", [1, "x"], {"b": [2]})
        )
        payload = self.codec.encode_call("f", (), {})
        self.assertEqual(tuple(self.codec.decode_call(payload, False)), ("f", [], {}))

    def test_a_name_has_a_limit(self):
        self.assertTrue(self.codec.encode_call("n" * 1024, (), {}))
        for name in ("", "n" * 1025, "ä" * 513):
            with self.assertRaises(ValueError):
                self.codec.encode_call(name, (), {})
        for payload in (b"\x01\x80", b"\x60\x80", b"\x79\x04\x01" + b"n" * 1025 + b"\x80"):
            with self.assertRaises(MalformedValueError):
                self.codec.decode_call(payload, False)

    def test_the_payload_of_a_call_is_checked(self):
        for payload in ("6166", "616600", "616680ff", "6166a0"):
            with self.assertRaises(MalformedValueError, msg=payload):
                self.codec.decode_call(bytes.fromhex(payload), False)
        for payload in ("616680", "61668080", "616680a10102"):
            with self.assertRaises(MalformedValueError, msg=payload):
                self.codec.decode_call(bytes.fromhex(payload), True)


class RicherValuesTest(CodecTest):
    def test_decimals(self):
        for text in ("1.50", "0", "0.00", "-3", "1E+30", "1E-30", "-1.5E-2000000000"):
            value = Decimal(text)
            result = self.through(value)
            self.assertEqual(result.as_tuple(), value.as_tuple())

    def test_decimals_of_more_digits_than_an_interpreter_prints(self):
        value = Decimal((1, (7,) * 9000, -4500))
        self.assertEqual(self.through(value).as_tuple(), value.as_tuple())

    def test_what_a_decimal_cannot_say_in_java_is_refused(self):
        for text in ("NaN", "sNaN", "Infinity", "-Infinity", "-0", "-0E+3", "-0.00"):
            self.assert_refused([Decimal(text)], "result[0]", "decimal.Decimal")

    def test_uuid(self):
        self.assert_same(uuid.UUID("12345678-1234-5678-1234-567812345678"))

    def test_dates_and_times(self):
        for value in (
            datetime.date(1, 1, 1),
            datetime.date(9999, 12, 31),
            datetime.time(0, 0),
            datetime.time(23, 59, 59, 999999),
            datetime.datetime(2020, 2, 29, 1, 2, 3),
            datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
            datetime.datetime(2020, 2, 29, tzinfo=UTC),
            datetime.timedelta(0),
            datetime.timedelta(days=-1, microseconds=1),
            datetime.timedelta.min,
            datetime.timedelta.max,
        ):
            self.assert_same(value)

    def test_an_offset_stays(self):
        for seconds in (3600, -3600, 19800, -34200, 64800, -64800, 30, -3630):
            zone = datetime.timezone(datetime.timedelta(seconds=seconds))
            value = datetime.datetime(2021, 5, 6, 7, 8, 9, 10, tzinfo=zone)
            self.assert_same(value)
            self.assertEqual(self.through(value).utcoffset().total_seconds(), seconds)

    @unittest.skipIf(BERLIN is None, "no time zone data")
    def test_a_named_zone_stays_and_so_does_the_second_of_two_equal_hours(self):
        for fold in (0, 1):
            value = datetime.datetime(2020, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN)
            result = self.through(value)
            self.assertEqual(result.tzinfo.key, "Europe/Berlin")
            self.assertEqual(result.utcoffset(), value.utcoffset())
            self.assertEqual(result.fold, fold)

    @unittest.skipIf(BERLIN is None, "no time zone data")
    def test_where_rules_differ_neither_the_clock_nor_the_instant_is_changed_silently(self):
        for text in ("2020-07-01T12:00:00+05:00", "2020-03-29T02:30:00+01:00", "2020-03-29T02:30:00+02:00"):
            data = b"\xd9\xa8\x5f" + self.codec.encode_value([text, "Europe/Berlin"])
            self.assert_malformed(data, "the zone has another offset at that time here", 0)
        for text in ("2020-10-25T02:30:00+01:00", "2020-10-25T02:30:00+02:00", "0001-01-01T00:00:00+00:53:28"):
            data = b"\xd9\xa8\x5f" + self.codec.encode_value([text, "Europe/Berlin"])
            self.assertEqual("Europe/Berlin", self.codec.decode_value(data).tzinfo.key)

    def test_nanoseconds_are_cut(self):
        data = b"\xc0" + self.codec.encode_value("2020-01-01T00:00:00.123456999Z")
        self.assertEqual(self.codec.decode_value(data).microsecond, 123456)
        data = b"\xd9\xa8\x5e" + self.codec.encode_value([-1, 999_999_999])
        self.assertEqual(
            self.codec.decode_value(data), datetime.timedelta(seconds=-1, microseconds=999_999)
        )

    def test_texts_of_time_as_java_writes_them(self):
        for tag, text, expected in (
            (0, "2020-01-01T10:15Z", datetime.datetime(2020, 1, 1, 10, 15, tzinfo=UTC)),
            (43100, "2020-01-01T10:15", datetime.datetime(2020, 1, 1, 10, 15)),
            (43101, "10:15", datetime.time(10, 15)),
            (43101, "10:15:30.5", datetime.time(10, 15, 30, 500_000)),
        ):
            head = b"\xc0" if tag == 0 else b"\xd9" + tag.to_bytes(2, "big")
            self.assertEqual(self.codec.decode_value(head + self.codec.encode_value(text)), expected)

    def test_texts_that_are_no_time_are_refused(self):
        for tag, text in (
            (0, "2020-01-01T10:15:00"),
            (0, "2020-13-01T10:15:00Z"),
            (0, "2020-01-01 10:15:00Z"),
            (0, "+12345-01-01T10:15:00Z"),
            (0, "2020-01-01T10:15:60Z"),
            (0, "2020-01-01T10:15:00.Z"),
            (0, "2020-01-01T10:15:00.1234567890Z"),
            (0, "2020-01-01T10:15:00+1:00"),
            (0, "2020-01-01T10:15:00+25:00"),
            (0, "٢٠٢٠-01-01T10:15:00Z"),
            (1004, "2020-1-1"),
            (1004, "2020-02-30"),
            (43100, "2020-01-01T10:15:00Z"),
            (43101, "24:00"),
            (43101, ""),
        ):
            head = b"\xc0" if tag == 0 else b"\xd9" + tag.to_bytes(2, "big")
            with self.subTest(text):
                self.assert_malformed(head + self.codec.encode_value(text))

    def test_durations_out_of_range_are_refused(self):
        for content in ([0, -1], [0, 10**9], [10**30, 0], [0], [0, 1.5], [True, 0]):
            with self.subTest(content):
                self.assert_malformed(b"\xd9\xa8\x5e" + self.codec.encode_value(content))

    def test_enums_dataclasses_named_tuples(self):
        self.assert_same([Colour.RED, Level.HIGH], ["red", 3])
        self.assert_same(Point(1, Pair(2, None)), {"x": 1, "when": [2, None]})
        self.assert_same(collections.OrderedDict(a=1), {"a": 1})
        self.assert_same(collections.Counter("aa"), {"a": 2})
        self.assert_same(collections.defaultdict(list, a=[1]), {"a": [1]})

    def test_a_subclass_is_read_as_what_it_holds(self):
        self.assert_same(Integer(5), 5)
        self.assert_same(Text("mine"), "mine")


class ArraysTest(CodecTest):
    def test_arrays_of_every_typecode(self):
        for typecode in "bBhHiIqQfd":
            value = array.array(typecode, [0, 1, 100])
            result = self.through(value)
            self.assertEqual(result, value)
            self.assertEqual(result.typecode, typecode)
        self.assertEqual(self.through(array.array("l", [1])).typecode, "q")
        self.assert_same(array.array("d"))

    def test_big_endian_arrays_are_read(self):
        data = b"\xd8\x49\x44\x00\x01\xff\xfe"
        self.assertEqual(self.codec.decode_value(data), array.array("h", [1, -2]))

    def test_half_floats_are_read(self):
        for tag, content in ((84, b"\x00\x3c\x00\xc0"), (80, b"\x3c\x00\xc0\x00")):
            result = self.codec.decode_value(b"\xd8" + bytes([tag]) + b"\x44" + content)
            self.assertEqual(list(result), [1.0, -2.0])
            if sys.version_info >= (3, 12):
                self.assertEqual(result.format, "e")
                self.assertEqual(
                    self.codec.encode_value(result), b"\xd8\x54\x44\x00\x3c\x00\xc0"
                )

    def test_boolean_arrays(self):
        view = memoryview(b"\x01\x00\x01").cast("?")
        result = self.through(view)
        self.assertEqual((result.format, result.tolist()), ("?", [True, False, True]))
        self.assert_malformed("d9a8614102")

    def test_a_view_of_one_dimension_is_exactly_the_bytes_that_it_shows(self):
        data = bytes(range(10))
        self.assert_same(memoryview(data)[2:5], data[2:5])
        self.assert_same(memoryview(data)[::3], data[::3])
        self.assert_same(memoryview(data)[::-1], data[::-1])
        self.assert_same(memoryview(array.array("h", [1, 2])), struct.pack("<2h", 1, 2))

    def test_a_view_of_more_dimensions_keeps_its_shape(self):
        view = memoryview(array.array("d", range(6))).cast("B").cast("d", (2, 3))
        result = self.through(view)
        self.assertEqual(result.shape, (2, 3))
        self.assertEqual(result.tolist(), [[0, 1, 2], [3, 4, 5]])

    def test_column_major_arrays_are_turned(self):
        shaped = [[2, 3], array.array("B", [0, 3, 1, 4, 2, 5])]
        data = b"\xd9\x04\x10" + self.codec.encode_value(shaped)
        self.assertEqual(self.codec.decode_value(data).tolist(), [[0, 1, 2], [3, 4, 5]])

    def test_shapes_that_do_not_fit_are_refused(self):
        for shape in ([2, 2], [], [-1, -6], [6.0], ["6"], [True, 6], [1] * 40):
            data = b"\xd8\x28" + self.codec.encode_value([shape, array.array("B", range(6))])
            with self.subTest(shape):
                self.assert_malformed(data)
        for rest in ([[6], [1, 2, 3, 4, 5, 6]], [[1]], [], [[1], b"1"]):
            self.assert_malformed(b"\xd8\x28" + self.codec.encode_value(rest))

    def test_an_empty_array_of_two_dimensions_has_its_rows(self):
        data = b"\xd8\x28" + self.codec.encode_value([[2, 0], array.array("d")])
        self.assertEqual(self.codec.decode_value(data), [[], []])
        data = b"\xd8\x28" + self.codec.encode_value([[2**30, 0], array.array("d")])
        self.assert_malformed(data)

    def test_typed_arrays_of_a_broken_size_and_unused_tags_are_refused(self):
        for data in ("d8454101", "d84c40", "d85350" + "00" * 16, "d85740", "d84580", "d84061" + "61"):
            self.assert_malformed(data)

    def test_what_an_array_cannot_say_is_refused(self):
        view = memoryview(b"ab").cast("c", (1, 2)) if sys.implementation.name == "cpython" else 1j
        for value in (array.array("u", "ab"), view):
            self.assert_refused([value], "result[0]")

    @unittest.skipIf(numpy is None, "numpy is not installed for this interpreter")
    def test_numpy_arrays_of_any_order_stride_and_rank(self):
        base = numpy.arange(24, dtype="int32").reshape(2, 3, 4)
        for value in (
            base,
            base[:, ::2, ::-1],
            numpy.asfortranarray(base),
            base.astype(">i4"),
            base.astype("float32")[0],
            base % 2 == 0,
        ):
            result = numpy.asarray(self.through(value))
            self.assertTrue((result == value).all())
            self.assertEqual(result.dtype, value.dtype.newbyteorder("="))
        for dtype in ("int8", "uint8", "int16", "uint16", "uint32", "int64", "uint64", "float64"):
            value = numpy.array([1, 2, 3], dtype=dtype)[::2]
            result = numpy.asarray(self.through(value))
            self.assertEqual(result.dtype, value.dtype)
            self.assertEqual(result.tolist(), [1, 3])
        self.assertEqual(self.through(numpy.array([True, False])).tolist(), [True, False])
        self.assertEqual(list(self.through(numpy.array([1.5, 2], dtype="float16"))), [1.5, 2.0])
        self.assertEqual(self.through(numpy.zeros((2, 0))), [[], []])

    @unittest.skipIf(numpy is None, "numpy is not installed for this interpreter")
    def test_numpy_scalars(self):
        for value, expected in (
            (numpy.int8(-3), -3),
            (numpy.uint64(2**64 - 1), 2**64 - 1),
            (numpy.float32(1.5), 1.5),
            (numpy.float64(1.5), 1.5),
            (numpy.float16(1.5), 1.5),
            (numpy.bool_(True), True),
            (numpy.str_("x"), "x"),
            (numpy.array(5), 5),
        ):
            self.assert_same(value, expected)

    @unittest.skipIf(numpy is None, "numpy is not installed for this interpreter")
    def test_numpy_arrays_that_cannot_cross(self):
        for value in (
            numpy.array([object()]),
            numpy.array([1j]),
            numpy.array(["a"]),
            numpy.array(["2020-01-01"], dtype="datetime64[D]"),
            numpy.ma.array([1, 2], mask=[True, False]),
            numpy.zeros(2, dtype=[("a", "i4")]),
            numpy.complex128(1j),
            numpy.datetime64("2020-01-01"),
        ):
            self.assert_refused({"a": value}, 'result["a"]')


class RefusedWhileEncodingTest(CodecTest):
    def test_the_path_says_where(self):
        row = {"when": Point(1, datetime.time(1, tzinfo=UTC))}
        value = {"rows": [0, 1, 2, row]}
        self.assert_refused(value, 'result["rows"][3]["when"].when', "datetime.time")
        with self.assertRaises(UnserializableError) as caught:
            self.codec.encode_call("f", ({"cb": lambda: 1},), {})
        self.assertEqual(caught.exception.path, 'args[0]["cb"]')
        with self.assertRaises(UnserializableError) as caught:
            self.codec.encode_call("f", (1,), {"x": [object()]})
        self.assertEqual(caught.exception.path, 'kwargs["x"][0]')

    def test_what_cannot_cross(self):
        def generator():
            yield

        with open(os.devnull) as file:
            for value in (
                lambda: 1,
                generator(),
                generator,
                file,
                object(),
                int,
                len,
                1j,
                ValueError("x"),
                sys,
                range(3),
                iter([]),
                {}.keys(),
                NotImplemented,
                ...,
            ):
                with self.subTest(type(value).__name__):
                    self.assert_refused([value], "result[0]")

    def test_lone_surrogates(self):
        self.assert_refused(["\udcff"], "result[0]", "str", "surrogate")
        self.assert_refused({"a": "x\ud800"}, 'result["a"]', "str", "surrogate")
        with self.assertRaises(UnserializableError):
            self.codec.encode_value({"\ud800": 1})
        with self.assertRaises(UnserializableError):
            self.codec.encode_call("\ud800", (), {})

    def test_cycles(self):
        a = []
        a.append(a)
        self.assert_refused(a, "result[0]", "list", "cyclic")
        d = {"x": {}}
        d["x"]["y"] = [d]
        self.assert_refused(d, 'result["x"]["y"][0]', "dict", "cyclic")
        point = Point(1)
        point.when = point
        self.assert_refused(point, "result.when", None, "cyclic")

    def test_nesting_has_a_limit_that_the_error_names(self):
        self.assert_same(nested(64))
        for depth in (65, 100, 5_000, 100_000):
            with self.assertRaises(UnserializableError) as caught:
                self.codec.encode_value(nested(depth))
            self.assertIn("64", str(caught.exception))
        with self.assertRaises(UnserializableError):
            self.codec.encode_value([nested(64)])

    def test_integers_have_a_limit(self):
        self.assert_same(256**4096 - 1)
        self.assert_same(-(256**4096))
        self.assert_refused([256**4096], "result[0]", "int", "4096")

    def test_items_have_a_limit(self):
        self.configure(maxItems=10)
        self.assert_same(list(range(10)))
        for value in (list(range(11)), [[1, 2, 3]] * 5, {n: n for n in range(6)}):
            with self.assertRaises(UnserializableError):
                self.codec.encode_value(value)

    def test_too_many_items_are_refused_without_a_walk_over_all_of_them(self):
        self.configure(maxItems=10)
        with mock.patch.object(pure, "_walk", side_effect=AssertionError("walked")):
            with self.assertRaisesRegex(UnserializableError, "path=result, type=list .*maxItems=10"):
                self.codec.encode_value([0] * 11)

    def test_messages_have_a_limit(self):
        self.configure(maxMessageBytes=1000)
        self.assert_same("x" * 900)
        with self.assertRaises(MessageTooLargeError) as caught:
            self.codec.encode_value("x" * 1000)
        self.assertIn("1000", str(caught.exception))

    def test_a_getter_that_raises_raises(self):
        @dataclasses.dataclass
        class Broken:
            x: int

            def __getattribute__(self, name):
                if name == "x":
                    raise RuntimeError("getter")
                return super().__getattribute__(name)

        with self.assertRaises((RuntimeError, AttributeError)):
            self.codec.encode_value([Broken.__new__(Broken)])


class MalformedTest(CodecTest):
    def test_what_no_encoder_of_ours_writes_is_refused_with_its_reason(self):
        for data, reason in (
            ("", "too early"),
            ("18", "too early"),
            ("1901", "too early"),
            ("0000", "after the value"),
            ("1c", "additional information"),
            ("1f", "additional information"),
            ("62", None),
            ("61ff", "UTF-8"),
            ("62c080", "UTF-8"),
            ("63eda080", "UTF-8"),
            ("81", None),
            ("9affffffff", None),
            ("9bffffffffffffffff", None),
            ("5bffffffffffffffff", None),
            ("bbffffffffffffffff", None),
            ("a1", None),
            ("a10001" + "00", "after the value"),
            ("a2000100" + "01", "duplicate"),
            ("a2f501" + "0102", "duplicate"),
            ("bf00010002ff", "duplicate"),
            ("a1a000", "key"),
            ("a1d84041" + "0100", None),
            ("f7", "undefined"),
            ("f0", "simple"),
            ("f814", "simple"),
            ("f8ff", "simple"),
            ("fc", None),
            ("ff", "break"),
            ("9f", None),
            ("9f00", None),
            ("bf00ff", None),
            ("5f00ff", None),
            ("5f6100ff", None),
            ("5f5f4100ffff", None),
            ("7f61c3" + "61a4ff", "UTF-8"),
            ("c10a", "tag"),
            ("d81801", "tag"),
            ("d9d9f700", "tag"),
            ("c200", "tag"),
            ("c26161", "tag"),
            ("c2c24101", "tag"),
            ("c000", "tag"),
            ("c482f500", "tag"),
            ("c48100", "tag"),
            ("c4820041" + "01", "tag"),
            ("c4821b0000001000000000" + "01", "tag"),
            ("d8254f" + "00" * 15, "tag"),
            ("d90102a0", "258"),
            ("d90102820101", "duplicate"),
            ("d9010281a0", "key"),
            ("d90102" + "82" + "01f5", "duplicate"),
        ):
            with self.subTest(data):
                self.assert_malformed(data, reason)

    def test_any_valid_form_is_read(self):
        for data, expected in (
            ("1800", 0),
            ("1b0000000000000001", 1),
            ("f93c00", 1.0),
            ("fa3fc00000", 1.5),
            ("9f0102ff", [1, 2]),
            ("bf616101ff", {"a": 1}),
            ("5f41014102ff", b"\x01\x02"),
            ("7f61616162ff", "ab"),
            ("5fff", b""),
            ("c24200ff", 255),
            ("c240", 0),
            ("a1820102" + "03", {(1, 2): 3}),
            ("d9010281820102", {(1, 2)}),
            ("d901029f01ff", {1}),
        ):
            with self.subTest(data):
                self.assertEqual(self.codec.decode_value(bytes.fromhex(data)), expected)

    def test_nesting_is_bounded(self):
        for head, depth in (("81", 64), ("81", 65), ("9f", 65), ("a100", 65), ("81", 100_000)):
            data = bytes.fromhex(head) * (depth - 1) + b"\x80"
            if depth == 64:
                self.codec.decode_value(data)
            else:
                self.assert_malformed(data, "64" if head == "81" else None)
        self.assert_malformed(b"\xc2" * 100_000)
        self.assert_malformed(b"\xd9\x01\x02\x81" * 50_000)

    def test_integers_and_items_are_bounded(self):
        data = b"\xc2\x59\x10\x01" + b"\xff" * 4097
        self.assert_malformed(data, "4096")
        self.configure(maxItems=10)
        self.assert_malformed(b"\x8b" + b"\x00" * 11, "10")
        self.assert_malformed(b"\x9f" + b"\x00" * 11 + b"\xff", "10")

    def test_both_twins_judge_random_bytes_alike(self):
        chance = random.Random(20240501)
        heads = [0x00, 0x18, 0x20, 0x41, 0x61, 0x81, 0x82, 0xA1, 0x9F, 0xBF, 0xFF, 0xC2, 0xC4]
        heads += [0xF4, 0xF6, 0xF7, 0xF9, 0xFB, 0xD8, 0xD9, 0x5F, 0x7F]
        for round_number in range(2_000 if SHORT else 30_000):
            data = bytes(
                chance.choice(heads) if chance.random() < 0.7 else chance.randrange(256)
                for _ in range(chance.randrange(1, 24))
            )
            self.assertEqual(self.verdict(pure, data), self.verdict(self.codec, data), data.hex())

    def verdict(self, module, data):
        try:
            return repr(module.decode_value(data))
        except MalformedValueError as error:
            return "refused"


class RandomValuesTest(CodecTest):
    def value(self, chance, depth=0):
        kind = chance.randrange(14 if depth < 4 else 9)
        if kind == 0:
            return None
        if kind == 1:
            return chance.random() < 0.5
        if kind == 2:
            return chance.randrange(-(2 ** chance.randrange(1, 200)), 2 ** chance.randrange(1, 200))
        if kind == 3:
            return chance.uniform(-1e10, 1e10)
        if kind == 4:
            return "".join(chr(chance.randrange(0xD800)) for _ in range(chance.randrange(40)))
        if kind == 5:
            return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        if kind == 6:
            return Decimal((chance.randrange(2), (chance.randrange(1, 10), 5), chance.randrange(-9, 9)))
        if kind == 7:
            return datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=chance.randrange(10**9))
        if kind == 8:
            return datetime.timedelta(microseconds=chance.randrange(-(10**15), 10**15))
        if kind < 11:
            return [self.value(chance, depth + 1) for _ in range(chance.randrange(6))]
        if kind == 11:
            return {chance.randrange(1000) for _ in range(chance.randrange(6))}
        return {
            "k%d" % n: self.value(chance, depth + 1) for n in range(chance.randrange(6))
        }

    def test_random_values_come_back_and_both_twins_write_the_same(self):
        chance = random.Random(7)
        for _ in range(300 if SHORT else 3_000):
            value = self.value(chance)
            data = self.codec.encode_value(value)
            self.assertEqual(data, pure.encode_value(value))
            self.assertEqual(self.codec.decode_value(data), value)


class FixturesTest(CodecTest):
    """The examples and verdicts that Java, C and Python share; their README says how they are written."""

    FOLDER = os.path.join(RESOURCES, "codec")

    def entries(self, name):
        path = os.path.join(self.FOLDER, name)
        if not os.path.exists(path):
            self.skipTest("the fixture %s is not there" % name)
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def data(self, entry):
        if "hex" in entry:
            return bytes.fromhex(entry["hex"])
        return b"".join(bytes.fromhex(part) * times for part, times in entry["parts"])

    def value(self, noted):
        if isinstance(noted, list):
            return [self.value(one) for one in noted]
        if not isinstance(noted, dict):
            return noted
        (kind, content), *more = noted.items()
        self.assertEqual(more, [])
        if kind == "int":
            return pure._integer_of_digits(tuple(map(int, content.lstrip("-")))) * (
                -1 if content[0] == "-" else 1
            )
        if kind == "float":
            return float(content) if content in ("inf", "-inf", "nan") else float.fromhex(content)
        if kind == "bytes":
            return bytes.fromhex(content)
        if kind == "map":
            return {hashable(self.value(key)): self.value(one) for key, one in content}
        if kind == "set":
            return {hashable(self.value(one)) for one in content}
        return NotImplemented  # the rest is compared by its bytes, in the golden files

    def assert_is(self, found, expected, entry):
        if isinstance(expected, float) and math.isnan(expected):
            self.assertTrue(math.isnan(found), entry)
        elif contains_unknown(expected):
            pass
        elif isinstance(found, (tuple, list)) and isinstance(expected, list):
            self.assertEqual(repr(list(found)), repr(expected), entry)
        else:
            self.assertEqual(found, expected, entry)
            self.assertEqual(type(found), type(expected), entry)

    def check(self, name, least):
        entries = self.entries(name)
        self.assertGreater(len(entries), least)
        for entry in entries:
            with self.subTest(entry.get("name") or entry.get("diagnostic")):
                data = self.data(entry)
                if entry["verdict"] == "refused":
                    with self.assertRaises(MalformedValueError):
                        self.codec.decode_value(data)
                else:
                    found = self.codec.decode_value(data)
                    if "value" in entry:
                        self.assert_is(found, self.value(entry["value"]), entry)

    def test_every_example_of_rfc_8949_has_its_verdict(self):
        self.check("appendix-a.json", 70)

    def test_hostile_and_odd_input_has_its_verdict(self):
        self.check("verdicts.json", 30)

    def test_what_both_sides_write_is_read_and_means_the_same(self):
        java = {entry["name"]: entry for entry in self.entries("golden-java.json")}
        for entry in self.entries("golden-python.json"):
            with self.subTest(entry["name"]):
                own = self.codec.decode_value(bytes.fromhex(entry["hex"]))
                theirs = self.codec.decode_value(bytes.fromhex(java[entry["name"]]["hex"]))
                self.assertEqual(shown(own), shown(theirs))
                self.assertEqual(self.codec.encode_value(own).hex(), entry["hex"])


def shown(value):
    if isinstance(value, memoryview):
        return "%s %s %s" % (value.format, value.shape, value.tolist())
    return repr(value)


def hashable(value):
    if isinstance(value, set):
        return frozenset(map(hashable, value))
    return tuple(map(hashable, value)) if isinstance(value, list) else value


def contains_unknown(value):
    if isinstance(value, (list, tuple, set)):
        return any(map(contains_unknown, value))
    if isinstance(value, dict):
        return any(contains_unknown(pair) for pair in value.items())
    return value is NotImplemented


if __name__ == "__main__":
    unittest.main()
