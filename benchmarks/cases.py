"""The networks and tables that are timed, and their data; all that a worker must be told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam's, for everyone
ACTIVATIONS = ("relu", "sigmoid")


@dataclass(frozen=True)
class Case:
    """A network and a table of n rows; float32, softmax and cross-entropy.

    Attributes:
        sizes: units of each layer, the inputs first.
        batch: rows of a minibatch; it divides n, so that every step of every peer has the same shapes.
        activation: of the hidden layers; each of ``ACTIVATIONS`` in turn, or another that the case alone has.
    """

    name: str
    n: int
    sizes: tuple[int, ...]
    batch: int
    activation: str = "relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if self.n % self.batch:
            raise ValueError(f"{self.name}: {self.n} rows are not a whole number of minibatches of {self.batch}")

    @property
    def steps(self) -> int:
        """Minibatches an epoch."""
        return self.n // self.batch

    @property
    def parameters(self) -> int:
        return sum((j + 1) * m for j, m in pairwise(self.sizes))

    @property
    def shape(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def operations(self) -> int:
        """Multiplications and additions of a step's products: forward, weight gradients, and backward but for the
        gradient of the inputs, which training does not need."""
        areas = [j * m for j, m in pairwise(self.sizes)]
        return 2 * self.batch * (3 * sum(areas) - areas[0])

    def with_activation(self, activation: str) -> Case:
        return replace(self, activation=activation)

    def told(self) -> dict[str, Any]:
        """What JSON can carry; ``Case(**told)`` is the case again."""
        return asdict(self)

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows float32 (n, d) and classes int64 (n,), every class among them; by a noisy linear rule."""
        return _data(self.n, self.sizes[0], self.sizes[-1])

    def own_threads(self) -> int:
        """The threads that chainrule takes for it by itself."""
        from chainrule import Network
        from chainrule.train.recipe import Recipe

        return Recipe(batch_size=self.batch).threads_for(Network.random(self.sizes, self.activation, dtype="float32"))

    def weights(self) -> list[np.ndarray]:
        """First weights W_i (units of layer i, units of layer i-1), float32; all biases begin at 0."""
        rng = np.random.default_rng(1)
        scale = {"relu": lambda j, m: 2 / j}.get(self.activation, lambda j, m: 2 / (j + m))
        return [(rng.standard_normal((m, j)) * scale(j, m) ** 0.5).astype(np.float32) for j, m in pairwise(self.sizes)]


@lru_cache(1)
def _data(n: int, d: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, d), np.float32)
    scores = x @ rng.standard_normal((d, k), np.float32) + rng.gumbel(size=(n, k))
    labels = scores.argmax(axis=1).astype(np.int64)
    labels[:k] = np.arange(k)
    return x, labels


CASES = {
    case.name: case
    for case in (
        Case("tiny", 8192, (8, 16, 2), 32),
        Case("small", 8192, (20, 64, 64, 10), 32),
        Case("digits", 8192, (64, 128, 10), 64),
        Case("tabular", 16384, (50, 256, 256, 256, 5), 256),
        Case("mnist", 16384, (784, 256, 128, 10), 128),
        Case("large", 4096, (1024, 1024, 1024, 10), 256),
        # sizes, tanh, rows and full batch as SimpleChains.jl publishes them
        Case("full-batch", 10_000, (4, 32, 16, 4), 10_000, "tanh"),
    )
}


def chosen(names: Iterable[str], activations: Iterable[str]) -> Iterator[Case]:
    """Cases by name, each with each of these activations; one that has another of its own, with that."""
    for case in map(CASES.__getitem__, names):
        for activation in activations if case.activation in ACTIVATIONS else [case.activation]:
            yield case.with_activation(activation)
