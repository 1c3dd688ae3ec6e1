"""A penalty in a loss that code returns: what the loss has beside that of the network, and its gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.network.network import Network

SAME = 1e-5  # factors of one penalty differ by less
LEAST = 1e-4  # of the loss: what is less is no penalty


class OwnLoss(NamedTuple):
    """The loss that code returned for a network with n examples, and the one due."""

    network: Network
    n: int
    own: float
    due: float


@dataclass(frozen=True)
class OwnPenalty:
    """So many times the sum of the squares, or of the sizes, of all W, or of all W and b.

    Attributes:
        factor: what the sum is multiplied with. sizes: of |w|, not of w^2. biases: b too.
        by: ``n``, where the factor is divided by the number of examples, else "".
    """

    factor: float
    sizes: bool = False
    biases: bool = False
    by: str = ""

    def value(self, network: Network, n: int) -> float:
        """What the loss has of it."""
        return self.factor / (n if self.by else 1) * _sum(network, self.sizes, self.biases)

    def gradients(self, network: Network, n: int) -> dict[Name, Array]:
        """Its gradient by each array."""
        factor = self.factor / n if self.by else self.factor
        return {Derivative(LOSS, Quantity(symbol, i)): factor * (np.sign(value) if self.sizes else 2 * value)
                for symbol, i, value in _arrays(network, self.biases)}  # fmt: skip

    @property
    def words(self) -> str:
        """As a sentence says it: ``0.05 times the sum of the squares of all W``."""
        over, which = " / n" if self.by else "", "W and b" if self.biases else "W"
        return f"{self.factor:.6g}{over} times the sum of {'|w|' if self.sizes else 'the squares'} of all {which}"

    @property
    def derivative(self) -> str:
        """Its gradient, in words: ``0.1 W``."""
        factor = self.factor if self.sizes else 2 * self.factor
        return f"{factor:.6g} {'sign(W)' if self.sizes else 'W'}{' / n' if self.by else ''}"


def found_penalty(losses: Sequence[OwnLoss]) -> OwnPenalty | None:
    """The penalty that explains by how much losses are off, the same on all networks; None where none does."""
    rest = np.array([one.own - one.due for one in losses])
    if len(losses) < 2 or not (np.abs(rest) > LEAST * np.abs([one.due for one in losses])).all():
        return None
    for biases, sizes, by in product((False, True), (False, True), ("", "n")):
        sums = np.array([_sum(one.network, sizes, biases) / (one.n if by else 1) for one in losses])
        factors = rest / sums
        mean = float(factors.mean())
        if (np.abs(factors - mean) <= SAME * abs(mean)).all():
            short = float(f"{mean:.4g}")
            return OwnPenalty(short if abs(short - mean) <= SAME * abs(mean) else mean, sizes, biases, by)
    return None


def _sum(network: Network, sizes: bool, biases: bool) -> float:
    values = [value for _, _, value in _arrays(network, biases)]
    return float(sum(np.abs(value).sum() if sizes else (value * value).sum() for value in values)) or np.nan


def _arrays(network: Network, biases: bool) -> Iterator[tuple[str, int, Array]]:
    yield from (("W", i, W) for i, W in enumerate(network.weights, 1))
    if biases:
        yield from (("b", i, b) for i, b in enumerate(network.biases, 1))
