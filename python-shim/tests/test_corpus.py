"""The corpus of the fuzzers: the twin of this run gives each input the verdict that Java gives too."""

import gc
import sys
import time
import unittest

import corpus
import harness
import hostile
import verdicts
from lockstep import errors

try:
    import tracemalloc
except ImportError:  # PyPy has none
    tracemalloc = None


class CorpusTest(harness.TestCase):
    def setUp(self):
        self.decoders = verdicts.Decoders(harness.TWIN)
        self.addCleanup(verdicts.restore)
        self.addCleanup(self.decoders.close)

    def test_every_input_has_its_verdict(self):
        entries = corpus.load()
        self.assertGreater(len(entries), 500)
        wrong = []
        for (target, data), expected in sorted(entries.items()):
            found = self.decoders.verdict(target, data)
            if found != expected:
                wrong.append("%s %s\n  corpus: %s\n  here:   %s" % (target, data.hex(), expected, found))
        self.assertEqual([], wrong)

    def test_refusing_leaves_nothing_behind(self):
        if harness.TWIN != "c":
            self.skipTest("what Python allocates it frees")
        entries = [entry for entry in corpus.load() if entry[0] != "frames"]
        blocks = []
        for _ in range(60):
            for target, data in entries:
                self.decoders.verdict(target, data)
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        # Python's own caches fill up ever more slowly. A block lost by one input in thirty would be more than this.
        self.assertLess(blocks[-1] - blocks[30], len(entries), blocks)


class HostileValuesTest(harness.TestCase):
    """Prints what each costs: milliseconds, and bytes at the peak over those of the input."""

    def setUp(self):
        self.codec = harness.codec()
        verdicts.restore()

    def measured(self, name, data, expected):
        started = time.perf_counter()
        found = verdicts.refusal_or_value(self.codec, data)
        milliseconds = 1000 * (time.perf_counter() - started)
        peak = 0
        if tracemalloc is not None:
            tracemalloc.start()
            verdicts.refusal_or_value(self.codec, data)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        print("hostile[%s]: %s: %d bytes, %.3f ms, %d bytes at the peak" % (harness.TWIN, name, len(data), milliseconds, peak))
        self.assertEqual(expected, found, name)

    def test_hostile_values_have_their_verdicts(self):
        for name, expected, data in hostile.load():
            with self.subTest(name):
                self.measured(name, data, expected)

    def test_a_map_of_a_million_keys_is_a_value(self):
        if harness.SHORT:
            self.skipTest("a million keys only in long runs")
        self.measured("a map of 10^6 keys", hostile.map_of(1_000_000), "value a map of 1000000")

    def test_cyclic_values_are_refused_before_they_are_sent(self):
        cyclic = [1]
        cyclic.append({"me": cyclic})
        with self.assertRaises(errors.UnserializableError) as caught:
            self.codec.encode_value(cyclic)
        self.assertIn("cyclic", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
