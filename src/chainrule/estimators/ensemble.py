"""Several networks as one estimator: they learn side by side, each by itself, and it answers with their mean."""

from __future__ import annotations

import copy
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import InputError
from chainrule.estimators.task import INTERRUPTED, Task
from chainrule.estimators.threads import limit, one_blas_thread
from chainrule.system.processors import cores
from chainrule.system.side_by_side import side_by_side

OWN = ("random_state", "n_models", "n_threads")  # parameters of a network that are not the ensemble's
#: what a fit of one network leaves; an ensemble has it in each of ``estimators_``
OF_ONE = (
    "coefs_", "intercepts_", "t_", "n_iter_", "loss_", "loss_curve_", "converged_", "history_", "health_", "best_loss_",
    "best_validation_score_", "validation_scores_", "validation_loss_curve_", "_like", "_best", "_optimizer",
    "_no_improvement_count",
)  # fmt: skip


def fit_ensemble(est: Any, task: Task, sizes: list[int], names: tuple[str, ...], first: bool) -> None:
    """Fit ``estimators_``, each as an estimator of one network with its ``random_state`` and one thread would be.

    After Ctrl-C it is those that have made an epoch; all, if none has.

    Raises:
        InputError: callbacks or a checkpoint, which one network has.
        ValueError: one of them diverged; the others are ended.
    """
    for name in ("callbacks", "checkpoint"):
        if getattr(est, name):
            raise InputError(name, "none with n_models above 1", repr(getattr(est, name)))
    members = _beginning(est, task) if first else est.estimators_
    given = {name: value for name, value in est.get_params(deep=False).items() if name not in OWN}
    for member in members:
        member.set_params(**given)
    stop, threads = Event(), limit(est.n_threads)
    jobs = [partial(_learn, member, task, sizes, names, first) for member in members]
    try:
        with one_blas_thread():
            deque(side_by_side(jobs, cores() if threads is None else threads, stop), maxlen=0)
    finally:
        _gather(est, members)
    if stop.is_set():
        warnings.warn(INTERRUPTED, stacklevel=5)


def _beginning(est: Any, task: Task) -> list[Any]:
    """Estimators of one network, which know of the data what the ensemble has learned."""
    for name in (*OF_ONE, "estimators_"):
        est.__dict__.pop(name, None)
    members = []
    for seed in task.random.randint(np.iinfo(np.int32).max, size=est.n_models).tolist():
        members.append(copy.copy(est).set_params(random_state=seed, n_models=1, n_threads=1))
    return members


def _learn(member: Any, task: Task, sizes: list[int], names: tuple[str, ...], first: bool, stop: Event) -> None:
    random = check_random_state(member.random_state)
    member._learn(replace(task, random=random, stop=stop), sizes, names, first)


def _gather(est: Any, members: Sequence[Any]) -> None:
    """Leave the networks that were trained and what they have in common in the estimator's attributes."""
    est.estimators_ = [one for one in members if getattr(one, "loss_curve_", None)] or [
        one for one in members if hasattr(one, "coefs_")
    ]
    if not est.estimators_:
        del est.estimators_
        return
    one = est.estimators_[0]
    est.n_layers_, est.out_activation_ = one.n_layers_, one.out_activation_
    est.n_iter_ = max(one.n_iter_ for one in est.estimators_)
    curves = [one.loss_curve_ for one in est.estimators_]
    longest = max(map(len, curves))
    est.loss_curve_ = np.mean([c + c[-1:] * (longest - len(c)) for c in curves], axis=0).tolist()
    est.loss_ = float(np.mean([getattr(one, "loss_", np.nan) for one in est.estimators_]))
    est.converged_ = all(getattr(one, "converged_", False) for one in est.estimators_)
