"""How the layers fare in training: gradients, updates, dead and saturated units, and what is amiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.engine import HealthProbe

MANY_DEAD, MANY_SATURATED = 0.25, 0.5
SMALL_UPDATE, LARGE_UPDATE = 1e-6, 0.1
VANISHING = 1e-4


@dataclass(frozen=True)
class LayerHealth:
    """One layer in one epoch.

    Attributes:
        layer: its number, from 1.
        units: how many it has.
        grad_norm: Euclidean norm of the gradient of its parameters, in the epoch's last step.
        update_ratio: norm of that step's update over the norm of the parameters; NaN for parameters of 0.
        dead: units that were asleep in all of the observed examples (hidden layers of a one-sided activation).
        saturated: mean share of examples in which a unit is asleep (hidden layers of a two-sided activation).
    """

    layer: int
    units: int
    grad_norm: float
    update_ratio: float
    dead: int
    saturated: float


def asleep_limits(network: Network) -> tuple[float, ...]:
    """The slope at or below which units of each hidden layer are asleep; -1 where none ever is."""
    return tuple(-1.0 if rule.asleep is None else rule.asleep for rule in network.activations)


def health(network: Network, probe: HealthProbe, dropout: Sequence[float] = ()) -> list[tuple[LayerHealth, ...]]:
    """The health of each layer in each epoch, from what an engine observed of these epochs.

    A unit that dropout left out looks asleep, on average.
    """
    seen = probe.observed
    with np.errstate(all="ignore"):
        ratios = np.where(probe.weight_norm == 0, np.nan, probe.update_norm / probe.weight_norm)
    layers, start = [], 0
    for i, units in enumerate(network.sizes[1:]):
        dead, saturated = np.zeros_like(seen), np.zeros(len(seen))
        if i < network.depth - 1:
            asleep = probe.asleep[:, start : start + units]
            start += units
            if network.activations[i].one_sided:
                dead = np.where(seen > 0, (asleep == seen[:, None]).sum(axis=1), 0)
            else:
                left_out = dropout[i] if dropout else 0.0
                shares = asleep.mean(axis=1) / np.maximum(seen, 1)
                saturated = np.where(seen > 0, np.maximum(0.0, (shares - left_out) / (1 - left_out)), 0.0)
        columns = (probe.grad_norm[:, i], ratios[:, i], dead, saturated)
        layers.append([LayerHealth(i + 1, units, *row) for row in zip(*(c.tolist() for c in columns), strict=True)])
    return list(zip(*layers, strict=True))


@dataclass(frozen=True)
class Finding:
    """What is amiss with a layer; as text, a sentence with what to try.

    Attributes:
        kind: a row of ``_WORDS``; with ``layer`` it tells one finding from another.
        layer: its number, from 1.
        activation: of a hidden layer; empty for the output.
        count, units: of units that are never active, of all.
        share: of saturated values; of the weights that a step changes; of the largest layer's gradient.
    """

    kind: Literal["dead", "saturated", "large step", "small step", "vanishing"]
    layer: int
    activation: str = ""
    count: int = 0
    units: int = 0
    share: float = 0.0

    def __str__(self) -> str:
        other = "leaky_relu" if self.activation == "relu" else "a wider start or standardised inputs"
        return f"layer {self.layer}: " + _WORDS[self.kind].format(**asdict(self), other=other)


_WORDS = {
    "dead": "{count} of {units} units are never active; lower the learning rate or use {other}",
    "saturated": "{share:.0%} of its {activation} units' values are saturated; standardise the inputs, or lower the "
    "learning rate",
    "large step": "a step changes the weights by {share:.0%}; lower the learning rate",
    "small step": "a step changes the weights by {share:.0e} only; raise the learning rate",
    "vanishing": "its gradient is {share:.0e} of the largest layer's: it vanishes on the way back; use relu, or fewer "
    "layers",
}


def findings(network: Network, layers: Sequence[LayerHealth]) -> list[Finding]:
    """What is amiss; nothing where all is well."""
    found = []
    for row, name in zip(layers[:-1], network.hidden, strict=False):
        if row.dead and row.dead >= MANY_DEAD * row.units:
            found.append(Finding("dead", row.layer, name, row.dead, row.units))
        if row.saturated >= MANY_SATURATED:
            found.append(Finding("saturated", row.layer, name, share=row.saturated))
    for row in layers:
        if row.update_ratio > LARGE_UPDATE:
            found.append(Finding("large step", row.layer, share=row.update_ratio))
        if 0 < row.update_ratio < SMALL_UPDATE:
            found.append(Finding("small step", row.layer, share=row.update_ratio))
    norms = np.array([row.grad_norm for row in layers])
    if len(norms) > 2 and np.isfinite(norms).all() and 0 < norms[0] < VANISHING * norms.max():
        found.append(Finding("vanishing", 1, share=float(norms[0] / norms.max())))
    return found


def largest_layer(network: Network, x: Array) -> int:
    """The first layer at which the values of a batch are no longer finite; else the one of the largest values."""
    from chainrule.network.forward import propagate

    with np.errstate(over="ignore", invalid="ignore"):
        values, _ = propagate(network, x)
    for i, a in enumerate(values, 1):
        if not np.isfinite(a).all():
            return i
    return int(np.argmax([np.abs(a).max(initial=0) for a in values])) + 1
