"""Equation update, fused with the optimizers of ``chainrule.train.optimizers``: one loop over a block of parameters.

Each loop also takes the L2 penalty and the decoupled decay, so that gradient, parameters and moments pass
through memory once.
"""

from __future__ import annotations

import math

from numba import njit

from chainrule.train.kernels.low_level import like
from chainrule.train.kernels.mathematics import FAST

#: sums may be taken in the vector's order; the result is the same in every run of one program
SUMS = FAST | {"reassoc"}
CODES = {"sgd": 0, "momentum": 1, "nesterov": 2, "adam": 3, "adamw": 3}
SGD, MOMENTUM, NESTEROV, ADAM = 0, 1, 2, 3


@njit(error_model="numpy", fastmath=FAST)
def update(rule, theta, m, v, grad, l2, rate, decay, settings):
    """One step of ``theta`` by the gradient ``grad``.

    Args:
        m, v: moments, as long as theta where the rule has them.
        l2: coefficient of theta in the gradient.
        rate: the step's learning rate, Adam's with the correction of its bias.
        decay: share that theta loses beside the step (AdamW).
        settings: momentum, beta_1, beta_2, epsilon in theta's type.
    """
    zero = theta.dtype.type(0)
    l2, rate, decay = like(zero, l2), like(zero, rate), like(zero, decay)
    if rule == SGD:
        for i in range(theta.size):
            p = theta[i]
            theta[i] = p - rate * (grad[i] + l2 * p) - decay * p
    elif rule == MOMENTUM:
        mu = settings[0]
        for i in range(theta.size):
            p = theta[i]
            step = mu * m[i] - rate * (grad[i] + l2 * p)
            m[i] = step
            theta[i] = p + step - decay * p
    elif rule == NESTEROV:
        mu = settings[0]
        for i in range(theta.size):
            p = theta[i]
            down = rate * (grad[i] + l2 * p)
            step = mu * m[i] - down
            m[i] = step
            theta[i] = p + mu * step - down - decay * p
    else:
        beta_1, beta_2, epsilon = settings[1], settings[2], settings[3]
        rest_1, rest_2 = settings[4], settings[5]
        for i in range(theta.size):
            p = theta[i]
            g = grad[i] + l2 * p
            first = beta_1 * m[i] + rest_1 * g
            second = beta_2 * v[i] + rest_2 * g * g
            m[i] = first
            v[i] = second
            theta[i] = p - rate * first / (math.sqrt(second) + epsilon) - decay * p


@njit(error_model="numpy", fastmath=SUMS)
def squares(values):
    """The sum of squares."""
    total = values.dtype.type(0)
    for i in range(values.size):
        total += values[i] * values[i]
    return total
