"""From an estimator's parameters to a fitted network: minibatches by ``chainrule.train``, or L-BFGS."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.errors import InputError
from chainrule.estimators import validation
from chainrule.estimators.data import fingerprint, source
from chainrule.estimators.lbfgs import by_lbfgs
from chainrule.estimators.objective import Objective
from chainrule.estimators.rule import Count, StoppingRule, Terms
from chainrule.estimators.task import INTERRUPTED, OptimizerState, Task, keep
from chainrule.estimators.threads import one_blas_thread, threads_for
from chainrule.network.network import Network
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import State
from chainrule.train.loop import fit
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe
from chainrule.train.records import Fitted

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


def solve(est: Any, task: Task) -> None:
    """Fit, and leave what was found in the estimator's attributes.

    Raises:
        ValueError: the numbers left the range of floats; the network of the last good epoch is kept all the same.
    """
    (by_lbfgs if est.solver == "lbfgs" else _by_epochs)(est, task)
    if not all(np.isfinite(part).all() for part in (*est.coefs_, *est.intercepts_)):
        raise ValueError(NOT_FINITE)


def _by_epochs(est: Any, task: Task) -> None:
    learn, held = validation.parts(est, task)
    rows, weight = learn.X.shape[0], learn.learned_by
    objective = task.objective.shifted(learn.targets, weight)
    network: Network = est._now()
    recipe = recipe_of(est, objective, task.random, network, batch_of(est, rows))
    rule = stopping_rule(est, objective, rows, task.incremental)
    state = _state(est, network, recipe) if task.incremental else None
    checkpoint = _checkpoint(est, task, held) if est.checkpoint is not None and not task.incremental else None
    with one_blas_thread():
        fitted = fit(
            Network(network.weights, network.biases, network.hidden, network.output, network.loss),
            source(learn.X, learn.targets, weight, recipe.batch_size), recipe,
            epochs=1 if task.incremental else est.max_iter, validation=None if held is None else held.rows,
            scorer=None if held is None else held.scorer, callbacks=[rule, *est.callbacks],
            checkpoint=checkpoint, resume=checkpoint is not None, state=state, stop=task.stop,
        )  # fmt: skip
    of_held = None if held is None else objective.shifted(held.rows.y, held.rows.weight)
    settle(est, fitted, rule, of_held, task.incremental, alone=task.stop is None)


def settle(
    est: Any, fitted: Fitted, rule: StoppingRule, of_held: Objective | None, incremental: bool, alone: bool = True
) -> None:
    """Leave what a training by epochs gave in the estimator's attributes, and warn of how it ended.

    Args:
        of_held: the objective of the rows that were validated with; None without such rows.
        alone: whether it says itself that it was interrupted.

    Raises:
        ValueError: it diverged, and there is no best network to end with.
    """
    diverged, early = fitted.stopped == "diverged", rule.terms.early
    if diverged:
        rule.count = replace(rule.count, seen=rule.count.seen + rule.rows)
    _remember(est, fitted, rule, of_held)
    keep(est, fitted.network)
    if early:
        _end_with_best(est, rule, incremental)
    if fitted.stopped == "interrupted":
        if alone:
            warnings.warn(INTERRUPTED, stacklevel=5)
    elif diverged and not early:
        raise ValueError(f"{NOT_FINITE} {fitted.said[0].upper()}{fitted.said[1:]}.")
    elif diverged:
        warnings.warn(f"{fitted.said}; the best network so far is kept.", ConvergenceWarning, stacklevel=5)
    elif not incremental and fitted.stopped is None and len(fitted.history) == est.max_iter:
        message = f"Maximum iterations ({est.max_iter}) reached and the optimization hasn't converged yet."
        warnings.warn(f"Stochastic Optimizer: {message}", ConvergenceWarning, stacklevel=5)


def recipe_of(est: Any, objective: Objective, random: Any, network: Network, batch: int) -> Recipe:
    """The recipe that makes the steps of the reported loss on the network's."""
    factor, rate = objective.factor, float(est.learning_rate_init)
    if est.solver == "sgd":
        name = "sgd" if est.momentum == 0 else "nesterov" if est.nesterovs_momentum else "momentum"
        rule = optimizer(name, rate * factor, momentum=est.momentum)
    else:
        decay = est.weight_decay if est.solver == "adamw" else None
        settings = {"beta_1": est.beta_1, "beta_2": est.beta_2, "epsilon": est.epsilon / factor, "weight_decay": decay}
        rule = optimizer(est.solver, rate, **settings)
    seed = int(random.randint(np.iinfo(np.int32).max)) + int(est.t_)
    dropout = est.dropout if isinstance(est.dropout, (list, tuple)) else float(est.dropout)
    recipe = Recipe(rule, batch, seed, float(est.alpha) / factor, dropout, shuffle=bool(est.shuffle))
    return replace(recipe, threads=threads_for(est.n_threads, recipe, network))


def batch_of(est: Any, rows: int) -> int:
    """Rows of a minibatch."""
    if est.batch_size == "auto":
        return min(200, rows)
    if est.batch_size > rows:
        message = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
        warnings.warn(message, stacklevel=5)
    return int(min(est.batch_size, rows))


def stopping_rule(est: Any, objective: Objective, rows: int, incremental: bool) -> StoppingRule:
    """The estimator's rule, at the count where an earlier fit has left it."""
    schedule = est.learning_rate if est.solver == "sgd" else "constant"
    terms = Terms(
        bool(est.early_stopping), float(est.tol), float(est.n_iter_no_change), schedule, float(est.learning_rate_init),
        float(est.power_t), bool(est.verbose),
    )  # fmt: skip
    return StoppingRule(terms, _count(est, terms.early, incremental), objective, rows)


def _count(est: Any, early: bool, incremental: bool) -> Count:
    """Where an earlier fit of a network that is trained further has left the count."""
    best = getattr(est, "best_validation_score_" if early else "best_loss_", None)
    state = getattr(est, "_optimizer", None)
    rate = float(est.learning_rate_init)
    if incremental and state is not None and state.initial_rate == rate:
        rate = state.learning_rate
    nothing = -np.inf if early else np.inf
    return Count(nothing if best is None else best, getattr(est, "_no_improvement_count", 0), int(est.t_), rate)


def _state(est: Any, network: Network, recipe: Recipe) -> State | None:
    """The optimizer's state after the last call, with the parameters as they are now."""
    kept = getattr(est, "_optimizer", None)
    if kept is None or kept.moments is None or len(kept.moments) != recipe.optimizer.moments:
        return None
    return State(network.flat, kept.moments, kept.step)


def _checkpoint(est: Any, task: Task, held: validation.Held | None) -> Checkpoint:
    """Raises an InputError without a fixed random_state: the run could not be made again."""
    if not isinstance(est.random_state, Integral):
        raise InputError("random_state", "a whole number, with a checkpoint", repr(est.random_state))
    more = () if held is None else (held.rows.x, held.rows.y, held.rows.weight)
    data = f"{fingerprint(task.X, task.targets, task.learned_by, *more)} after {est.t_} rows"
    given = est.checkpoint
    if isinstance(given, Checkpoint):
        return replace(given, asked=f"{given.asked} {data}".strip())
    return Checkpoint(Path(given), asked=data)


def _remember(est: Any, fitted: Fitted, rule: StoppingRule, of_held: Objective | None) -> None:
    objective = rule.objective
    est.history_ = tuple(objective.epoch(epoch, of_held or objective) for epoch in fitted.history)
    missing = [float("nan")] if fitted.stopped == "diverged" else []  # of the epoch that was not finished
    losses = [epoch.loss for epoch in est.history_] + missing
    est.loss_curve_ = [*est.loss_curve_, *losses]
    est.loss_ = est.loss_curve_[-1] if est.loss_curve_ else float("nan")
    est.n_iter_ = len(losses)
    if of_held is None:
        est.validation_scores_ = est.validation_loss_curve_ = est.best_validation_score_ = None
    else:
        scores = [float(epoch.validation_score) for epoch in est.history_] + missing
        est.validation_scores_ = [*(est.validation_scores_ or []), *scores]
        curve = [float(epoch.validation_loss) for epoch in est.history_] + missing
        est.validation_loss_curve_ = [*(getattr(est, "validation_loss_curve_", None) or []), *curve]
        finite = [score for score in est.validation_scores_ if not np.isnan(score)]
        est.best_validation_score_ = max(finite, default=-np.inf)
    count = rule.count
    est.best_loss_ = None if rule.terms.early else count.best
    est._no_improvement_count, est.t_, est.converged_ = count.since, count.seen, rule.ended
    state = fitted.state
    kept = (None, 0) if state is None else (state.moments, state.step)
    est._optimizer = OptimizerState(count.learning_rate, rule.terms.rate, *kept)
    est.health_ = fitted.history[-1].health if fitted.history else ()


def _end_with_best(est: Any, rule: StoppingRule, incremental: bool) -> None:
    """The parameters of the best score, which may be of an earlier call; ``partial_fit`` takes them when it stops."""
    if rule.improved:
        est._best = (est.coefs_, est.intercepts_)
    best = getattr(est, "_best", None)
    if best is not None and (rule.ended or not incremental):
        est.coefs_, est.intercepts_ = ([np.array(part) for part in parts] for parts in best)
