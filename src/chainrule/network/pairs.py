"""The declared pairs of a loss and an output, taken together straight from a_L: stable values, short gradients.

Axes: n examples, k outputs. A pair is tested equal to the general path, backward.out with the output's Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.network.activations import ACTIVATIONS, log1p
from chainrule.network.arrays import Array
from chainrule.network.losses import LOSSES, total
from chainrule.network.outputs import EXP


@dataclass(frozen=True)
class Pair:
    """A declared shortcut: loss and output taken together, straight from a_L.

    Attributes:
        value: (a_L, y) -> the loss of each example (n,), finite for logits of any size.
        gradient: (a_L, yhat, y) -> dl/da_L (n, k), equal to J_O^T dl/dyhat.
        formula, latex: the gradient for reading, in the letters p = yhat, y and a = a_L; ``sum(y)`` is over outputs.
        exact: the gradient in a form that keeps its digits where ``formula`` loses them; "" where none is needed.
        value_formula: the term of one output in the loss, the loss being their sum; ``lse`` is the log of the sum
            of exp(a) over the outputs, ``rest`` the log of that sum without this output.
        rising: each entry of the gradient rises with its a_L and its yhat, so that bounds of these give its bounds.
    """

    loss: str
    output: str
    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array, Array], Array]
    formula: str
    latex: str
    value_formula: str
    exact: str = ""
    rising: bool = False


# ---------------------------------------------------------------- pieces

_softplus = ACTIVATIONS["softplus"].g
_sigmoid = ACTIVATIONS["sigmoid"].g
_SMALL = -18.0  # softplus(a) = e^a - e^{2a}/2 + … to rounding below this


def _log_softmax(a: Array) -> Array:
    """log softmax; the largest entry is -log1p(sum of the others), exact also near 0."""
    largest = a.real.argmax(axis=1)[:, None]
    shifted = a - np.take_along_axis(a, largest, axis=1)
    e = np.exp(shifted)
    np.put_along_axis(e, largest, 0, axis=1)
    logs: Array = shifted - log1p(e.sum(axis=1, keepdims=True))
    return logs


def _log_softmax_complement(a: Array) -> Array:
    """log(1 - softmax): of the sum over the others, less that over all; log1p(-p) where p is small."""
    k = a.shape[1]
    log_p = _log_softmax(a)
    p = np.exp(np.where(log_p.real < -1, log_p, -1))
    others = np.where(np.eye(k, dtype=bool), -np.inf, a[:, None, :])
    top = others.real.max(axis=2, keepdims=True)
    rest = np.log(np.exp(others - top).sum(axis=2)) + (top[:, :, 0] - a) + log_p
    return np.where(log_p.real < -1, log1p(-p), rest)


def _softmax_bce(a: Array, y: Array) -> Array:
    return -total(y * _log_softmax(a) + (1 - y) * _log_softmax_complement(a))


def _dsoftmax_bce(a: Array, p: Array, y: Array) -> Array:
    """-y_m (1 - p_m) + (1 - y_m) p_m + sum_{j != m} p_m (y_j - (1 - y_j) p_j / (1 - p_j))."""
    log_p, log_rest = _log_softmax(a), _log_softmax_complement(a)
    off = ~np.eye(a.shape[1], dtype=bool)
    ratio = np.exp(np.minimum(log_p[:, None, :] - log_rest[:, :, None], 0))  # p_m / (1 - p_j) <= 1 for m != j
    cross = off * (y[:, :, None] * p[:, None, :] - ((1 - y) * p)[:, :, None] * ratio)
    gradient: Array = (1 - y) * p - y * np.exp(log_rest) + cross.sum(axis=1)
    return gradient


def log_softplus(a: Array) -> Array:
    """log softplus(a), finite for any a."""
    near = np.where(a.real < _SMALL, 0, a)
    return np.where(a.real < _SMALL, a - _exp_small(a) / 2, np.log(_softplus(near)))


def _dlog_softplus(a: Array) -> Array:
    near = np.where(a.real < _SMALL, 0, a)
    return np.where(a.real < _SMALL, 1 - _exp_small(a) / 2, _sigmoid(near) / _softplus(near))


def _exp_small(a: Array) -> Array:
    e: Array = np.exp(np.where(a.real < _SMALL, a, _SMALL))
    return e


# ---------------------------------------------------------------- the pairs

_PAIRS = (
    Pair(
        "cross_entropy", "softmax",
        lambda a, y: -total(y * _log_softmax(a)), lambda a, p, y: p * y.sum(axis=1, keepdims=True) - y,
        "p*sum(y) - y", r"\hat{y} \textstyle\sum_k y_k - y", "y*(lse - a)", rising=True,
    ),
    Pair(
        "binary_cross_entropy", "sigmoid",
        lambda a, y: total(y * _softplus(-a) + (1 - y) * _softplus(a)), lambda a, p, y: p - y,
        "p - y", r"\hat{y} - y", "y*softplus(-a) + (1 - y)*softplus(a)", rising=True,
    ),
    Pair(
        "cross_entropy", "sigmoid",
        lambda a, y: total(y * _softplus(-a)), lambda a, p, y: -y * _sigmoid(-a),
        "-y*(1 - p)", r"-y\,(1 - \hat{y})", "y*softplus(-a)", exact="-y*sigma(-a)", rising=True,
    ),
    Pair(
        "binary_cross_entropy", "softmax",
        _softmax_bce, _dsoftmax_bce,
        "-y_m*(1 - p_m) + (1 - y_m)*p_m + sum_{j != m} p_m*(y_j - (1 - y_j)*p_j/(1 - p_j))",
        r"-y_m (1 - \hat{y}_m) + (1 - y_m)\,\hat{y}_m + \textstyle\sum_{j \ne m} \hat{y}_m "
        r"\left( y_j - (1 - y_j) \frac{\hat{y}_j}{1 - \hat{y}_j} \right)",
        "y*(lse - a) + (1 - y)*(lse - rest)",
    ),
    Pair(
        "poisson", "softmax",
        lambda a, y: 1 - total(y * _log_softmax(a)), lambda a, p, y: p * y.sum(axis=1, keepdims=True) - y,
        "p*sum(y) - y", r"\hat{y} \textstyle\sum_k y_k - y", "p + y*(lse - a)", rising=True,
    ),
    Pair(
        "poisson", "sigmoid",
        lambda a, y: total(_sigmoid(a) + y * _softplus(-a)), lambda a, p, y: (p - y) * _sigmoid(-a),
        "(p - y)*(1 - p)", r"(\hat{y} - y)(1 - \hat{y})", "p + y*softplus(-a)", exact="(p - y)*sigma(-a)",
    ),
    Pair(
        "poisson", "softplus",
        lambda a, y: total(_softplus(a) - y * log_softplus(a)), lambda a, p, y: _sigmoid(a) - y * _dlog_softplus(a),
        "sigma(a)*(1 - y/p)", r"\sigma(a_L)\,\left(1 - \frac{y}{\hat{y}}\right)", "p - y*logsoftplus(a)",
        exact="sigma(a) - y*exp(log(sigma(a)) - logsoftplus(a))", rising=True,
    ),
)  # fmt: skip

PAIRS: dict[tuple[str, str], Pair] = {(row.loss, row.output): row for row in _PAIRS}

_POISSON_EXP = Pair(
    "poisson", "exp",
    lambda a, y: total(EXP.value(a) - y * a), lambda a, p, y: p - y,
    "p - y", r"\hat{y} - y", "p - y*a", rising=True,
)  # fmt: skip


def shortcut(loss_name: str, output_name: str) -> Pair | None:
    """The declared pair of a loss and an output, or None where only the general path exists."""
    pair = (loss_name, output_name)
    return _POISSON_EXP if pair == ("poisson", "exp") else PAIRS.get(pair)


def example_losses(loss_name: str, output_name: str, a: Array, yhat: Array, y: Array) -> Array:
    """The loss of each example (n,), by the declared pair's stable value where there is one."""
    pair = shortcut(loss_name, output_name)
    return LOSSES[loss_name].value(yhat, y) if pair is None else pair.value(a, y)
