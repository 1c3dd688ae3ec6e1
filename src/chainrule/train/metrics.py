"""How good a network's outputs are: loss, right answers, R^2. What is a sum over rows can be added up by parts."""

from __future__ import annotations

import numpy as np

from chainrule.network import pairs
from chainrule.network.arrays import Array
from chainrule.network.checks import targets
from chainrule.network.forward import Forward, propagate
from chainrule.network.network import Network
from chainrule.train.engine import Rows


def summed_loss(forward: Forward, y: Array, weight: Array | None) -> float:
    """The sum over examples of weight times loss, in float64; an infinite loss of weight 0 counts nothing.

    Args:
        y: class numbers (n,), or targets (n, k).
        weight: (n,), or None: 1 each.
    """
    network = forward.network
    y = targets(y, forward.n, network.sizes[-1], False, network.dtype)
    each = pairs.example_losses(network.loss, network.output, forward.a[-1], forward.yhat, y).astype(np.float64)
    w = np.ones(forward.n) if weight is None else weight.astype(np.float64)
    return float(np.multiply(each, w, where=w != 0, out=np.zeros_like(each)).sum())


def right_answers(yhat: Array, y: Array) -> Array:
    """Whether each row is classified right, (n,).

    Args:
        yhat: outputs (n, k).
        y: class numbers (n,): the largest output must be the class's; or 0 and 1 (n, k): all labels must be right.
    """
    found: Array = yhat.argmax(axis=1) == y if y.ndim == 1 else ((yhat > 0.5) == (y > 0.5)).all(axis=1)
    return found


def r_squared(network: Network, rows: Rows) -> float:
    """R^2 of the outputs, their mean over outputs."""
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight
    y = rows.y.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yhat = propagate(network, rows.x)[1][-1].astype(np.float64)
        error = (weight[:, None] * (y - yhat) ** 2).sum(axis=0)
        spread = (weight[:, None] * (y - np.average(y, axis=0, weights=weight)) ** 2).sum(axis=0)
    return mean_r_squared(error, spread)


def mean_r_squared(error: Array, spread: Array) -> float:
    """R^2 from the sums of squares of each output; an output without spread counts 1 if it is met and 0 if not."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = np.where(spread > 0, 1 - error / spread, np.where(error == 0, 1.0, 0.0))
    return float(scores.mean())
