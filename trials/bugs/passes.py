"""A backward pass in plain NumPy, as people write it, in steps that a bug replaces one of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import erf

import numpy as np

from chainrule.network.network import Network

SLOPES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "sigmoid": lambda a, h: h * (1 - h),
    "tanh": lambda a, h: 1 - h**2,
    "relu": lambda a, h: (a > 0) * 1.0,
    "leaky_relu": lambda a, h: np.where(a > 0, 1.0, 0.01),
    "elu": lambda a, h: np.where(a > 0, 1.0, h + 1),
    "gelu": lambda a, h: _phi(a) + a * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi),
    "silu": lambda a, h: h + (1 - h) / (1 + np.exp(-a)),
    "identity": lambda a, h: np.ones_like(a),
}


def _phi(a: np.ndarray) -> np.ndarray:
    """The distribution of the standard normal."""
    return np.vectorize(lambda one: (1 + erf(one / 2**0.5)) / 2)(a)


def values(name: str, a: np.ndarray) -> np.ndarray:
    """An activation or an output."""
    match name:
        case "sigmoid":
            return 1 / (1 + np.exp(-a))
        case "tanh":
            return np.tanh(a)
        case "relu":
            return np.maximum(a, 0)
        case "leaky_relu":
            return np.where(a > 0, a, 0.01 * a)
        case "elu":
            return np.where(a > 0, a, np.exp(np.minimum(a, 0)) - 1)
        case "gelu":
            return a * _phi(a)
        case "silu":
            return a / (1 + np.exp(-a))
        case "softmax":
            e = np.exp(a - a.max(1, keepdims=True))
            return e / e.sum(1, keepdims=True)
    return a


@dataclass
class Setting:
    """A network, its examples and the arrays that are handed over."""

    network: Network
    hidden: str
    x: np.ndarray
    y: np.ndarray
    rate: float
    units: bool
    layer: int
    weights: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """(n, k)."""
        k = self.network.sizes[-1]
        return np.eye(k)[self.y] if self.y.dtype.kind == "i" else self.y


@dataclass
class Pass:
    """One pass. A bug sets one of its steps anew; ``W`` and ``b`` are from 1, as layers are."""

    s: Setting
    W: list[np.ndarray] = field(init=False)
    b: list[np.ndarray] = field(init=False)
    a: list[np.ndarray] = field(init=False)
    h: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        net, empty = self.s.network, np.zeros(0)
        self.W, self.b = [empty, *map(np.array, net.weights)], [empty, *map(np.array, net.biases)]
        self.depth, self.n = net.depth, len(self.s.x)
        self.k, self.y, self.rate = net.sizes[-1], self.s.targets, self.s.rate
        self.names = [None, *[self.s.hidden] * (self.depth - 1), net.output]
        self.da: list[np.ndarray | None] = [None] * (self.depth + 1)
        self.dh: list[np.ndarray | None] = [None] * (self.depth + 1)
        self.pre: Callable[[int], np.ndarray] = lambda i: self.h[i - 1] @ self.W[i].T + self.b[i]
        self.act: Callable[[int], np.ndarray] = lambda i: values(self.names[i], self.a[i])
        share = self.s.weights[:, None] / self.s.weights.sum()
        bound = 1.0 if net.loss == "huber" else np.inf
        self.error: Callable[[], np.ndarray] = lambda: np.clip(self.h[-1] - self.y, -bound, bound) * share
        self.shown: list[int] = []  # layers whose outputs are handed over
        self.through: Callable[[np.ndarray], np.ndarray] = lambda e: (
            e if self.names[-1] in ("softmax", "identity") or self.s.network.loss == "binary_cross_entropy"
            else e * self.slope(self.depth))  # fmt: skip
        self.slope: Callable[[int], np.ndarray] = lambda i: SLOPES[self.names[i]](self.a[i], self.h[i])
        self.back: Callable[[int], np.ndarray] = lambda i: self.da[i + 1] @ self.W[i + 1]
        self.local: Callable[[int], np.ndarray] = lambda i: self.dh[i] * self.slope(i)
        self.dW: Callable[[int], np.ndarray] = lambda i: self.da[i].T @ self.h[i - 1]
        self.db: Callable[[int], np.ndarray] = lambda i: self.da[i].sum(0)
        self.after: Callable[[int], None] = lambda i: None

    def run(self) -> dict[str, np.ndarray]:
        """The gradients by name."""
        self.a, self.h = [np.zeros(0)], [self.s.x]
        for i in range(1, self.depth + 1):
            self.a.append(self.pre(i))
            self.h.append(self.act(i))
        found: dict[str, np.ndarray] = {}
        for i in range(self.depth, 0, -1):
            if i == self.depth:
                self.da[i] = self.through(self.error())
            else:
                self.dh[i] = self.back(i)
                self.da[i] = self.local(i)
            found[f"dL/dW_{i}"], found[f"dL/db_{i}"] = self.dW(i), self.db(i)
            if self.s.units:
                found[f"dL/da_{i}"] = self.da[i]
                if i < self.depth:
                    found[f"dL/dh_{i}"] = self.dh[i]
            self.after(i)
        return found
