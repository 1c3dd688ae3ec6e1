"""Intervals of numbers, elementwise in arrays: what a value can be when its digits are known only so far.

The operators are those that ``equations`` uses, so that one equation serves numbers and intervals alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.network.arrays import Array

SLACK = 1e-9  # relative: rounding of the arithmetic itself


@dataclass(frozen=True, eq=False)
class Interval:
    """Each entry lies between ``low`` and ``high``, arrays of one shape."""

    __array_ufunc__ = None  # so that array @ Interval comes here

    low: Array
    high: Array

    @classmethod
    def of(cls, value: Any) -> Interval:
        """An interval as it is; numbers as intervals of no width."""
        if isinstance(value, Interval):
            return value
        array = np.asarray(value, dtype=float)
        return cls(array, array)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the arrays."""
        return self.low.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.low.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ends."""
        return self.low.dtype

    @property
    def T(self) -> Interval:
        """Transposed."""
        if self.exact:
            return Interval.of(self.low.T)
        return Interval(self.low.T, self.high.T)

    def copy(self) -> Interval:
        """The same in arrays of its own."""
        return Interval.of(self.low.copy()) if self.exact else Interval(self.low.copy(), self.high.copy())

    @property
    def exact(self) -> bool:
        """Known to have no width."""
        return self.low is self.high

    @cached_property
    def size(self) -> Array:
        """How large it can be."""
        size: Array = np.abs(self.low) if self.exact else np.maximum(np.abs(self.low), np.abs(self.high))
        return size

    @property
    def middle(self) -> Array:
        """Halfway between the ends."""
        middle: Array = (self.low + self.high) / 2
        return middle

    def reshape(self, shape: Any) -> Interval:
        """In another shape."""
        return Interval(np.reshape(self.low, shape), np.reshape(self.high, shape))

    def __getitem__(self, where: Any) -> Interval:
        return Interval(np.asarray(self.low[where]), np.asarray(self.high[where]))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: Any) -> Interval:
        other = Interval.of(other)
        return Interval(self.low + other.low, self.high + other.high)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Interval:
        return self + -Interval.of(other)

    def __rsub__(self, other: Any) -> Interval:
        return Interval.of(other) - self

    def __mul__(self, other: Any) -> Interval:
        if isinstance(other, Interval) and other.exact:
            other = other.low
        if not isinstance(other, Interval):
            return _between((self.low * other, self.high * other))
        return _between((self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Interval:
        other = Interval.of(other)
        with np.errstate(all="ignore"):
            crosses = (other.low <= 0) & (other.high >= 0)
            low = np.where(crosses, -np.inf, 1 / other.high)
            high = np.where(crosses, np.inf, 1 / other.low)
            return self * Interval(low, high)

    def __rtruediv__(self, other: Any) -> Interval:
        return Interval.of(other) / self

    def __matmul__(self, other: Any) -> Interval:
        if isinstance(other, Interval) and other.exact:
            other = other.low
        elif self.exact:
            product: Interval = other.__rmatmul__(self.low)
            return product
        if not isinstance(other, Interval):
            positive, negative = np.maximum(other, 0), np.minimum(other, 0)
            return Interval(self.low @ positive + self.high @ negative, self.high @ positive + self.low @ negative)
        return (Interval(self.low[..., None], self.high[..., None]) * other[..., None, :, :]).sum(-2)

    def __rmatmul__(self, other: Any) -> Interval:
        positive, negative = np.maximum(other, 0), np.minimum(other, 0)
        return Interval(positive @ self.low + negative @ self.high, positive @ self.high + negative @ self.low)

    def sum(self, axis: int | None = None) -> Interval:
        """Sum along an axis."""
        return Interval(np.asarray(self.low.sum(axis)), np.asarray(self.high.sum(axis)))

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def meet(self, other: Interval) -> Interval:
        """What both hold; empty (low above high) where they have nothing in common."""
        return Interval(np.maximum(self.low, other.low), np.minimum(self.high, other.high))

    def where(self, mask: Array, other: Interval) -> Interval:
        """Entries of ``other`` where the mask is true, these elsewhere."""
        return Interval(np.where(mask, other.low, self.low), np.where(mask, other.high, self.high))

    def touches(self, other: Interval) -> Array:
        """Where the two have a number in common, to rounding of the arithmetic."""
        size = np.maximum(self.size, other.size)
        if not np.isfinite(size).all():
            size = _largest(*(_finite(np.abs(end)) for end in (self.low, self.high, other.low, other.high)))
        slack = SLACK * size + 1e-15
        touching: Array = (self.low <= other.high + slack) & (other.low <= self.high + slack)
        return touching


def _largest(a: Array, b: Array, c: Array, d: Array) -> Array:
    largest: Array = np.maximum(np.maximum(a, b), np.maximum(c, d))
    return largest


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, 0.0)


def _between(values: Sequence[Array]) -> Interval:
    """The interval from the least to the greatest; undefined products (0 times infinity) may be anything."""
    low, high = values[0], values[0]
    for value in values[1:]:
        low, high = np.minimum(low, value), np.maximum(high, value)
    unknown = np.isnan(low)
    if unknown.any():
        low, high = np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high)
    return Interval(np.asarray(low), np.asarray(high))


def image(rule: Callable[[Array], Array], value: Interval, turns: Sequence[Any] = ()) -> Interval:
    """The values of an elementwise rule that is monotone between ``turns`` (numbers or arrays that broadcast)."""
    ends = [value.low, value.high, *(np.clip(turn, value.low, value.high) for turn in turns)]
    return _between([np.asarray(rule(end)) for end in ends])
