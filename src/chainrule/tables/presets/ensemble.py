"""An ensemble: members' networks on features of the inputs, their shares, and the calibration of what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.forward import forward
from chainrule.network.network import Network
from chainrule.tables.presets.features import Features
from chainrule.tables.presets.folds import LEAST
from chainrule.tables.presets.weigh import warmed

ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Members:
    """The networks of one kind, on the same features; each says as much as the others.

    Attributes:
        share: of the ensemble, of all of them together.
        held_out: their mean loss on rows that they did not learn from.
    """

    name: str
    features: Features
    networks: tuple[Network, ...]
    share: float
    held_out: float


@dataclass(frozen=True)
class HeldOut:
    """What was seen on rows that no network which answered for them had learnt from.

    Attributes:
        rows: how many. loss, calibrated: of the ensemble before and after the temperature.
    """

    rows: int
    loss: float
    calibrated: float


@dataclass(frozen=True, eq=False)
class Ensemble:
    """A weighted mean of networks, calibrated.

    Attributes:
        parts: whose shares add up to 1.
        temperature: of probabilities; 1 of numbers.
        residuals: sizes of held-out errors of numbers, from small to large.
        preset, seed, folds: how it was made.
    """

    parts: tuple[Members, ...]
    temperature: float
    residuals: Array
    held: HeldOut
    preset: str
    seed: int
    folds: int

    @property
    def outputs(self) -> int:
        """k: classes, or 1."""
        return self.parts[0].networks[0].sizes[-1]

    @property
    def inputs(self) -> int:
        """d."""
        return len(self.parts[0].features.centre)

    @property
    def loss(self) -> str:
        """Its name."""
        return self.parts[0].networks[0].loss

    @property
    def parameter_count(self) -> int:
        """Of all networks."""
        return sum(network.parameter_count for part in self.parts for network in part.networks)

    def __call__(self, x: Array) -> Array:
        """yhat (n, k) of inputs x (n, d), float64."""
        return np.concatenate([self._some(x[at : at + ROWS_AT_ONCE]) for at in range(0, max(1, len(x)), ROWS_AT_ONCE)])

    def _some(self, x: Array) -> Array:
        mean = self._mean(x)
        return warmed(mean, self.temperature) if self.outputs > 1 else mean

    def _mean(self, x: Array) -> Array:
        mean = np.zeros((len(x), self.outputs))
        for part in self.parts:
            given = part.features(x)
            for network in part.networks:
                mean += part.share / len(part.networks) * network(given.astype(network.dtype))
        return mean

    def slopes(self, x: Array, output: int = 0) -> Array:
        """Derivatives of yhat_output (from 0) by the inputs (n, d), by the chain rule through members and features."""
        found: Array = self.contributions(x, output).sum(axis=0)
        return found

    def contributions(self, x: Array, output: int = 0) -> Array:
        """What each part adds to ``slopes``, (parts, n, d).

        With p the mean of the members' probabilities and q_o = p_o^(1/T) / sum_k p_k^(1/T), a change of p changes q_o
        by q_o/T (dp_o/p_o - sum_k q_k dp_k/p_k): that of p is a sum over the parts, and so is that of q_o.
        """
        mean = self._mean(x)
        factors = np.zeros_like(mean)
        factors[:, output] = 1.0
        if self.temperature != 1.0:
            q = warmed(mean, self.temperature)
            factors = q[:, [output]] * (factors - q) / np.maximum(mean, LEAST) / self.temperature
        found = np.zeros((len(self.parts), *x.shape))
        for place, part in enumerate(self.parts):
            given = part.features(x)
            for network in part.networks:
                by_features = _by_inputs(network.astype(np.float64), given, factors)
                found[place] += part.share / len(part.networks) * part.features.back(x, by_features)
        return found


def _by_inputs(network: Network, x: Array, factors: Array) -> Array:
    """sum_k factors_k d yhat_k / d x of each row (n, m)."""
    wanted = np.flatnonzero(factors.any(axis=0))
    passed = forward(network, x)
    found = np.zeros_like(x)
    for k in wanted:
        found += factors[:, [k]] * passed[f"dyhat_{k + 1}/dx"]
    return found


def told(ensemble: Ensemble) -> list[dict[str, Any]]:
    """The members as rows of a table, the largest share first."""
    rows = [
        {"kind": part.name, "networks": len(part.networks), "features": part.features.count, "share": part.share,
         "held_out_loss": part.held_out}
        for part in ensemble.parts
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["share"])
