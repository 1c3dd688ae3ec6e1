"""Optimizers: one row each, a rule on the flat vector of parameters. ``native/update.h`` fuses the same rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chainrule.errors import InputError, unknown
from chainrule.network import equations
from chainrule.network.arrays import Array


@dataclass(frozen=True)
class Settings:
    """What the rules take. Adam's are named as in Kingma & Ba 2015, the decay as in Loshchilov & Hutter 2019."""

    learning_rate: float
    momentum: float = 0.9
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0


Moments = tuple[Array, ...]
Rule = Callable[[Array, Array, Moments, float, Settings], tuple[Array, Moments]]


def _sgd(theta: Array, grad: Array, moments: Moments, rate: float, s: Settings) -> tuple[Array, Moments]:
    """theta <- theta - eta g. Equation update."""
    return equations.update(theta, grad, rate), ()


def _momentum(theta: Array, grad: Array, moments: Moments, rate: float, s: Settings) -> tuple[Array, Moments]:
    """v <- mu v - eta g; theta <- theta + v. Sutskever et al. 2013, eq. 1 and 2."""
    v = s.momentum * moments[0] - rate * grad
    return theta + v, (v,)


def _nesterov(theta: Array, grad: Array, moments: Moments, rate: float, s: Settings) -> tuple[Array, Moments]:
    """v <- mu v - eta g; theta <- theta + mu v - eta g: Sutskever et al. 2013, eq. 3 and 4, at the look-ahead point."""
    v = s.momentum * moments[0] - rate * grad
    return theta + s.momentum * v - rate * grad, (v,)


def _adam(theta: Array, grad: Array, moments: Moments, rate: float, s: Settings) -> tuple[Array, Moments]:
    """Kingma & Ba 2015, Algorithm 1, with the rate of the end of section 2, which corrects both biases."""
    m = s.beta_1 * moments[0] + (1 - s.beta_1) * grad
    v = s.beta_2 * moments[1] + (1 - s.beta_2) * grad**2
    return theta - rate * m / (np.sqrt(v) + s.epsilon), (m, v)


_NOTHING = -42.0  # 1 - e^x is 1 from here down; much lower e^x underflows, which is slow


@dataclass(frozen=True)
class Optimizer:
    """A rule with its settings, and how many vectors like theta it keeps: ``moments``."""

    name: str
    rule: Rule
    moments: int
    settings: Settings = field(default_factory=lambda: Settings(0.01))

    def rates(self, first: int, learning_rates: Array) -> Array:
        """The rate that the rule takes in each step, from the learning rates of the steps ``first`` (from 0) on.

        Adam's is eta_t sqrt(1 - beta_2^t)/(1 - beta_1^t), the others' is eta_t.
        """
        if self.moments < 2:
            return learning_rates
        t, s = np.arange(first + 1, first + 1 + len(learning_rates)), self.settings
        logs = [math.log(beta) if beta else -math.inf for beta in (s.beta_1, s.beta_2)]
        one, two = 1 - np.exp(np.maximum(np.multiply.outer(logs, t), _NOTHING))  # powers, by a quicker way
        rates: Array = learning_rates * np.sqrt(two) / one
        return rates

    def decays(self, learning_rates: Array) -> Array:
        """The share that weights (no biases) lose in a step beside the rule: Loshchilov & Hutter 2019, Algorithm 2."""
        return learning_rates * self.settings.weight_decay


#: name -> the rule, its moments, the usual learning rate and weight decay
_ROWS: dict[str, tuple[Rule, int, float, float]] = {
    "sgd": (_sgd, 0, 0.1, 0.0),
    "momentum": (_momentum, 1, 0.01, 0.0),
    "nesterov": (_nesterov, 1, 0.01, 0.0),
    "adam": (_adam, 2, 0.001, 0.0),
    "adamw": (_adam, 2, 0.001, 0.01),
}
OPTIMIZERS = tuple(_ROWS)

#: setting -> the interval that it must lie in: lowest, highest, may it be these
_RANGES = {
    "learning_rate": (0.0, np.inf, False, False),
    "momentum": (0.0, 1.0, True, True),
    "beta_1": (0.0, 1.0, True, False),
    "beta_2": (0.0, 1.0, True, False),
    "epsilon": (0.0, np.inf, False, False),
    "weight_decay": (0.0, np.inf, True, False),
}


def optimizer(name: str, learning_rate: float | None = None, **settings: float | None) -> Optimizer:
    """The optimizer of that name; a setting that is None is its usual one.

    Args:
        settings: momentum, beta_1, beta_2, epsilon, weight_decay.

    Raises:
        InputError: no such optimizer or setting, or a number that does not fit.
    """
    if name not in _ROWS:
        raise unknown("optimizer", name, _ROWS)
    rule, moments, usual_rate, usual_decay = _ROWS[name]
    given = {"learning_rate": usual_rate, "weight_decay": usual_decay}
    given |= {key: value for key, value in {"learning_rate": learning_rate, **settings}.items() if value is not None}
    for key, value in given.items():
        if key not in _RANGES:
            raise unknown("optimizer setting", key, _RANGES)
        low, high, may_low, may_high = _RANGES[key]
        number = _number(value)
        if not (low < number < high or (may_low and number == low) or (may_high and number == high)):
            kept = "a positive number" if key in ("learning_rate", "epsilon") else f"a number from {low:g} to {high:g}"
            raise InputError(key, kept, repr(value))
        given[key] = number
    return Optimizer(name, rule, moments, Settings(**given))


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")
