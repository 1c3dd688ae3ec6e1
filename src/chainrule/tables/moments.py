"""Means and spreads of columns, added up from parts, in any unit: of 1e-320 as of 1e300."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.network.arrays import Array

_USUAL = 300  # powers of two whose squares, and sums of these, stay far from both ends of float64
_NOTHING = -1100  # of a column of zeros: below the exponent of any number


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations by column. Added by Chan, Golub & LeVeque 1983, eq. 2.1.

    Attributes:
        mean, spread: of the values over ``2**exponent``, which is 1 for all but very small and very large values.
        low, high: least and greatest of the values themselves; inf and -inf where there are none.
    """

    count: float
    mean: Array
    spread: Array
    low: Array
    high: Array
    exponent: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None = None) -> Moments:
        """Of finite values (n, d), each row with its weight."""
        wide = values.astype(np.float64)
        width = wide.shape[1]
        count = float(len(wide) if weight is None else weight.sum())
        if not count:
            zeros, ends = np.zeros(width), np.full(width, np.inf)
            return cls(0.0, zeros, zeros, ends, -ends, np.full(width, _NOTHING))
        seen = wide if weight is None else wide[weight > 0]
        low, high = seen.min(axis=0), seen.max(axis=0)
        exponent = _exponents(low, high)
        if ((exponent != 0) & (exponent != _NOTHING)).any():
            wide = np.ldexp(wide, -_powers(exponent))
        if weight is None:
            mean = wide.mean(axis=0)
            return cls(count, mean, ((wide - mean) ** 2).sum(axis=0), low, high, exponent)
        mean = weight @ wide / count
        return cls(count, mean, weight @ (wide - mean) ** 2, low, high, exponent)

    def __add__(self, other: Moments) -> Moments:
        if not self.count or not other.count:
            return other if not self.count else self
        count, exponent = self.count + other.count, np.maximum(self.exponent, other.exponent)
        (mean, spread), (mean_2, spread_2) = self._in(exponent), other._in(exponent)
        step = mean_2 - mean
        return Moments(
            count, mean + step * (other.count / count),
            spread + spread_2 + step**2 * (self.count * other.count / count),
            np.minimum(self.low, other.low), np.maximum(self.high, other.high), exponent,
        )  # fmt: skip

    def _in(self, exponent: Array) -> tuple[Array, Array]:
        """Mean and spread in units that are as large or larger."""
        less = _powers(self.exponent) - _powers(exponent)
        return np.ldexp(self.mean, less), np.ldexp(self.spread, 2 * less)

    @property
    def power(self) -> Array:
        """The power of two that values are divided by before ``center`` and ``scale`` are taken; 0 for usual ones."""
        return _powers(self.exponent)

    def center(self) -> Array:
        """The mean; of a constant column its value to the last bit."""
        found: Array = np.where(self.low == self.high, np.ldexp(self._finite_low(), -self.power), self.mean)
        return found

    def scale(self) -> Array:
        """Standard deviation of each column; of a constant one the size of its value, or 1 for zeros.

        A column is constant only where its values are: what is added, 1e9, or multiplied, 1e-13, makes none so.
        """
        deviation = np.sqrt(self.spread / max(self.count, 1e-300))
        size = np.abs(self.center())
        found: Array = np.where(self.low < self.high, deviation, np.where(size > 0, size, 1.0))
        return np.where(found > 0, found, 1.0)

    def own(self) -> tuple[Array, Array]:
        """Mean and scale in the columns' own units, where float64 holds them."""
        return np.ldexp(self.center(), self.power), np.ldexp(self.scale(), self.power)

    @property
    def own_spread(self) -> Array:
        """The sum of squared deviations in the columns' own units."""
        found: Array = np.ldexp(self.spread, 2 * self.power)
        return found

    def _finite_low(self) -> Array:
        return np.where(np.isfinite(self.low), self.low, 0.0)


def _exponents(low: Array, high: Array) -> Array:
    size = np.maximum(np.abs(low), np.abs(high))
    found = np.frexp(size)[1]
    usual = np.where(np.abs(found) > _USUAL, found, 0)
    return np.where(size == 0, _NOTHING, usual)


def _powers(exponent: Array) -> Array:
    powers: Array = np.where(exponent == _NOTHING, 0, exponent)
    return powers
