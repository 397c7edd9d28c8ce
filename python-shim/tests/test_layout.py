"""The constants against the list that all sides are tested against."""

import os

from harness import RESOURCES, TestCase
from lockstep import _layout

_SPECIAL = {
    "version.major": "VERSION_MAJOR",
    "version.minor": "VERSION_MINOR",
    "segment.magic": "MAGIC",
    "segment.headerBytes": "HEADER_BYTES",
    "segment.nonceBytes": "NONCE_BYTES",
    "segment.flag.syncMainOnly": "FLAG_SYNC_MAIN_ONLY",
    "segment.offset.toWorkerLane": "TO_WORKER_LANE_OFFSET",
    "segment.offset.toHostLane": "TO_HOST_LANE_OFFSET",
    "lane.bytes": "LANE_BYTES",
    "lane.minCapacity": "MIN_CAPACITY_BYTES",
    "lane.maxCapacity": "MAX_CAPACITY_BYTES",
    "signal.parked": "SIGNAL_PARKED",
    "signal.increment": "SIGNAL_INCREMENT",
    "frame.headerBytes": "FRAME_HEADER_BYTES",
    "frame.alignment": "FRAME_ALIGNMENT",
    "frame.maxFrameDivisor": "MAX_FRAME_DIVISOR",
    "frame.offset.flags": "FLAGS_BYTE_OFFSET",
    "limit.laneCapacityBytes": "DEFAULT_LANE_CAPACITY_BYTES",
}


def _upper(name):
    return "".join("_" + letter if letter.isupper() else letter.upper() for letter in name)


def _value(key):
    if key in _SPECIAL:
        return getattr(_layout, _SPECIAL[key])
    group, _, name = key.rpartition(".")
    if group == "limit" and name in _layout.DEFAULT_LIMITS:
        return _layout.DEFAULT_LIMITS[name]
    if group == "hostState":
        return getattr(_layout, "HOST_" + _upper(name))
    if group == "workerState":
        return getattr(_layout, "WORKER_" + _upper(name))
    if group.endswith(".offset"):
        return getattr(_layout, _upper(name) + "_OFFSET")
    return getattr(_layout, _upper(name))


class LayoutTest(TestCase):
    def test_every_constant_is_that_of_the_list(self):
        path = os.path.join(RESOURCES, "wire-constants.properties")
        checked = 0
        with open(path) as file:
            for line in file:
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                key, _, value = line.partition("=")
                with self.subTest(key):
                    self.assertEqual(_value(key), int(value))
                checked += 1
        self.assertGreater(checked, 70)

    def test_the_magic_is_the_products_name(self):
        self.assertEqual(_layout.MAGIC.to_bytes(8, "little"), b"LOCKSTEP")
