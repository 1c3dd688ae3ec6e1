"""Output functions yhat = O(a_L): softmax, any activation elementwise, or exp, with their Jacobians.

Axes: n examples, o outputs (of yhat), m outputs (of a_L).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chainrule.errors import unknown
from chainrule.network import equations
from chainrule.network.activations import ACTIVATIONS, Activation, own_rule
from chainrule.network.arrays import Array


@dataclass(frozen=True)
class Output:
    """yhat = O(a_L). ``rule`` is the elementwise rule, or None for softmax.

    Attributes:
        low, high: the open interval in which yhat lies.
    """

    name: str
    low: float
    high: float
    rule: Activation | None = None

    def value(self, a: Array) -> Array:
        """a_L (n, k) -> yhat (n, k). Equation forward.act."""
        return softmax(a) if self.rule is None else self.rule.g(a)

    def jacobian(self, a: Array, yhat: Array) -> Array:
        """dyhat_o/da_m, shape (n, o, m). Softmax: yhat_o ([o = m] - yhat_m)."""
        if self.rule is None:
            return equations.jacobian_batch(yhat)
        diagonal: Array = self.rule.dg(a)[:, :, None] * np.eye(a.shape[1], dtype=a.dtype)
        return diagonal

    def pull(self, a: Array, yhat: Array, grad_yhat: Array) -> Array:
        """J_O^T grad yhat (n, k) as equation backward.out gives it, without forming the Jacobian (n, o, m)."""
        if self.rule is not None:
            scaled: Array = grad_yhat * self.rule.dg(a)
            return scaled
        # the same for grad_yhat less any number; less that of the largest yhat, nothing large cancels
        likely = yhat.argmax(axis=1)[:, None]
        apart = grad_yhat - np.take_along_axis(grad_yhat, likely, axis=1)
        centred: Array = yhat * (apart - (apart * yhat).sum(axis=1, keepdims=True))
        return centred


def softmax(a: Array) -> Array:
    """e^{a_m} / sum_j e^{a_j} along the last axis, shifted by the largest so that nothing overflows."""
    e = np.exp(a - a.real.max(axis=-1, keepdims=True, initial=-np.inf))
    total: Array = e / e.sum(axis=-1, keepdims=True)
    return total


def _exp(a: Array) -> Array:
    """e^a; infinite where it overflows."""
    with np.errstate(over="ignore"):
        e: Array = np.exp(a)
    return e


OUTPUTS: dict[str, Output] = {"softmax": Output("softmax", 0.0, 1.0)} | {
    row.name: Output(row.name, row.low, row.high, row) for row in ACTIVATIONS.values()
}

#: for training only, beside the table: e^a, the inverse of the log link of a Poisson regression. It overflows for
#: large a, which no row of the table does
EXP = Output("exp", 0.0, math.inf, Activation("exp", _exp, _exp, "exp(a)", "h", r"e^a", "h", low=0.0))


def output(name: str) -> Output:
    """The output function of that name.

    Raises:
        InputError: no such output; the message lists those that are known.
    """
    if name == EXP.name:
        return EXP
    if (rule := own_rule(name)) is not None:
        return Output(name, rule.low, rule.high, rule)
    if not isinstance(name, str) or name not in OUTPUTS:
        raise unknown("output", name, OUTPUTS)
    return OUTPUTS[name]
