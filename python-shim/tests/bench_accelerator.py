#!/usr/bin/env python3
"""Round trips between two C endpoints in two processes: ``python3 python-shim/tests/bench_accelerator.py [CALLS]``.

No verdict, only figures; the machine's other work falls on them. Run on two idle cores.
"""

import statistics
import sys
import time

from test_accelerator_endpoint import Hooks, L, Main, endpoint, segment

CASES = {
    "increment(1)": ("increment", 1),
    "small dict there and back": ("first", {"a": 1, "b": "xx", "c": [1, 2, 3]}),
}


def main(calls):
    memory = segment()
    other = Main(memory, increment=lambda x: x + 1, first=lambda x: x)
    own = endpoint(memory, L.WORKER)
    hooks = Hooks(own)  # noqa: F841 - kept alive
    for title, (name, argument) in CASES.items():
        bound = own.bound_call(name)
        rounds = []
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(calls):
                bound(argument)
            rounds.append((time.perf_counter() - start) / calls * 1e6)
        print("%-28s min %.3f us, median %.3f us" % (title, min(rounds), statistics.median(rounds)))
    print(own.counters())
    other.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50000)
