"""Count, mean and spread of columns, of which those of parts add up to those of the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.network.arrays import Array


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations by column. Added by Chan, Golub & LeVeque 1983, eq. 2.1."""

    count: float
    mean: Array
    spread: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None = None) -> Moments:
        """Of values (n, d), each row with its weight."""
        wide = values.astype(np.float64)
        count = float(len(wide) if weight is None else weight.sum())
        if not count:
            return cls(0.0, np.zeros(wide.shape[1]), np.zeros(wide.shape[1]))
        if weight is None:
            mean = wide.mean(axis=0)
            return cls(count, mean, ((wide - mean) ** 2).sum(axis=0))
        mean = weight @ wide / count
        return cls(count, mean, weight @ (wide - mean) ** 2)

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        if not self.count or not other.count:
            return other if not self.count else self
        step = other.mean - self.mean
        spread = self.spread + other.spread + step**2 * (self.count * other.count / count)
        return Moments(count, self.mean + step * (other.count / count), spread)

    def scale(self) -> Array:
        """Standard deviation of each column; 1 for a constant one."""
        deviation = np.sqrt(self.spread / max(self.count, 1e-300))
        found: Array = np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(self.mean)), deviation, 1.0)
        return found
