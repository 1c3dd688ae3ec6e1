"""Drawn networks, and a naive backward pass of its own for them, in any precision: what somebody's code might be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from chainrule import Network
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from trials.audit import PAIRS

_HIDDEN: dict[str, tuple[Callable, Callable]] = {
    "identity": (lambda z: z, lambda z, a: np.ones_like(z)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype)),
    "leaky_relu": (lambda z: np.where(z > 0, z, z / 100), lambda z, a: np.where(z > 0, 1, 0.01).astype(z.dtype)),
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z, a: np.where(z > 0, 1, a + 1)),
    "silu": (lambda z: z / (1 + np.exp(-z)), lambda z, a: (s := 1 / (1 + np.exp(-z))) * (1 + z * (1 - s))),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z, a: 1 / (1 + np.exp(-z))),
}
_LOSS: dict[str, Callable] = {
    "cross_entropy": lambda p, y: -y / p,
    "binary_cross_entropy": lambda p, y: (1 - y) / (1 - p) - y / p,
    "squared_error": lambda p, y: 2 * (p - y),
    "half_squared_error": lambda p, y: p - y,
    "mean_squared_error": lambda p, y: 2 * (p - y) / p.shape[1],
    "absolute_error": lambda p, y: np.sign(p - y),
    "huber": lambda p, y: np.clip(p - y, -1, 1),
    "poisson": lambda p, y: 1 - y / p,
}


@dataclass(frozen=True)
class Case:
    """A network with examples, and what its own pass gives: dW, db, dz (n, m) and dh (n, m) of each layer."""

    network: Network
    x: np.ndarray
    y: np.ndarray
    dW: list[np.ndarray] = field(default_factory=list)
    db: list[np.ndarray] = field(default_factory=list)
    dz: list[np.ndarray] = field(default_factory=list)
    dh: list[np.ndarray] = field(default_factory=list)  # of h_1 … h_{L-1}, in front of them dx

    @property
    def depth(self) -> int:
        return self.network.depth

    @property
    def n(self) -> int:
        return len(self.x)


def drawn(rng: np.random.Generator, square: bool, hard: bool = False) -> Case:
    """A network of any shape, rules and loss that the pass knows; all sizes and n are equal where ``square``.

    Args:
        hard: one layer too, layers of one unit and wide ones, one example, inputs of any size.
    """
    depth = int(rng.integers(1 if hard else 2, 5 if hard else 4))
    loss, output = PAIRS[rng.integers(len(PAIRS))]
    while loss not in _LOSS or output not in (*_HIDDEN, "softmax"):
        loss, output = PAIRS[rng.integers(len(PAIRS))]
    width = int(rng.integers(2, 6))
    sizes = [width] * (depth + 1) if square else [int(s) for s in rng.integers(1 if hard else 2, 7, depth + 1)]
    n = width if square else int(rng.integers(1 if hard else 2, 9))
    if hard and rng.random() < 0.15:
        sizes, n = [int(s) for s in rng.integers(10, 40, depth + 1)], int(rng.integers(1, 40))
    if not LOSSES[loss].fits(OUTPUTS[output], sizes[-1]):
        sizes[-1] = 2
    hidden = [str(rng.choice(list(_HIDDEN))) for _ in range(depth - 1)]
    weights = [rng.normal(size=(m, j)) / np.sqrt(j) for j, m in pairwise(sizes)]
    biases = [rng.normal(size=m) / 2 for m in sizes[1:]]
    reduction = "mean" if rng.random() < 0.7 else "sum"
    network = Network(weights, biases, hidden or "identity", output, loss, reduction)
    low, high = LOSSES[loss].target_range
    k = sizes[-1]
    y = rng.normal(size=(n, k))
    if (low, high) == (0.0, 1.0):
        y = np.eye(k)[rng.integers(0, k, n)] if output == "softmax" else rng.integers(0, 2, (n, k)).astype(float)
    elif low == 0.0:
        y = rng.integers(0, 4, (n, k)).astype(float)
    return Case(network, rng.normal(size=(n, sizes[0])) * (10 ** rng.uniform(-1, 1.5) if hard else 1), y)


def passed(case: Case, precision: str, left_out: int = 0) -> Case:
    """The case with the gradients of its own pass; ``left_out``: the layer whose slope is left out going back."""
    dtype = np.float64 if precision == "float64" else np.float32
    network, x, y = case.network, case.x.astype(dtype), case.y.astype(dtype)
    weights, biases = ([p.astype(dtype) for p in part] for part in (network.weights, network.biases))
    z, h = [], [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
        z.append(h[-1] @ W.T + b)
        rule = network.output if i == network.depth - 1 else network.hidden[i]
        if rule == "softmax":
            e = np.exp(z[-1] - z[-1].max(axis=1, keepdims=True))
            h.append(e / e.sum(axis=1, keepdims=True))
        else:
            h.append(_HIDDEN[rule][0](z[-1]))
    grad = _LOSS[network.loss](h[-1], y)
    grad = grad / dtype(len(x)) if network.reduction == "mean" else grad
    if network.output == "softmax":
        grad = h[-1] * (grad - (grad * h[-1]).sum(axis=1, keepdims=True))
    else:
        grad = grad * _HIDDEN[network.output][1](z[-1], h[-1])
    dz, dW, db, dh = [grad], [], [], []
    for i in range(network.depth - 1, -1, -1):
        dW.append(dz[-1].T @ h[i])
        db.append(dz[-1].sum(axis=0))
        dh.append(dz[-1] @ weights[i])
        if i:
            slope = 1 if i == left_out else _HIDDEN[network.hidden[i - 1]][1](z[i - 1], h[i])
            dz.append(dh[-1] * slope)
    last = np.float64 if precision == "float32 in float64" else dtype
    parts = ([a.astype(last) for a in part[::-1]] for part in (dW, db, dz, dh))
    return Case(network, case.x, case.y, *parts)
