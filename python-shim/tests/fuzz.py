#!/usr/bin/env python3
"""The decoders of C and pure Python under fire, and the corpus that they share with Java's.

    fuzz.py run [--seconds S] [--seed N]     mutates the corpus; every input gets the same verdict of both twins
    fuzz.py add FOLDER TARGET                adds the inputs in a fuzzer's folder, if both twins agree on them
    fuzz.py verdicts                         rewrites the verdicts of the corpus, and adds the codec's fixtures
    fuzz.py folders OUT [NEW]                writes the corpus as folders, a file for each input, for other fuzzers, and
                                             makes the empty folder NEW beside them

--java CLASSPATH before the command asks Java too: bridge-core/target/test-classes:worker-host/target/lockstep.jar
after a build. --sanitize before the command takes a C twin with the address and the undefined-behaviour sanitizer; what
one of them sees ends the run, and the input is then the first line of python-shim/target/fuzz/last. Without an accelerator for this interpreter the pure twin stands alone. Exit status 1 where anything disagrees or
raises what is no refusal; the input is printed. Run by python3 of a CPython, after the shim was laid out by the build.
"""

import argparse
import mmap
import os
import random
import subprocess
import sys
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
os.environ.setdefault("LOCKSTEP_TEST_TWIN", "c")

import corpus  # noqa: E402
import verdicts  # noqa: E402

INTERESTING = [
    bytes([number])
    for number in (0x00, 0x17, 0x18, 0x20, 0x40, 0x5F, 0x60, 0x7F, 0x80, 0x81, 0x82, 0x9F, 0xA0, 0xA1, 0xA2, 0xBF)
] + [
    bytes.fromhex(text)
    for text in (
        "c0", "c2", "c3", "c4", "d825", "d828", "d90102", "d903ec", "d90410", "d9a85c", "d9a85d", "d9a85e", "d9a85f",
        "d9a861", "d840", "d845", "d84f", "d854", "d855", "d856", "f4", "f5", "f6", "f7", "f97e00", "f90000", "f98000",
        "fa7fc00000", "fb7ff8000000000001", "fb3ff0000000000000", "ff", "1bffffffffffffffff", "3bffffffffffffffff",
        "9b0000000100000000", "bb7fffffffffffffff", "5affffffff", "7a00000010", "ffff", "0000", "1800", "ffffffffffffffff",
        "e0a080", "eda080", "f0908080", "c080",
    )
]  # fmt: skip


def mutated(chance, population):
    target, data = population[chance.randrange(len(population))]
    data = bytearray(data)
    for _ in range(1 + chance.randrange(4)):
        kind = chance.randrange(8)
        at = chance.randrange(len(data) + 1)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1 and data:
            data[at % len(data)] = chance.randrange(256)
        elif kind == 2:
            data[at:at] = INTERESTING[chance.randrange(len(INTERESTING))]
        elif kind == 3:
            piece = INTERESTING[chance.randrange(len(INTERESTING))]
            data[at : at + len(piece)] = piece
        elif kind == 4:
            del data[at : at + 1 + chance.randrange(4)]
        elif kind == 5:
            end = at + 1 + chance.randrange(16)
            data[at:at] = data[at:end]
        elif kind == 6:
            other = population[chance.randrange(len(population))]
            if other[0] == target:
                cut = chance.randrange(len(other[1]) + 1)
                data[at:] = other[1][cut:]
        elif data:
            index = at % len(data)
            data[index] = (data[index] + chance.choice((-1, 1, 8, -8))) & 0xFF
    return target, bytes(data[: 4 * corpus.LONGEST_INPUT])


class Java:
    """Java's decoders, in a process of their own."""

    def __init__(self, class_path):
        self.process = subprocess.Popen(
            ["java", "-Xmx512m", "-cp", class_path, "dev.lockstep.fuzz.VerdictLines"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def verdict(self, target, data):
        self.process.stdin.write(("%s %s\n" % (target, data.hex() or "-")).encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("Java ended: exit=%s" % self.process.wait())
        return answer.decode().rstrip("\n")


class Twins:
    """The decoders of this interpreter and Java's; `verdict` is what all of them say, or None."""

    def __init__(self, class_path):
        self.twins = [("py", verdicts.Decoders("py"))]
        try:
            self.twins.append(("c", verdicts.Decoders("c")))
        except ImportError as error:
            print("without C: %s" % error)
        if class_path:
            self.twins.append(("java", Java(class_path)))
        self.bad = 0

    def verdict(self, target, data):
        found = {}
        for name, decoders in self.twins:
            try:
                found[name] = decoders.verdict(target, data)
            except Exception as error:  # noqa: B902 - any other exception is what is looked for
                found[name] = "raised %s: %s" % (type(error).__name__, error)
        if "java" in found and self.depends_on_the_machine(found):
            return None
        if len(set(found.values())) > 1 or any(v.startswith("raised") for v in found.values()):
            self.bad += 1
            print("DISAGREE %s %s\n  %s" % (target, data.hex() or "-", "\n  ".join(map(": ".join, found.items()))), flush=True)
            return None
        return found["py"]

    @staticmethod
    def depends_on_the_machine(found):
        """Java and Python have each their own list of time zones."""
        other = dict(found, java=found["py"])
        zone = "unfit zone" in (found["py"][:10], found["java"][:10])
        return zone and found["py"] != found["java"] and len(set(other.values())) == 1


class Last:
    """The input that is being judged, in a file that outlives this process if that ends it."""

    PATH = os.path.join(os.path.dirname(HERE), "target", "fuzz", "last")
    BYTES = 16 * corpus.LONGEST_INPUT

    def __init__(self):
        os.makedirs(os.path.dirname(self.PATH), exist_ok=True)
        with open(self.PATH, "wb") as file:
            file.truncate(self.BYTES)
        with open(self.PATH, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), self.BYTES)

    def keep(self, target, data):
        line = ("%s %s\n" % (target, data.hex() or "-")).encode()
        self.map[: len(line)] = line


def run(twins, seconds, seed):
    chance = random.Random(seed)
    population = sorted(corpus.load())
    kinds = {(target, kind_of(verdict)) for (target, _), verdict in corpus.load().items()}
    count = grown = 0
    last = Last()
    started = time.monotonic()
    while time.monotonic() < started + seconds and twins.bad < 20:
        target, data = mutated(chance, population)
        last.keep(target, data)
        verdict = twins.verdict(target, data)
        count += 1
        if verdict is not None and (target, kind_of(verdict)) not in kinds:
            kinds.add((target, kind_of(verdict)))
            population.append((target, data))
            grown += 1
    elapsed = time.monotonic() - started
    print(
        "inputs=%d, per second=%.0f, disagreements and other exceptions=%d, new kinds of verdict=%d, seed=%d"
        % (count, count / elapsed, twins.bad, grown, seed)
    )


def kind_of(verdict):
    """Coarser than the verdict: what makes an input worth keeping."""
    word, _, rest = verdict.partition(" ")
    if word == "value":
        return verdict[:7]
    if word == "messages":
        return "%d messages%s" % (rest.count(" "), " and a fault" if rest.endswith("fault") else "")
    return verdict if word != "refused" else rest.partition(" ")[2]


def add(twins, entries, found):
    before = len(entries)
    for target, data in found:
        if (target, data) in entries or len(data) > corpus.LONGEST_INPUT:
            continue
        verdict = twins.verdict(target, data)
        if verdict is not None:
            entries[target, data] = verdict
    corpus.save(entries)
    print("inputs=%d, added=%d, disagreements=%d" % (len(entries), len(entries) - before, twins.bad))


def files(folder, target):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            yield target, file.read()


def rewrite(twins):
    entries = {}
    add(twins, entries, [*corpus.load(), *corpus.seeds()])


def write_folders(out, new):
    os.makedirs(os.path.join(out, new or ""), exist_ok=True)
    for target, data in corpus.load():
        folder = os.path.join(out, target)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "%08x-%d" % (zlib.crc32(data), len(data))), "wb") as file:
            file.write(data)


def again(arguments):
    """This program anew, in a process that has the sanitizers."""
    import run as runner

    os.environ["LOCKSTEP_TEST_SHIM"] = runner.lay_out_sanitized([sys.executable])
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    rest = [argument for argument in arguments if argument != "--sanitize"]
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), *rest])


def main(arguments):
    parser = argparse.ArgumentParser(description="Fuzzes the decoders of C and pure Python.")
    parser.add_argument("--java", metavar="CLASSPATH", help="asks Java's decoders too")
    parser.add_argument("--sanitize", action="store_true", help="takes a C twin with sanitizers")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("run")
    command.add_argument("--seconds", type=float, default=60)
    command.add_argument("--seed", type=int, default=1)
    command = commands.add_parser("add")
    command.add_argument("folder")
    command.add_argument("target", choices=verdicts.Decoders.TARGETS)
    commands.add_parser("verdicts")
    command = commands.add_parser("folders")
    command.add_argument("out")
    command.add_argument("new", nargs="?")
    chosen = parser.parse_args(arguments)
    if chosen.command == "folders":
        write_folders(chosen.out, chosen.new)
        return 0
    if chosen.sanitize:
        again(arguments)
    twins = Twins(chosen.java)
    if chosen.command == "run":
        run(twins, chosen.seconds, chosen.seed)
    elif chosen.command == "add":
        add(twins, corpus.load(), files(chosen.folder, chosen.target))
    else:
        rewrite(twins)
    return 1 if twins.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
