"""How likely a mistake fits a wrong line by accident: the values tried, against the room that its digits leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.auditing.marking.mark import NumberMark
from chainrule.auditing.model.interval import Interval
from chainrule.network.arrays import Array


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
    _seen: set[bytes] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        numbers, off = self.written.numbers, ~self.written.fits
        self.off: Array = off if off.any() else np.ones_like(off)
        self.unit = (numbers.unit * (1.5 if self.both else 1.0))[self.off]
        largest = np.maximum(np.abs(numbers.value), np.abs(self.written.due))[self.off]
        with np.errstate(all="ignore"):
            decade = 10.0 ** (np.floor(np.log10(np.maximum(largest, numbers.unit[self.off])) + 1e-12) + 1)
        self.spread = 2 * decade

    def of(self, value: Any, tries: int = 1) -> float:
        """The chance once this value is tried too.

        Args:
            value: what a mistake gives for the line: numbers, or an interval.
            tries: how many values its kind of mistake could have given.
        """
        possible = Interval.of(value)
        self.try_value(possible, tries)
        width = self.unit + np.maximum(possible.high - possible.low, 0)[self.off]
        with np.errstate(all="ignore"):
            each = np.where(np.isfinite(width), np.minimum(1.0, width / self.spread), 1.0)
        return float(max(self.count, 1) * each.prod())

    def try_value(self, value: Any, tries: int = 1) -> None:
        """Count a value, unless one like it was tried, or it is what is due: that cannot be taken for a mistake."""
        possible = Interval.of(value)
        if possible.shape != self.off.shape or not np.isfinite(possible.middle).all():
            return
        near = self.written.numbers.unit
        rest = (possible.low <= self.written.due + near) & (possible.high >= self.written.due - near)
        if rest[self.off].all() or not (rest | self.off).all():
            return
        key = np.round(possible.middle[self.off] / self.unit).tobytes()
        if key not in self._seen:
            self._seen.add(key)
            self.count += tries
