"""Shares of the kinds in an ensemble, and its calibration, both from rows that the members did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.network.arrays import Array
from chainrule.tables.presets.folds import LEAST, loss_of

ROUNDS = 25
SPREAD = 0.2
KEPT = 1000  # of the residuals at most


def shares_of(held: Sequence[Array], y: Array, classes: int, weight: Array | None = None) -> Array:
    """A share for each of the outputs, adding up to 1: in each round the one joins that makes the mean of those that
    joined best, as often as it likes (Caruana et al. 2004, ensemble selection)."""
    counts, total = np.zeros(len(held)), np.zeros_like(held[0])
    best, chosen = np.inf, counts
    for made in range(1, ROUNDS + 1):
        losses = [loss_of((total + one) / made, y, classes, weight) for one in held]
        joins = int(np.argmin(losses))
        counts = counts + (np.arange(len(held)) == joins)
        total = total + held[joins]
        if losses[joins] < best:
            best, chosen = losses[joins], counts
    found: Array = chosen / chosen.sum()
    return found


def warmed(p: Array, temperature: float) -> Array:
    """Probabilities p^(1/T), made to add up to 1 (Guo et al. 2017, of the logarithms of p as logits)."""
    if temperature == 1.0:
        return p
    logs = np.log(np.maximum(p, LEAST)) / temperature
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    found: Array = raised / raised.sum(axis=1, keepdims=True)
    return found


def temperature_of(held: Array, y: Array, weight: Array | None = None) -> float:
    """T of least loss of the held-out rows, or 1 where no other is better.

    Its logarithm is taken as drawn from a normal distribution about 0 of deviation ``SPREAD``, for few rows say little.
    """
    from scipy.optimize import minimize_scalar

    def loss(logarithm: float) -> float:
        return loss_of(warmed(held, float(np.exp(logarithm))), y, held.shape[1], weight)

    def beside(logarithm: float) -> float:
        return loss(logarithm) + (logarithm / SPREAD) ** 2 / (2 * len(y))

    found = minimize_scalar(beside, bounds=(-1.5, 1.5), method="bounded").x
    return float(np.exp(found)) if loss(found) < loss(0.0) else 1.0


def residuals_of(held: Array, y: Array) -> Array:
    """Sizes of the errors of held-out rows, from small to large: all, or ``KEPT`` of them by even steps of rank."""
    sizes = np.sort(np.abs(held.ravel() - y.ravel()))
    if len(sizes) <= KEPT:
        return sizes
    ranks = np.ceil(np.arange(1, KEPT + 1) / KEPT * (len(sizes) + 1)).astype(int) - 1
    found: Array = sizes[np.minimum(ranks, len(sizes) - 1)]
    return found


def half_width(residuals: Array, level: float) -> float:
    """What an interval that holds a new row's number with probability ``level`` has on both sides; infinite where
    there are too few residuals (Lei et al. 2018, split conformal; Vovk 2015, of all folds together)."""
    rank = int(np.ceil(level * (len(residuals) + 1)))
    return float(residuals[rank - 1]) if rank <= len(residuals) else float("inf")
