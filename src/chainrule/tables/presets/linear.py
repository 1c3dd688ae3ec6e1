"""Linear members: networks without a hidden layer, whose penalty is chosen on the folds; for small and noisy tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.tables.presets.features import Features
from chainrule.tables.presets.folds import loss_of

PENALTIES = tuple(10.0**power for power in (-1, 0, 1, 2, 3))  # on squared weights, beside the sum of the rows' losses
MOST_ROWS = 20_000  # a table with more has enough of them for a hidden layer


def linear_member(
    features: Features, x: Array, y: Array, classes: int, folds: Sequence[tuple[Array, Array]],
    weight: Array | None = None,
) -> tuple[Network, Array, float]:  # fmt: skip
    """The network learnt from all rows with the penalty that is best on the folds, what its like on the folds say of
    rows that they did not learn from (n, k), and the penalty."""
    given = features(x)
    tried = []
    for penalty in PENALTIES:
        held = np.full((len(x), classes or 1), np.nan)
        for learn, rows in folds:
            counted = None if weight is None else weight[learn]
            held[rows] = _fit(given[learn], y[learn], classes, penalty, counted)(given[rows])
        tried.append((loss_of(held, y, classes, weight), penalty, held))
        if len(tried) > 1 and tried[-1][0] > 1.1 * tried[-2][0]:
            break
    _, penalty, held = min(tried, key=lambda one: one[0])
    return _fit(given, y, classes, penalty, weight), held, penalty


def _fit(given: Array, y: Array, classes: int, penalty: float, weight: Array | None) -> Network:
    """Ridge regression (Hoerl & Kennard 1970), or multinomial logistic regression with the same penalty.

    Args:
        weight: of each row, of classes.
    """
    if classes:
        return _logistic(given, y, classes, penalty, weight)
    mean, answer = given.mean(axis=0), y.mean()
    centred = given - mean
    gram = centred.T @ centred
    gram.flat[:: len(gram) + 1] += penalty
    w = np.linalg.solve(gram, centred.T @ (y.ravel() - answer))
    return Network([w[None, :]], [np.array([answer - w @ mean])], "identity", "identity", "half_squared_error")


def _logistic(given: Array, y: Array, classes: int, penalty: float, weight: Array | None) -> Network:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    W, b = np.zeros((classes, given.shape[1])), np.full(classes, -30.0)  # a class without a row to learn from
    present = np.unique(y)
    if len(present) == 1:
        b[present] = 0.0
        return Network([W], [b], "identity", "softmax", "cross_entropy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = LogisticRegression(C=1 / penalty, max_iter=200, tol=1e-3).fit(given, y, weight)
    if len(found.classes_) == 2:
        W[found.classes_[1]], b[found.classes_] = found.coef_[0], (0.0, found.intercept_[0])
    else:
        W[found.classes_], b[found.classes_] = found.coef_, found.intercept_
    return Network([W], [b], "identity", "softmax", "cross_entropy")
