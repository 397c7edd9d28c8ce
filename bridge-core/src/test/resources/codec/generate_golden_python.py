"""Writes golden-python.json: what the pure-Python codec makes of golden-values.json.

Run it with the folder of the package on the path: ``PYTHONPATH=python-shim/src python3 <this file>``.
"""

import array
import datetime
import decimal
import json
import os
import struct
import uuid
import zoneinfo

from lockstep import _codec

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
    "int64": "q", "uint64": "Q", "float32": "f", "float64": "d", "bool": "?",
}  # fmt: skip


def hashable(value):
    """The same value where a key or an element of a set is due."""
    return tuple(map(hashable, value)) if isinstance(value, list) else value


def typed(kind, elements):
    data = struct.pack("<%d%s" % (len(elements), TYPES[kind]), *elements)
    if kind == "bool":
        return memoryview(data).cast("?")
    result = array.array(TYPES[kind])
    result.frombytes(data)
    return result


def zoned(text, zone):
    instant = datetime.datetime.fromisoformat(text)
    return instant.astimezone(zoneinfo.ZoneInfo(zone))


def value_of(node):
    """The Python value that a node of the notation stands for."""
    if isinstance(node, list):
        return [value_of(child) for child in node]
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == "int":
        return int(content)
    if kind == "float":
        return float.fromhex(content)
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "map":
        return {hashable(value_of(key)): value_of(value) for key, value in content}
    if kind == "set":
        return {hashable(value_of(child)) for child in content}
    if kind == "decimal":
        exponent, mantissa = content
        sign = 1 if mantissa.startswith("-") else 0
        return decimal.Decimal((sign, tuple(map(int, mantissa.lstrip("-"))), int(exponent)))
    if kind == "uuid":
        return uuid.UUID(content)
    if kind == "datetime":
        return datetime.datetime.fromisoformat(content.replace("Z", "+00:00"))
    if kind == "zoned":
        return zoned(*content)
    if kind == "local_datetime":
        return datetime.datetime.fromisoformat(content)
    if kind == "date":
        return datetime.date.fromisoformat(content)
    if kind == "time":
        return datetime.time.fromisoformat(content)
    if kind == "duration":
        seconds, nanoseconds = map(int, content)
        days, rest = divmod(seconds, 86400)
        return datetime.timedelta(days, rest, nanoseconds // 1000)
    if kind == "array":
        return typed(content[0], value_of(content[1]))
    if kind == "ndarray":
        flat = memoryview(typed(content[0], value_of(content[2])))
        return flat.cast("B").cast(flat.format, content[1])
    raise ValueError("unknown notation: %s" % kind)


def main():
    with open(os.path.join(HERE, "golden-values.json"), encoding="utf-8") as source:
        entries = json.load(source)
    golden = [
        {"name": entry["name"], "hex": _codec.encode_value(value_of(entry["value"])).hex()}
        for entry in entries
    ]
    with open(os.path.join(HERE, "golden-python.json"), "w", encoding="utf-8") as target:
        json.dump(golden, target, indent=1)
        target.write("\n")


if __name__ == "__main__":
    main()
