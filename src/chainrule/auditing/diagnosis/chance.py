"""How likely a mistake fits a wrong line by accident: the values tried, against the room that its digits leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.auditing.marking.mark import NumberMark
from chainrule.auditing.model.interval import Interval
from chainrule.network.arrays import Array

ZERO = 0.03  # of the mistakes that a backward pass may have, those that make a given entry 0


@dataclass
class Chance:
    """The chance of a fit by accident on one line, as more and more values are tried.

    A number that is wrong for no known reason may be any of its order of magnitude, of either sign: of four digits
    20,000, of two 200. Each distinct value tried covers one of them, or as many as its own digits leave open; an array
    must be hit in all its wrong entries at once. Values are counted in the order in which mistakes are named, so that
    over all of them together the chance of naming one stays below the bar.

    Attributes:
        written: the line's number. both: it may be cut as well as rounded.
        count: distinct values tried so far.
    """

    written: NumberMark
    both: bool = False
    count: int = 0
    _seen: dict[bytes, int] = field(default_factory=dict, init=False)  # of a value -> how many were tried by then

    def __post_init__(self) -> None:
        numbers, off = self.written.numbers, ~self.written.fits
        self.off: Array = off if off.any() else np.ones_like(off)
        self.unit = (numbers.unit * (1.5 if self.both else 1.0))[self.off]
        largest = np.maximum(np.abs(numbers.value), np.abs(self.written.due))[self.off]
        decade = 10.0 ** (np.floor(np.log10(np.maximum(largest, numbers.unit[self.off])) + 1e-12) + 1)
        self.spread = 2 * decade

    @property
    def relative(self) -> float:
        """How far an entry may be off, relative to the largest."""
        largest = float(np.abs(self.written.numbers.value).max(initial=0.0))
        return float(np.median(self.unit)) / 2 / largest if largest else 0.0

    @np.errstate(all="ignore")
    def share(self, value: Array, unknown: int = 0) -> float:
        """The share of what the wrong entries may be that one value covers, so many of them being solved from it.

        A 0 is something that many mistakes give.
        """
        shares = np.where(value[self.off] == 0, ZERO, np.minimum(1.0, self.unit / self.spread))
        return float(np.sort(shares)[unknown:].prod()) if shares.size > unknown else 1.0

    @np.errstate(all="ignore")
    def of(self, value: Any, tries: int = 1) -> float:
        """The chance once this value is tried too; 1 for what is no number.

        Args:
            value: what a mistake gives for the line: numbers, or an interval.
            tries: how many values its kind of mistake could have given.
        """
        possible, due, unit = Interval.of(value), self.written.due, self.written.numbers.unit
        if possible.shape != self.off.shape or not np.isfinite(possible.middle).all():
            return 1.0
        key = np.round(possible.middle[self.off] / self.unit).tobytes()
        right = (possible.low <= due + unit) & (possible.high >= due - unit)
        # what is right all over is no mistake, and what changes right entries does not fit: neither is a try
        if key not in self._seen and not right[self.off].all() and (right | self.off).all():
            self.count += tries
            self._seen[key] = self.count
        width = self.unit + (possible.high - possible.low)[self.off]
        return float(self._seen.get(key, max(self.count, 1)) * np.minimum(1.0, width / self.spread).prod())
