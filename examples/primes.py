"""Finds prime numbers with the sieve of Eratosthenes, a segment at a time.

    ./lockstep call examples/primes.py find_primes 10000000 use_numpy=false

The sieve of one segment stays in the processor's cache, whatever the limit, and after each of them `sync.progress`
tells whoever started this worker how far it is. Nobody has to listen.
"""
from math import isqrt

from lockstep import sync

__export__ = ["find_primes"]

# Odd numbers in one segment, a byte for each.
SEGMENT_SIZE = 1 << 18

TWENTIETH_PRIME = 71


def find_primes(limit, use_numpy=True):
    """Counts the primes up to `limit`, which is included, and lists the first twenty of them."""
    numpy = _numpy() if use_numpy else None
    if limit < 2:
        return {"count": 0, "first_20": []}
    # Index i stands for the odd number 2 * i + 1; 2 is counted apart, and index 0, which is 1, takes its place.
    odd_numbers = (limit + 1) // 2
    small_primes = _odd_primes(isqrt(limit))
    count = 0
    for low in range(0, odd_numbers, SEGMENT_SIZE):
        size = min(SEGMENT_SIZE, odd_numbers - low)
        flags = bytearray(b"\x01") * size if numpy is None else numpy.ones(size, dtype=numpy.bool_)
        for prime in small_primes:
            square = prime * prime // 2
            if square >= low + size:
                break
            start = max(square, low + (square - low) % prime) - low
            flags[start::prime] = bytes(len(range(start, size, prime))) if numpy is None else False
        count += flags.count(1) if numpy is None else int(numpy.count_nonzero(flags))
        sync.progress(min(2 * (low + size), limit), limit)
    return {"count": count, "first_20": [2, *_odd_primes(min(limit, TWENTIETH_PRIME))]}


def _odd_primes(limit):
    """The odd primes up to `limit`, which is small here."""
    flags = bytearray(b"\x01") * (limit + 1)
    primes = []
    for number in range(3, limit + 1, 2):
        if flags[number]:
            primes.append(number)
            flags[number * number :: 2 * number] = bytes(len(range(number * number, limit + 1, 2 * number)))
    return primes


def _numpy():
    """The numpy module, or None where it is not installed: the plain sieve serves there."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy
