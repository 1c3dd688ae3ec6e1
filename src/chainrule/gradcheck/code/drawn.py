"""Small random networks with examples, on which somebody's code is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network

LARGEST = 1000  # units of a layer
SQUARE = 4  # units of each layer, and examples, where no shape can fail to fit


@dataclass(frozen=True, eq=False)
class CodeCase:
    """A network with examples in rows: x (n, d), y (n, k)."""

    network: Network
    x: Array
    y: Array

    @property
    def one(self) -> CodeCase:
        """Its first example alone, still in a row."""
        return replace(self, x=self.x[:1], y=self.y[:1])

    @property
    def unbiased(self) -> CodeCase:
        """With biases of 0, for code that has none."""
        return replace(self, network=replace(self.network, biases=()))


def drawn_cases(network: Network, seed: int) -> tuple[CodeCase, ...]:
    """Twice the sizes that are asked for, twice others that all differ, as n does; at the end one size all over.

    Args:
        network: one with the sizes and the rules that are asked for.

    Raises:
        InputError: layers too large for a trial.
    """
    sizes, rng = network.sizes, np.random.default_rng(seed)
    if max(sizes) > LARGEST:
        raise InputError("layers", f"at most {LARGEST} units each: it is a trial", "-".join(map(str, sizes)))
    own = [n for n in range(5, LARGEST) if n not in sizes][:2]
    cases = [_drawn(network, sizes, own[0], rng)]
    for _ in range(2):
        free = rng.permutation(np.arange(2, len(sizes) + 5)).tolist()
        other = [1 if size == 1 else free.pop() for size in sizes]
        cases.append(_drawn(network, other, free.pop(), rng))
    square = [1 if size == 1 else SQUARE for size in sizes]
    return (*cases, _drawn(network, sizes, own[1], rng), _drawn(network, square, SQUARE, rng))


def _drawn(like: Network, sizes: Sequence[int], n: int, rng: np.random.Generator) -> CodeCase:
    weights = [rng.normal(size=(m, j)) / j**0.5 for j, m in pairwise(sizes)]
    biases = [rng.normal(size=m) / 2 for m in sizes[1:]]
    network = Network(weights, biases, like.hidden, like.output, like.loss, like.reduction)
    k = sizes[-1]
    low, high = like.loss_rule.target_range
    y: Array = rng.normal(size=(n, k))
    if like.output == "softmax":
        y = np.eye(k)[np.arange(n) % k]
        rng.shuffle(y)
    elif (low, high) == (0.0, 1.0) or like.output == "sigmoid":
        y = rng.integers(0, 2, (n, k)).astype(float)
    elif low == 0.0:
        y = np.abs(y)
    return CodeCase(network, rng.normal(size=(n, sizes[0])), y)
