"""Losses: value, gradient and reduction of each in one place, and the declared pairs with outputs.

Axes: n examples, k outputs. ``value`` and ``gradient`` are for each example alone; ``reduce_by``
gives the coefficient of each example in the batch's loss L = sum_n c_n l_n, so the gradient is
always the gradient of the L that is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network.activations import ACTIVATIONS, log1p, side
from chainrule.network.arrays import Array
from chainrule.network.outputs import EXP, OUTPUTS, Output

Reduction = Literal["mean", "sum"]
REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum")
HUBER_DELTA = 1.0


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes:
        value: (yhat, y) -> the loss of each example (n,).
        gradient: (yhat, y) -> dl/dyhat (n, k).
        formula, dformula: the term of one output and its derivative, for reading, in the letters
            y, p = yhat and k = number of outputs; the loss is the sum of the terms.
        output_range: the open interval that the output's values must lie in.
        target_range: the closed interval that the targets must lie in.
        kink: what holds where the loss has no derivative.
        bends: errors yhat - y at which the loss or its derivative has none.
    """

    name: str
    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array], Array]
    formula: str
    dformula: str
    latex: str
    dlatex: str
    output_range: tuple[float, float] = (-math.inf, math.inf)
    target_range: tuple[float, float] = (-math.inf, math.inf)
    kink: str = ""
    bends: tuple[float, ...] = ()

    def fits(self, output: Output, outputs: int) -> bool:
        """Whether this loss is defined for all that ``output`` with that many units can give."""
        if self.name == "identity":
            return outputs == 1
        if self.name == "binary_cross_entropy" and output.name == "softmax" and outputs == 1:
            return False  # softmax of one unit is 1, not inside (0, 1)
        low, high = self.output_range
        return low <= output.low and output.high <= high


@dataclass(frozen=True)
class Pair:
    """A declared shortcut: loss and output taken together, straight from a_L.

    Attributes:
        value: (a_L, y) -> the loss of each example (n,), finite for logits of any size.
        gradient: (a_L, yhat, y) -> dl/da_L (n, k), equal to J_O^T dl/dyhat.
        formula, latex: the gradient for reading, in the letters p = yhat, y and a = a_L; ``sum(y)`` is over outputs.
        value_formula: the term of one output in the loss, the loss being their sum; ``lse`` is the log of the sum
            of exp(a) over the outputs, ``rest`` the same without this output.
    """

    loss: str
    output: str
    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array, Array], Array]
    formula: str
    latex: str
    value_formula: str


# ---------------------------------------------------------------- pieces


def _total(terms: Array) -> Array:
    total: Array = terms.sum(axis=1)
    return total


def _times_log(y: Array, p: Array) -> Array:
    """y log p, where 0 log 0 is 0; an infinite loss is infinite, not a warning."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(y == 0, 0, y * np.log(p))


def _ratio(y: Array, p: Array) -> Array:
    """y / p, where 0/0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(y == 0, 0, y / p)


def _sign(e: Array) -> Array:
    sign: Array = np.sign(side(e))
    return sign


def huber(e: Array) -> Array:
    """e^2/2 within HUBER_DELTA of 0, straight beyond."""
    size = e * _sign(e)
    return np.where(size.real <= HUBER_DELTA, e**2 / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))


def clip(e: Array) -> Array:
    """The derivative of ``huber``: e, kept within HUBER_DELTA of 0."""
    clipped: Array = np.clip(e, -HUBER_DELTA, HUBER_DELTA)
    return clipped


# ---------------------------------------------------------------- the losses

_ROWS = (
    Loss(
        "cross_entropy",
        lambda p, y: -_total(_times_log(y, p)),
        lambda p, y: -_ratio(y, p),
        "-y*log(p)",
        "-y/p",
        r"-\sum_k y_k \log \hat{y}_k",
        r"-\frac{y}{\hat{y}}",
        output_range=(0.0, 1.0),
        target_range=(0.0, 1.0),
    ),
    Loss(
        "binary_cross_entropy",
        lambda p, y: -_total(_times_log(y, p) + _times_log(1 - y, 1 - p)),
        lambda p, y: _ratio(1 - y, 1 - p) - _ratio(y, p),
        "-(y*log(p) + (1 - y)*log(1 - p))",
        "-y/p + (1 - y)/(1 - p)",
        r"-\sum_k \left( y_k \log \hat{y}_k + (1 - y_k) \log(1 - \hat{y}_k) \right)",
        r"-\frac{y}{\hat{y}} + \frac{1 - y}{1 - \hat{y}}",
        output_range=(0.0, 1.0),
        target_range=(0.0, 1.0),
    ),
    Loss(
        "squared_error",
        lambda p, y: _total((p - y) ** 2),
        lambda p, y: 2 * (p - y),
        "(p - y)^2",
        "2*(p - y)",
        r"\sum_k (\hat{y}_k - y_k)^2",
        r"2\,(\hat{y} - y)",
    ),
    Loss(
        "half_squared_error",
        lambda p, y: _total((p - y) ** 2) / 2,
        lambda p, y: p - y,
        "1/2*(p - y)^2",
        "p - y",
        r"\tfrac{1}{2} \sum_k (\hat{y}_k - y_k)^2",
        r"\hat{y} - y",
    ),
    Loss(
        "mean_squared_error",
        lambda p, y: _total((p - y) ** 2) / p.shape[1],
        lambda p, y: 2 * (p - y) / p.shape[1],
        "1/k*(p - y)^2",
        "2/k*(p - y)",
        r"\tfrac{1}{K} \sum_k (\hat{y}_k - y_k)^2",
        r"\tfrac{2}{K}\,(\hat{y} - y)",
    ),
    Loss(
        "absolute_error",
        lambda p, y: _total((p - y) * _sign(p - y)),
        lambda p, y: _sign(p - y),
        "abs(p - y)",
        "sign(p - y)",
        r"\sum_k |\hat{y}_k - y_k|",
        r"\operatorname{sign}(\hat{y} - y)",
        kink="0 where yhat = y",
        bends=(0.0,),
    ),
    Loss(
        "huber",
        lambda p, y: _total(huber(p - y)),
        lambda p, y: clip(p - y),
        "huber(p - y)",
        "clip(p - y)",
        r"\sum_k H_1(\hat{y}_k - y_k)",
        r"\operatorname{clip}(\hat{y} - y, -1, 1)",
        bends=(-HUBER_DELTA, HUBER_DELTA),
    ),
    Loss(
        "poisson",
        lambda p, y: _total(p - _times_log(y, p)),
        lambda p, y: 1 - _ratio(y, p),
        "p - y*log(p)",
        "1 - y/p",
        r"\sum_k (\hat{y}_k - y_k \log \hat{y}_k)",
        r"1 - \frac{y}{\hat{y}}",
        output_range=(0.0, math.inf),
        target_range=(0.0, math.inf),
    ),
    Loss(
        "identity",
        lambda p, y: p[:, 0],
        lambda p, y: np.ones_like(p),
        "p",
        "1",
        r"\hat{y}",
        "1",
    ),
)

LOSSES: dict[str, Loss] = {row.name: row for row in _ROWS}


def loss(name: str) -> Loss:
    """The loss of that name.

    Raises:
        InputError: no such loss; the message lists those that are known.
    """
    if not isinstance(name, str) or name not in LOSSES:
        raise InputError("loss", f"one of {', '.join(LOSSES)}", repr(name))
    return LOSSES[name]


def fitting_outputs(name: str, outputs: int = 2) -> list[str]:
    """Names of the outputs that a loss fits, in the order of the table."""
    return [row.name for row in OUTPUTS.values() if LOSSES[name].fits(row, outputs)]


def reduce_by(reduction: Reduction, n: int, sample_weight: Array | None, dtype: np.dtype[Any]) -> Array:
    """Coefficient c_n of each example in L = sum_n c_n l_n, shape (n,).

    ``mean`` is the weighted mean: c_n = w_n / sum of w, with weights 1 where none are given;
    ``sum`` is c_n = w_n.
    """
    weights = np.ones(n, dtype) if sample_weight is None else sample_weight.astype(dtype)
    if reduction == "sum":
        return weights
    largest = weights.max(initial=0)
    if n == 0 or largest <= 0:
        raise InputError(
            "reduction 'mean'",
            "at least one example of positive weight",
            "no examples" if n == 0 else "weights that sum to 0",
        )
    scaled = weights / largest  # so that the sum of large weights does not overflow
    coefficients: Array = scaled / scaled.sum()
    return coefficients


# ---------------------------------------------------------------- the declared pairs

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
    return -_total(y * _log_softmax(a) + (1 - y) * _log_softmax_complement(a))


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


_PAIRS = (
    Pair(
        "cross_entropy",
        "softmax",
        lambda a, y: -_total(y * _log_softmax(a)),
        lambda a, p, y: p * y.sum(axis=1, keepdims=True) - y,
        "p*sum(y) - y",
        r"\hat{y} \textstyle\sum_k y_k - y",
        "y*(lse - a)",
    ),
    Pair(
        "binary_cross_entropy",
        "sigmoid",
        lambda a, y: _total(y * _softplus(-a) + (1 - y) * _softplus(a)),
        lambda a, p, y: p - y,
        "p - y",
        r"\hat{y} - y",
        "y*softplus(-a) + (1 - y)*softplus(a)",
    ),
    Pair(
        "cross_entropy",
        "sigmoid",
        lambda a, y: _total(y * _softplus(-a)),
        lambda a, p, y: -y * _sigmoid(-a),
        "-y*(1 - p)",
        r"-y\,(1 - \hat{y})",
        "y*softplus(-a)",
    ),
    Pair(
        "binary_cross_entropy",
        "softmax",
        _softmax_bce,
        _dsoftmax_bce,
        "-y_m*(1 - p_m) + (1 - y_m)*p_m + sum_{j != m} p_m*(y_j - (1 - y_j)*p_j/(1 - p_j))",
        r"-y_m (1 - \hat{y}_m) + (1 - y_m)\,\hat{y}_m + \textstyle\sum_{j \ne m} \hat{y}_m "
        r"\left( y_j - (1 - y_j) \frac{\hat{y}_j}{1 - \hat{y}_j} \right)",
        "y*(lse - a) + (1 - y)*(lse - rest)",
    ),
    Pair(
        "poisson",
        "softmax",
        lambda a, y: 1 - _total(y * _log_softmax(a)),
        lambda a, p, y: p * y.sum(axis=1, keepdims=True) - y,
        "p*sum(y) - y",
        r"\hat{y} \textstyle\sum_k y_k - y",
        "p + y*(lse - a)",
    ),
    Pair(
        "poisson",
        "sigmoid",
        lambda a, y: _total(_sigmoid(a) + y * _softplus(-a)),
        lambda a, p, y: (p - y) * _sigmoid(-a),
        "(p - y)*(1 - p)",
        r"(\hat{y} - y)(1 - \hat{y})",
        "p + y*softplus(-a)",
    ),
    Pair(
        "poisson",
        "softplus",
        lambda a, y: _total(_softplus(a) - y * log_softplus(a)),
        lambda a, p, y: _sigmoid(a) - y * _dlog_softplus(a),
        "sigma(a)*(1 - y/p)",
        r"\sigma(a_L)\,\left(1 - \frac{y}{\hat{y}}\right)",
        "p - y*logsoftplus(a)",
    ),
)

PAIRS: dict[tuple[str, str], Pair] = {(row.loss, row.output): row for row in _PAIRS}

_POISSON_EXP = Pair(
    "poisson",
    "exp",
    lambda a, y: _total(EXP.value(a) - y * a),
    lambda a, p, y: p - y,
    "p - y",
    r"\hat{y} - y",
    "p - y*a",
)


def shortcut(loss_name: str, output_name: str) -> Pair | None:
    """The declared pair of a loss and an output, or None where only the general path exists."""
    if (loss_name, output_name) == ("poisson", "exp"):
        return _POISSON_EXP
    return PAIRS.get((loss_name, output_name))


def example_losses(loss_name: str, output_name: str, a: Array, yhat: Array, y: Array) -> Array:
    """The loss of each example (n,), by the declared pair's stable value where there is one."""
    pair = shortcut(loss_name, output_name)
    return LOSSES[loss_name].value(yhat, y) if pair is None else pair.value(a, y)
