"""What is to be learned, and what of an optimizer is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Event
from typing import Any

import numpy as np

from chainrule.estimators.objective import Objective
from chainrule.network.arrays import Array
from chainrule.network.network import Network

INTERRUPTED = "Training interrupted by user."  # scikit-learn's words


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be learned.

    Attributes:
        X: (n, d), dense or sparse, of the network's type; y: as the caller gave it.
        targets: class numbers (n,), or (n, k) of the network's type.
        weight: of each row (n,), or None; of_class: the weight of its class, which counts in learning only.
        validation_data: as the caller gave it.
        random: the state of which the split and the order of the rows are drawn.
        incremental: one epoch, going on.
        stop: ends the training once it is set, as Ctrl-C does; None where no other network is trained beside.
    """

    X: Any
    y: Array
    targets: Array
    weight: Array | None
    of_class: Array | None
    objective: Objective
    validation_data: Any
    random: np.random.RandomState
    incremental: bool
    stop: Event | None = None

    def astype(self, dtype: Any) -> Task:
        """In the type of a network; the class numbers stay what they are."""
        numbers = {"X": self.X, "weight": self.weight, "of_class": self.of_class}
        if self.targets.ndim == 2:
            numbers["targets"] = self.targets
        cast = {name: of.astype(dtype, copy=False) for name, of in numbers.items() if of is not None}
        return replace(self, **cast)

    def part(self, rows: Array) -> Task:
        """Some of the rows."""
        weight, of_class = (None if of is None else of[rows] for of in (self.weight, self.of_class))
        X, y, targets = self.X[rows], self.y[rows], self.targets[rows]
        return replace(self, X=X, y=y, targets=targets, weight=weight, of_class=of_class)

    @property
    def learned_by(self) -> Array | None:
        """The weight of each row in learning."""
        if self.weight is None or self.of_class is None:
            return self.of_class if self.weight is None else self.weight
        product: Array = self.weight * self.of_class
        return product


@dataclass(frozen=True, eq=False)
class OptimizerState:
    """What the optimizer remembers from one call of ``partial_fit`` to the next.

    Attributes:
        learning_rate: of the next epoch; initial_rate: ``learning_rate_init`` at that time.
        moments: in the order of ``Network.flat``; None where an interruption lost them.
        step: steps made.
    """

    learning_rate: float
    initial_rate: float
    moments: tuple[Array, ...] | None = None
    step: int = 0


def keep(est: Any, network: Network) -> None:
    """Give the estimator a network's parameters, as copies it may change: ``coefs_`` W^T and ``intercepts_`` b."""
    est.coefs_ = [np.array(W.T, order="C") for W in network.weights]
    est.intercepts_ = [np.array(b) for b in network.biases]
