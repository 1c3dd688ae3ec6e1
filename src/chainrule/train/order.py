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

    Rows come one after another; each takes one of the places there are by then, its own among them, and what lay there
    takes its own: Fisher & Yates's shuffle as in Durstenfeld 1964, from the inside out. Every order is as likely.

    >>> row_order(6, 0, 1).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    compiled = library()
    if compiled is None:
        return _shuffled(places(count, key(*words)))
    order = np.empty(count, np.int64)
    compiled.chainrule_order(key(*words), count, address(order))
    return order


def _shuffled(places: Array) -> Array:
    order: list[int] = []
    for row, place in enumerate(places.tolist()):
        order.append(row)
        order[row], order[place] = order[place], row
    return np.array(order, np.int64)


def places(count: int, key: int) -> Array:
    """The place that each row takes, 0 to its own number, (count,): the share of it that the row draws.

    Row r draws the first 32 of the 64 bits of number r of SplitMix64 (Steele, Lea & Flood 2014, Fig. 16), begun at
    the key.
    """
    numbers = np.arange(1, count + 1, dtype=np.uint64)
    drawn: Array = (mix(key + numbers * STEP) >> 32) * numbers >> 32
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
