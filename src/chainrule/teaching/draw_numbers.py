"""Numbers of an exercise: few decimals, none 0, nothing equal that could be mixed up, no unit saturated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from chainrule.auditing.model.problem import Problem
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array
from chainrule.network.losses import LOSSES
from chainrule.network.network import Network
from chainrule.network.outputs import OUTPUTS

#: where a pre-activation shall lie, by size, of either sign; and where that is something else
USUAL_RANGE = (0.1, 2.0)
RANGES = {
    "tanh": (0.1, 1.5),
    "relu": (0.1, 3.0),
    "leaky_relu": (0.1, 3.0),
    "identity": (0.1, 4.0),
    "softmax": (0.1, 1.5),
}
_INPUTS = (0.5, 0.8, 1.2, 1.5, 2.0, 3.0)  # none is 1: a factor 1 too many would not be seen
_ROWS = 100  # tries for a unit
_LAYERS = 20  # tries for a layer


def draw_problem(
    sizes: Sequence[int],
    hidden: Sequence[str],
    output: str,
    loss: str,
    learning_rate: float | None,
    rng: np.random.Generator,
) -> Problem:
    """A network with one example and its targets: weights and biases of one decimal, none 0.

    No two rows and no two columns of a weight matrix are equal, and a square one is not its own transpose, as far as
    there are numbers enough. A layer of two units or more has pre-activations of either sign.

    Args:
        sizes: units of each layer, the inputs first. hidden: the activation of each hidden layer.
    """
    rules = [*hidden, output]
    x = h = _inputs(sizes[0], rng)
    weights, biases = [], []
    for (fan_in, units), name in zip(pairwise(sizes), rules, strict=True):
        W, b = _layer(h, fan_in, units, name, rng)
        a = W @ h + b
        h = OUTPUTS[name].value(a[None])[0]
        weights.append(W)
        biases.append(b)
    network = Network(weights, biases, list(hidden) or "sigmoid", output, loss)
    y = None if loss == "identity" else _targets(loss, output, h, rng)
    return Problem.of(network, x, y, rate=learning_rate)


def _inputs(count: int, rng: np.random.Generator) -> Array:
    few = count <= len(_INPUTS)
    sizes = rng.choice(_INPUTS, count, replace=False) if few else rng.integers(2, 21, count) / 10
    signs = rng.choice((-1.0, 1.0), count, p=(0.3, 0.7))
    inputs: Array = (sizes * signs).round(1)
    return inputs


def _layer(h: Array, fan_in: int, units: int, name: str, rng: np.random.Generator) -> tuple[Array, Array]:
    top = int(np.clip(round(16 / np.sqrt(fan_in)), 2, 9))  # in tenths
    best: tuple[int, Array, Array] | None = None
    for _ in range(_LAYERS):
        rows = [_unit(h, fan_in, sign, top, RANGES.get(name, USUAL_RANGE), rng) for sign in _signs(units, name, rng)]
        W, b = np.array([w for w, _ in rows]), np.array([bias for _, bias in rows])
        if best is None or _likeness(W) < best[0]:
            best = (_likeness(W), W, b)
        if best[0] == 0:
            break
    assert best is not None
    return best[1], best[2]


def _signs(units: int, name: str, rng: np.random.Generator) -> list[int]:
    """The sign of each pre-activation: both come up, where there are units enough."""
    bent = name in ACTIVATIONS and ACTIVATIONS[name].bend is not None
    if units == 1:
        return [1 if bent else int(rng.choice((-1, 1)))]
    most = units // 2 if bent else units - 1  # of a bent activation at most half of the units are below 0
    below = int(rng.integers(1, most + 1))
    signs = [-1] * below + [1] * (units - below)
    return [signs[i] for i in rng.permutation(units)]


def _unit(
    h: Array, fan_in: int, sign: int, top: int, reach: tuple[float, float], rng: np.random.Generator
) -> tuple[Array, float]:
    """Weights and bias of a unit whose pre-activation lies where it shall, or nearest to it."""
    low, high = reach
    best: tuple[float, Array, float] | None = None
    for _ in range(_ROWS):
        w = _tenths(rng, top, fan_in)
        b = float(_tenths(rng, min(top, 5), 1)[0])
        a = sign * float(w @ h + b)
        off = max(low - a, a - high, 0.0)
        if best is None or off < best[0]:
            best = (off, w, b)
        if off == 0:
            break
    assert best is not None
    return best[1], best[2]


def _tenths(rng: np.random.Generator, top: int, count: int) -> Array:
    tenths: Array = rng.integers(1, top + 1, count) * rng.choice((-1, 1), count) / 10
    return tenths


def _likeness(W: Array) -> int:
    """How much of a matrix could be mixed up: equal rows or columns, a symmetric one; least, equal entries of a column.

    Two equal entries of a column cancel on the way back from two outputs.
    """
    rows = W.shape[0] - len(np.unique(W, axis=0))
    columns = W.shape[1] - np.unique(W, axis=1).shape[1]
    symmetric = W.shape[0] == W.shape[1] > 1 and np.array_equal(W, W.T)
    entries: int = sum(len(column) - len(np.unique(column)) for column in W.T)
    return 1000 * (int(rows) + int(columns) + int(symmetric)) + entries


def _targets(loss: str, output: str, yhat: Array, rng: np.random.Generator) -> Array:
    """One-hot or 0 and 1 for probabilities, counts for poisson, else one decimal, a way off yhat."""
    k = len(yhat)
    low, high = LOSSES[loss].target_range
    if output == "softmax" or (loss == "cross_entropy" and k > 1):
        one_hot: Array = np.eye(k)[rng.integers(k)]
        return one_hot
    if loss == "cross_entropy":
        return np.ones(1)
    if loss == "poisson":
        counts = rng.integers(0, 4, k).astype(float)
        return counts if counts.any() else counts + 1.0
    if high == 1.0 or output == "sigmoid":
        bits = rng.integers(0, 2, k).astype(float)
        if k > 1 and bits.min() == bits.max():
            bits[rng.integers(k)] = 1.0 - bits[0]
        return bits
    away = rng.integers(3, 15, k) / 10 * rng.choice((-1, 1), k)
    targets: Array = np.clip((yhat + away).round(1), low, high) + 0.0
    return targets
