"""The order of an epoch's rows: a hash of (seed, epoch, row), so that nothing is stored and all engines draw the same.

``native/order.h`` computes the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.native.library import address, library
from chainrule.network.arrays import Array

STEP = 0x9E3779B97F4A7C15  # of the counter of SplitMix64: 2^64 over the golden ratio
_MASK = 2**64 - 1


def row_order(count: int, *words: int) -> Array:
    """The numbers 0 to ``count`` - 1, below 2^32, in the order that the words draw, int64.

    Args:
        words: whole numbers from 0 up, of any size: the seed, the epoch, and what else tells one order from others.

    Row r draws the first 32 of the 64 bits of number r of SplitMix64 (Steele, Lea & Flood 2014, Fig. 16), begun at the
    key of the words. Rows lie by what they draw; those that draw the same stay as they are.

    >>> row_order(6, 0, 1).tolist()
    [0, 4, 3, 2, 1, 5]
    """
    compiled = library()
    if compiled is None:
        return np.argsort(draws(count, key(*words)), kind="stable")
    order = np.empty(count, np.int64)
    if compiled.chainrule_order(key(*words), count, address(order)):
        raise MemoryError
    return order


def draws(count: int, key: int) -> Array:
    """What the rows draw, (count,) uint32."""
    counters = key + np.arange(1, count + 1, dtype=np.uint64) * STEP
    drawn: Array = (mix(counters) >> 32).astype(np.uint32)
    return drawn


def key(*words: int) -> int:
    """The words, each in parts of 64 bits, hashed one after another, below 2^64."""
    h = 0
    for word in words:
        rest = int(word)
        while True:
            h = mix(((h ^ rest & _MASK) + STEP) & _MASK)
            rest >>= 64
            if not rest:
                break
    return h


def mix(h: Any) -> Any:
    """The finaliser of SplitMix64: every bit of a number below 2^64, or of an array of uint64, changes every bit."""
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    h = (h ^ h >> 27) * 0x94D049BB133111EB & _MASK
    return h ^ h >> 31
