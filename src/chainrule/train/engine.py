"""The one interface of what trains, and the records that go in and come out of it; no engine is known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples to learn from, known to fit a network: ``fitting`` makes them so.

    Attributes:
        x: inputs (n, d), C-contiguous, of the network's type.
        y: class numbers (n,) int64, or targets (n, k) of the network's type.
        weight: sample weights (n,) of the network's type, or None.
    """

    x: Array
    y: Array
    weight: Array | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Away:
    """Rows that only an engine of its own reaches, such as those on the workers of a cluster.

    Attributes:
        count: of the rows.
        steps: that an epoch makes.
        labels: whether the targets are class numbers.
        digest: tells these rows from others.
    """

    count: int
    steps: int
    labels: bool
    digest: str

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True, eq=False)
class State:
    """All that an engine remembers: parameters and moments in the order of ``Network.flat``, number of steps made."""

    theta: Array
    moments: tuple[Array, ...]
    step: int


@dataclass(frozen=True, eq=False)
class HealthProbe:
    """What was seen of the network's health during some steps.

    Attributes:
        grad_norm, weight_norm, update_norm: of each layer's parameters in the last step (layers,).
        asleep: for each hidden unit, in how many of the observed examples its slope was (next to) 0.
        observed: how many examples were observed.

    Of several epochs each has an axis of epochs in front.
    """

    grad_norm: Array
    weight_norm: Array
    update_norm: Array
    asleep: Array
    observed: Any

    @classmethod
    def nothing(cls, network: Network) -> HealthProbe:
        """Where health is not observed."""
        layers, units = network.depth, sum(network.sizes[1:-1])
        return cls(np.zeros(layers), np.zeros(layers), np.zeros(layers), np.zeros(units, np.int64), 0)


@dataclass(frozen=True, eq=False)
class StepsResult:
    """What some steps gave.

    Attributes:
        loss: of the rows before the updates, with the penalty: mean or sum, as the network's reduction says.
        right: examples classified right.
        failed: number of the minibatch (from 0) whose loss was no longer finite, or None; it and those after it
            made no update.
    """

    loss: float
    right: int
    failed: int | None
    probe: HealthProbe


@dataclass(frozen=True, eq=False)
class EpochsResult:
    """What some epochs gave, an entry for each that ended well.

    Attributes:
        loss, right: as of the steps of each (epochs,).
        seconds: from the beginning of the first to the end of each (epochs,).
        probe: of all, with an axis of epochs.
        good: the parameters after the last of these, where the next did not end well: its loss or its parameters were
            not finite. None where all ended well.
    """

    loss: Array
    right: Array
    seconds: Array
    probe: HealthProbe
    good: Array | None

    @classmethod
    def of(cls, network: Network, parts: Sequence[StepsResult], seconds: Sequence[float], good: Array | None) -> Self:
        """Of epochs that were made one by one."""
        nothing = HealthProbe.nothing(network)
        stacked = [
            np.array([getattr(part.probe, f.name) for part in parts]).reshape(
                len(parts), *np.shape(getattr(nothing, f.name))
            )
            for f in fields(HealthProbe)
        ]
        loss, right = (np.array([getattr(part, name) for part in parts]) for name in ("loss", "right"))
        return cls(loss, right, np.array(seconds), HealthProbe(*stacked), good)


@dataclass(frozen=True, eq=False)
class SummedGradient:
    """Sums over rows, and their gradient.

    Attributes:
        loss: of the rows' losses times their weights, without penalty or dropout; infinite where it is no number.
        grad: its gradient, in the order of ``Network.flat``; NaN where the loss is no number.
        right: rows classified right.
    """

    loss: float
    grad: Array
    right: int


def fitting(rows: Rows, network: Network, what: str = "rows") -> Rows:
    """The rows in the types and the memory order that an engine takes.

    An engine trusts its rows: the native library checks no index. ``fit`` passes all rows through here.

    Raises:
        InputError: none, of unequal lengths, of another width, not finite, or no targets of the network's loss.
    """
    x = checks.numbers(f"{what}: x", rows.x, network.dtype)
    if x.ndim != 2 or x.shape[1] != network.sizes[0]:
        raise InputError(f"{what}: x", f"shape (n, {network.sizes[0]})", f"shape {x.shape}")
    n, k, y = len(x), network.sizes[-1], np.asarray(rows.y)
    if n == 0:
        raise InputError(what, "at least one example", "none")
    if y.ndim == 1 and k > 1:
        if y.dtype.kind not in "iub" or y.shape != (n,):
            raise InputError(f"{what}: y", f"{n} class numbers, or shape ({n}, {k})", f"{y.dtype} of shape {y.shape}")
        if y.min() < 0 or y.max() >= k:
            raise InputError(f"{what}: y", f"class numbers from 0 to {k - 1}", f"{y.min()} to {y.max()}")
        y = np.ascontiguousarray(y, np.int64)
    else:
        y = checks.shaped(f"{what}: y", checks.numbers(f"{what}: y", y, network.dtype).reshape(len(y), -1), n, k)
        checks.within(f"{what}: y (targets of {network.loss})", y, *network.loss_rule.target_range)
        y = np.ascontiguousarray(y)
    weight = checks.weights(rows.weight, n, network.dtype)
    return Rows(np.ascontiguousarray(x), y, None if weight is None else np.ascontiguousarray(weight))


class Engine(Protocol):
    """Trains one network. It alone changes in place; all it gives are copies.

    Attributes:
        kind: ``plain`` or ``compiled``.
        step: how many steps were made.
        threads: how many threads share a step.
    """

    kind: str
    step: int
    threads: int

    def steps(self, rows: Any, order: Array, learning_rates: Array) -> StepsResult:
        """A step for each minibatch of the rows in ``order``, with its learning rate."""

    def epochs(self, rows: Rows, first: int, learning_rates: Array) -> EpochsResult:
        """Epochs from number ``first`` on: the rows as ``row_order`` puts them by seed and number, or as they lie.

        The first that does not end well ends them; the parameters are then as that epoch left them.

        Args:
            learning_rates: of the steps of each epoch (epochs, steps).
        """

    def gradient(self, rows: Rows) -> SummedGradient:
        """The summed loss of rows and its gradient at the parameters as they are, ``batch_size`` rows at a time.

        It is of the sum whatever the network's reduction, and changes nothing that the engine remembers.
        """

    def evaluate(self, rows: Any) -> tuple[float, float]:
        """Loss (without penalty or dropout) and share of right answers (NaN for numbers) over rows."""

    def network(self) -> Network:
        """The network as it is now."""

    def snapshot(self) -> Array:
        """A copy of the parameters, in the order of ``Network.flat``."""

    def recall(self, snapshot: Array) -> None:
        """Go back to the parameters of a snapshot; the optimizer's moments stay."""

    def close(self) -> None:
        """Give back its threads."""

    def state(self) -> State:
        """A copy of the state."""

    def restore(self, state: State) -> None:
        """Go on from a state."""


def minibatches(count: int, batch_size: int) -> int:
    """How many minibatches ``count`` rows are."""
    return -(-count // batch_size)


def beginning(network: Network, recipe: Recipe) -> State:
    """The state before the first step."""
    return State(network.flat, tuple(np.zeros_like(network.flat) for _ in range(recipe.optimizer.moments)), 0)


OBSERVED = 512  # examples of which health is observed, about, in one call


def observed_steps(count: int, batch_size: int) -> int:
    """Health is observed in every so many steps."""
    return max(1, minibatches(count, batch_size) * batch_size // OBSERVED)


def weight_mask(network: Network) -> Array:
    """True for a weight, False for a bias, in the order of ``Network.flat``."""
    parts = [np.full(p.size, i == 0) for pair in zip(network.weights, network.biases, strict=True)
             for i, p in enumerate(pair)]  # fmt: skip
    return np.concatenate(parts)
