"""Optimizers: one row each, a rule on the flat vector of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chainrule import equations
from chainrule.activations import Array
from chainrule.errors import InputError


@dataclass(frozen=True)
class Settings:
    """What the rules take. Adam's are named as in Kingma & Ba 2015."""

    learning_rate: float
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class State:
    """What an optimizer remembers: how many steps it has made, and its moments."""

    steps: int = 0
    moments: tuple[Array, ...] = ()


Rule = Callable[[Array, Array, State, Settings], tuple[Array, tuple[Array, ...]]]


def _sgd(theta: Array, grad: Array, state: State, s: Settings) -> tuple[Array, tuple[Array, ...]]:
    """theta <- theta - eta g. Equation update."""
    return equations.update(theta, grad, s.learning_rate), ()


def _momentum(theta: Array, grad: Array, state: State, s: Settings) -> tuple[Array, tuple[Array, ...]]:
    """v <- mu v - eta g; theta <- theta + v. Sutskever et al. 2013, eq. 1 and 2."""
    v = s.momentum * state.moments[0] - s.learning_rate * grad
    return theta + v, (v,)


def _nesterov(theta: Array, grad: Array, state: State, s: Settings) -> tuple[Array, tuple[Array, ...]]:
    """v <- mu v - eta g; theta <- theta + mu v - eta g: Sutskever et al. 2013, eq. 3 and 4, at the look-ahead point."""
    v = s.momentum * state.moments[0] - s.learning_rate * grad
    return theta + s.momentum * v - s.learning_rate * grad, (v,)


def _adam(theta: Array, grad: Array, state: State, s: Settings) -> tuple[Array, tuple[Array, ...]]:
    """Kingma & Ba 2015, Algorithm 1."""
    t = state.steps + 1
    m = s.beta_1 * state.moments[0] + (1 - s.beta_1) * grad
    v = s.beta_2 * state.moments[1] + (1 - s.beta_2) * grad**2
    rate = s.learning_rate * (1 - s.beta_2**t) ** 0.5 / (1 - s.beta_1**t)
    return theta - rate * m / (np.sqrt(v) + s.epsilon), (m, v)


@dataclass(frozen=True)
class Optimizer:
    """A rule with its settings.

    Attributes:
        moments: how many vectors like theta it keeps.
    """

    name: str
    rule: Rule
    moments: int
    settings: Settings = field(default_factory=lambda: Settings(0.01))

    def start(self, theta: Array) -> State:
        """The state before the first step."""
        return State(0, tuple(np.zeros_like(theta) for _ in range(self.moments)))

    def step(self, theta: Array, grad: Array, state: State) -> tuple[Array, State]:
        """One step: new parameters and the new state."""
        moved, moments = self.rule(theta, grad, state, self.settings)
        return moved, State(state.steps + 1, moments)


_ROWS: dict[str, tuple[Rule, int, float]] = {
    "sgd": (_sgd, 0, 0.1),
    "momentum": (_momentum, 1, 0.01),
    "nesterov": (_nesterov, 1, 0.01),
    "adam": (_adam, 2, 0.001),
}
OPTIMIZERS = tuple(_ROWS)


def optimizer(name: str, learning_rate: float | None = None) -> Optimizer:
    """The optimizer of that name; without a learning rate, with its usual one.

    Raises:
        InputError: no such optimizer, or a learning rate that is not a positive number.
    """
    if name not in _ROWS:
        raise InputError("optimizer", f"one of {', '.join(_ROWS)}", repr(name))
    rule, moments, usual = _ROWS[name]
    rate = usual if learning_rate is None else float(learning_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise InputError("learning_rate", "a positive number", repr(learning_rate))
    return Optimizer(name, rule, moments, Settings(rate))
