"""Losses: value, gradient and reduction of each in one place.

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

from chainrule.errors import InputError, unknown
from chainrule.network.activations import side
from chainrule.network.arrays import Array
from chainrule.network.outputs import OUTPUTS, Output

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
        of_errors: it is a function of the errors yhat - y alone.
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
    of_errors: bool = False

    def fits(self, output: Output, outputs: int) -> bool:
        """Whether this loss is defined for all that ``output`` with that many units can give."""
        if self.name == "identity":
            return outputs == 1
        if self.name == "binary_cross_entropy" and output.name == "softmax" and outputs == 1:
            return False  # softmax of one unit is 1, not inside (0, 1)
        low, high = self.output_range
        return low <= output.low and output.high <= high


# ---------------------------------------------------------------- pieces


def total(terms: Array) -> Array:
    """Terms (n, k) -> the sum over the outputs of each example (n,)."""
    summed: Array = terms.sum(axis=1)
    return summed


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

_ROWS = (  # value and gradient as functions; the term of one output and its derivative, for reading; both as LaTeX
    Loss(
        "cross_entropy", lambda p, y: -total(_times_log(y, p)), lambda p, y: -_ratio(y, p),
        "-y*log(p)", "-y/p",
        r"-\sum_k y_k \log \hat{y}_k", r"-\frac{y}{\hat{y}}",
        output_range=(0.0, 1.0), target_range=(0.0, 1.0),
    ),
    Loss(
        "binary_cross_entropy",
        lambda p, y: -total(_times_log(y, p) + _times_log(1 - y, 1 - p)),
        lambda p, y: _ratio(1 - y, 1 - p) - _ratio(y, p),
        "-(y*log(p) + (1 - y)*log(1 - p))", "-y/p + (1 - y)/(1 - p)",
        r"-\sum_k \left( y_k \log \hat{y}_k + (1 - y_k) \log(1 - \hat{y}_k) \right)",
        r"-\frac{y}{\hat{y}} + \frac{1 - y}{1 - \hat{y}}",
        output_range=(0.0, 1.0), target_range=(0.0, 1.0),
    ),
    Loss(
        "squared_error", lambda p, y: total((p - y) ** 2), lambda p, y: 2 * (p - y),
        "(p - y)^2", "2*(p - y)", r"\sum_k (\hat{y}_k - y_k)^2", r"2\,(\hat{y} - y)",
        of_errors=True,
    ),
    Loss(
        "half_squared_error", lambda p, y: total((p - y) ** 2) / 2, lambda p, y: p - y,
        "1/2*(p - y)^2", "p - y", r"\tfrac{1}{2} \sum_k (\hat{y}_k - y_k)^2", r"\hat{y} - y",
        of_errors=True,
    ),
    Loss(
        "mean_squared_error", lambda p, y: total((p - y) ** 2) / p.shape[1], lambda p, y: 2 * (p - y) / p.shape[1],
        "1/k*(p - y)^2", "2/k*(p - y)", r"\tfrac{1}{K} \sum_k (\hat{y}_k - y_k)^2", r"\tfrac{2}{K}\,(\hat{y} - y)",
        of_errors=True,
    ),
    Loss(
        "absolute_error", lambda p, y: total((p - y) * _sign(p - y)), lambda p, y: _sign(p - y),
        "abs(p - y)", "sign(p - y)", r"\sum_k |\hat{y}_k - y_k|", r"\operatorname{sign}(\hat{y} - y)",
        kink="0 where yhat = y", bends=(0.0,), of_errors=True,
    ),
    Loss(
        "huber", lambda p, y: total(huber(p - y)), lambda p, y: clip(p - y),
        "huber(p - y)", "clip(p - y)",
        r"\sum_k H_1(\hat{y}_k - y_k)", r"\operatorname{clip}(\hat{y} - y, -1, 1)",
        bends=(-HUBER_DELTA, HUBER_DELTA), of_errors=True,
    ),
    Loss(
        "poisson", lambda p, y: total(p - _times_log(y, p)), lambda p, y: 1 - _ratio(y, p),
        "p - y*log(p)", "1 - y/p",
        r"\sum_k (\hat{y}_k - y_k \log \hat{y}_k)", r"1 - \frac{y}{\hat{y}}",
        output_range=(0.0, math.inf), target_range=(0.0, math.inf),
    ),
    Loss("identity", lambda p, y: p[:, 0], lambda p, y: np.ones_like(p), "p", "1", r"\hat{y}", "1"),
)  # fmt: skip

LOSSES: dict[str, Loss] = {row.name: row for row in _ROWS}


def loss(name: str) -> Loss:
    """The loss of that name.

    Raises:
        InputError: no such loss; the message lists those that are known.
    """
    if not isinstance(name, str) or name not in LOSSES:
        raise unknown("loss", name, LOSSES)
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
