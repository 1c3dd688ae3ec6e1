"""Rows in folds, and how well outputs for rows held out of the learning fit them."""

from __future__ import annotations

import warnings

import numpy as np

from chainrule.network.arrays import Array

LEAST = 1e-12  # probability that a logarithm is taken of


def folds_of(y: Array, classes: int, count: int, seed: int) -> list[tuple[Array, Array]]:
    """Rows to learn from and rows held out, for each of ``count`` folds; each class in proportion."""
    from sklearn.model_selection import KFold, StratifiedKFold

    stratified = bool(classes) and np.bincount(y).max() >= count
    kind = (StratifiedKFold if stratified else KFold)(count, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings():  # a class with fewer rows than folds is in some folds only
        warnings.simplefilter("ignore", UserWarning)
        return list(kind.split(np.zeros(len(y)), y if stratified else None))


def row_losses(yhat: Array, y: Array, classes: int) -> Array:
    """-log of the true class's probability, or half the squared error, of each row (n,)."""
    if classes:
        own = yhat[np.arange(len(y)), y]
        found: Array = -np.log(np.maximum(own, LEAST))
        return found
    halves: Array = ((yhat - y.reshape(yhat.shape)) ** 2).reshape(len(y), -1).sum(axis=1) / 2
    return halves


def loss_of(yhat: Array, y: Array, classes: int, weight: Array | None = None) -> float:
    """The mean of ``row_losses``; with weights (n,), each row counts by its own."""
    return float(np.average(row_losses(yhat, y, classes), weights=weight))
