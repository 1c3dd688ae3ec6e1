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
        mean = np.zeros((len(x), self.outputs))
        for part in self.parts:
            given = part.features(x)
            for network in part.networks:
                mean += part.share / len(part.networks) * network(given.astype(network.dtype))
        return warmed(mean, self.temperature) if self.outputs > 1 else mean

    def slopes(self, x: Array, output: int = 0) -> Array:
        """Derivatives of yhat_output (from 0) by the inputs (n, d), by the chain rule through members and features."""
        mean, by_output = np.zeros((len(x), self.outputs)), np.zeros((self.outputs, *x.shape))
        wanted = range(self.outputs) if self.temperature != 1.0 else [output]
        for part in self.parts:
            given = part.features(x)
            for network in part.networks:
                share = part.share / len(part.networks)
                wide = network.astype(np.float64)
                mean += share * wide(given)
                for k in wanted:
                    by_output[k] += share * part.features.back(x, _by_inputs(wide, given, k))
        if self.temperature == 1.0:
            alone: Array = by_output[output]
            return alone
        p, q = np.maximum(mean, LEAST), warmed(mean, self.temperature)
        logs = by_output / p.T[:, :, None] / self.temperature
        found: Array = q[:, output, None] * (logs[output] - np.einsum("nk,knd->nd", q, logs))
        return found


def _by_inputs(network: Network, x: Array, output: int) -> Array:
    """d yhat_output / d x of each row (n, m)."""
    found: Array = forward(network, x)[f"dyhat_{output + 1}/dx"]
    return found


def told(ensemble: Ensemble) -> list[dict[str, Any]]:
    """The members as rows of a table, the largest share first."""
    rows = [
        {"kind": part.name, "networks": len(part.networks), "features": part.features.count, "share": part.share,
         "held_out_loss": part.held_out}
        for part in ensemble.parts
    ]  # fmt: skip
    return sorted(rows, key=lambda row: -row["share"])
