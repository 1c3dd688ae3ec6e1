"""From an estimator's parameters to a fitted network on a cluster: exact steps, rounds, or L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from chainrule.distributed.arranging import Arranged
from chainrule.distributed.base import ClusterPerceptron
from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import ClusterLoss, HeldAway
from chainrule.distributed.modes import ChosenMode, start
from chainrule.distributed.replay import Log
from chainrule.distributed.summary import PartitionSplit, Summary
from chainrule.distributed.work import Work
from chainrule.errors import InputError
from chainrule.estimators.lbfgs import finish, minimise
from chainrule.estimators.objective import Objective
from chainrule.estimators.solving import NOT_FINITE, batch_of, recipe_of, settle, stopping_rule
from chainrule.network.network import Network
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Away
from chainrule.train.loop import fit


@dataclass(frozen=True, eq=False)
class ClusterTask:
    """What is to be learned.

    Attributes:
        rows: ready, on the workers. chosen: the mode.
        held: the caller's own rows for validation, blocks and summary; None: those of the split, if any.
    """

    work: Work
    rows: Arranged
    chosen: ChosenMode
    summary: Summary
    objective: Objective
    random: Any
    split: PartitionSplit
    held: tuple[RowBlocks, Summary] | None


def solve(est: ClusterPerceptron, task: ClusterTask) -> None:
    """Fit, and leave what was found in the estimator's attributes.

    Raises:
        ValueError: the numbers left the range of floats.
    """
    (_by_lbfgs if est.solver == "lbfgs" else _by_epochs)(est, task)
    if not all(np.isfinite(part).all() for part in (*est.coefs_, *est.intercepts_)):
        raise ValueError(NOT_FINITE)


def _shifted(objective: Objective, constant: float, weight: float) -> Objective:
    """With the constant of Poisson's loss, as on one machine."""
    if (objective.loss, objective.output) != ("poisson", "exp") or not weight:
        return objective
    return replace(objective, shift=constant / weight)


def _held(task: ClusterTask) -> HeldAway | None:
    if task.held is None and not task.split.share:
        return None
    parts, summary = task.held or (task.rows.held, task.summary)
    return HeldAway(summary.held, 1, False, summary.digest, parts)


def _by_epochs(est: ClusterPerceptron, task: ClusterTask) -> None:
    summary = task.summary
    objective = _shifted(task.objective, summary.constant, summary.weight)
    now: Network = est._now()
    batch, classes = batch_of(est, summary.rows), is_classifier(est)
    recipe = recipe_of(est, objective, task.random, now, batch)
    engine, network, recipe, steps = start(
        task.chosen, now, recipe, task.work, task.rows, classes, int(est.local_steps), int(est.steps_per_epoch)
    )  # fmt: skip
    rows = Away(summary.rows, steps, classes and est.n_outputs_ > 1 and summary.columns == 0, summary.digest)
    rule, held, path = stopping_rule(est, objective, summary.rows, False), _held(task), est.checkpoint
    conditions = f"{_conditions(est, task)}, {steps} steps, {est.local_steps} local, {held and held.digest}"
    checkpoint = None if path is None else Checkpoint(Path(path), asked=conditions)
    fitted = fit(
        network, rows, recipe, epochs=est.max_iter, validation=held, callbacks=[rule, *est.callbacks],
        checkpoint=checkpoint, resume=checkpoint is not None, engine=engine,
    )  # fmt: skip
    of_held = None
    if held is not None:
        _, source = task.held or (task.rows.held, task.summary)
        of_held = _shifted(task.objective, source.held_constant, source.held_weight)
    fitted = replace(fitted, network=fitted.network.astype(now.dtype))
    settle(est, fitted, rule, of_held, False)


def _conditions(est: ClusterPerceptron, task: ClusterTask) -> str:
    """What a resumed fit must agree with beside network and recipe, in one line."""
    weights = " ".join(f"{getattr(est, 'class_weight', None)!r}".split())
    return (
        f"rows {task.summary.digest} in {task.rows.learn.words(len(task.summary.digests))}, "
        f"{task.split}, standardize {est.standardize}, "
        f"class_weight {weights}, random_state {est.random_state}"
    )


def _by_lbfgs(est: ClusterPerceptron, task: ClusterTask) -> None:
    if task.held is not None:
        raise InputError("validation_data", "none with solver='lbfgs', which makes no epochs", "some")
    now: Network = est._now()
    network = now.astype(np.float64).summed()
    objective = _shifted(task.objective, task.summary.constant, task.summary.weight)
    log = None
    if est.checkpoint is not None:
        conditions = f"{_conditions(est, task)}, {network!r}, alpha {est.alpha}, tol {est.tol}, max_fun {est.max_fun}"
        log = Log(Path(est.checkpoint), conditions, network.parameter_count)
    loss = ClusterLoss(network, objective, task.work, task.rows.learn, float(est.alpha), log)
    try:
        solved = minimise(loss, float(est.tol), int(est.max_iter), int(est.max_fun), bool(est.verbose))
    finally:
        if log is not None:
            log.close()
    finish(est, network, solved, now.dtype)
