"""The rows that an estimator validates with: a split, or rows of the caller's own; and their score."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring

from chainrule.errors import InputError
from chainrule.estimators.data import dense, split
from chainrule.estimators.task import Task
from chainrule.network.forward import propagate
from chainrule.network.network import Network
from chainrule.train.engine import Rows
from chainrule.train.loop import Scorer
from chainrule.train.metrics import right_answers


@dataclass(frozen=True, eq=False)
class Held:
    """Rows, dense, that are not learned from; ``scorer`` is None for the loop's own score, accuracy or R^2."""

    rows: Rows
    scorer: Scorer | None


def parts(est: Any, task: Task) -> tuple[Task, Held | None]:
    """What to learn from, and what to validate with: ``validation_data``, else a split if early stopping is on.

    Raises:
        ValueError: too few rows; early stopping in ``partial_fit`` without rows for it.
    """
    if task.validation_data is not None:
        return task, _given(est, task)
    if not est.early_stopping:
        return task, None
    if task.incremental:
        raise ValueError("partial_fit does not support early_stopping=True without validation_data")
    stratify = task.targets.astype(bool) if is_classifier(est) and est.n_outputs_ == 1 else None
    train, held = split(task.X.shape[0], est.validation_fraction, stratify, task.random)
    return task.part(train), _held(est, task.part(held))


def _given(est: Any, task: Task) -> Held:
    """The caller's rows.

    Raises:
        InputError: not (X, y) or (X, y, sample_weight).
    """
    given = task.validation_data
    if not (isinstance(given, (tuple, list)) and len(given) in (2, 3)):
        raise InputError("validation_data", "(X, y) or (X, y, sample_weight)", type(given).__name__)
    X, y = est._read_validation(*given[:2])
    X = X.astype(est.coefs_[0].dtype, copy=False)
    weight = est._weights(given[2] if len(given) == 3 else None, X)
    targets = est._targets(y, X.dtype)
    if targets.ndim == 2:
        task.objective.check(targets)
        if targets.shape[1] != est.n_outputs_:
            raise InputError("validation_data", f"y with {est.n_outputs_} columns", f"{targets.shape[1]}")
    return _held(est, replace(task, X=X, y=y, targets=targets, weight=weight))


def _held(est: Any, task: Task) -> Held:
    targets = task.targets.astype(task.X.dtype, copy=False) if task.targets.ndim == 2 else task.targets
    return Held(Rows(dense(task.X), targets, task.weight), _scorer(est, task))


def _scorer(est: Any, task: Task) -> Scorer | None:
    """What ``scoring`` asks for; None where the loop's own score is meant."""
    if est.scoring is None:
        labels = task.targets.ndim == 1
        return _accuracy(task) if is_classifier(est) and not (labels and task.weight is None) else None
    score = check_scoring(est, est.scoring)
    weight = {} if task.weight is None else {"sample_weight": task.weight}
    probe = copy.copy(est)
    probe.__dict__.pop("feature_names_in_", None)  # the rows are arrays by now

    def scored(network: Network) -> float:
        probe.coefs_ = [W.T for W in network.weights]
        probe.intercepts_ = list(network.biases)
        try:
            return float(score(probe, task.X, task.y, **weight))
        except ValueError:
            if np.isfinite(probe._outputs(task.X)).all():
                raise
            return float("nan")  # the numbers have left the range of floats: scikit-learn's score of them

    return scored


def _accuracy(task: Task) -> Scorer:
    """The share of rows all of whose outputs are right."""
    x, targets = dense(task.X), task.targets

    def score(network: Network) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            yhat = propagate(network, x)[1][-1]
        return float(np.average(right_answers(yhat, targets), weights=task.weight))

    return score
