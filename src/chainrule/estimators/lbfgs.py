"""L-BFGS on all rows at once, by SciPy, with the gradient of the training engine."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from chainrule.errors import InputError
from chainrule.estimators.data import dense, source
from chainrule.estimators.objective import Objective
from chainrule.estimators.task import Task, keep
from chainrule.estimators.threads import one_blas_thread, threads_for
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.engine import Rows, weight_mask
from chainrule.train.gradient import BLOCK, SumGradient
from chainrule.train.recipe import Recipe


class Whole:
    """The loss of all rows, with its penalty, and its gradient, as a function of the flat parameters, in float64."""

    def __init__(self, network: Network, objective: Objective, rows: Rows, alpha: float, n_threads: int | None) -> None:
        """``rows.x`` may be a CSR matrix; the network's reduction is ``sum``."""
        self.network, self.objective, self.rows, self.alpha = network, objective, rows, alpha
        self.mask = weight_mask(network)
        self.count = float(len(rows.y) if rows.weight is None else rows.weight.sum())
        batch = min(BLOCK, len(rows.y))
        self.sum = SumGradient(network, batch, threads_for(n_threads, Recipe(batch_size=batch), network))

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Loss and gradient. The penalty is that of ``Recipe.l2`` with all rows as one minibatch."""
        total, grad = 0.0, np.zeros_like(theta)
        for block, order in self._blocks():
            part = self.sum(theta, block, order)
            total += part.loss
            grad += part.grad
        if not np.isfinite(total):
            return np.inf, np.full_like(theta, np.nan)
        decayed = theta * self.mask
        loss = (self.objective.factor * total + self.alpha / 2 * float(decayed @ decayed)) / self.count
        return loss + self.objective.shift, (self.objective.factor * grad + self.alpha * decayed) / self.count

    def _blocks(self) -> Iterator[tuple[Rows, Array]]:
        rows = self.rows
        for at in range(0, len(rows.y), BLOCK):
            order = np.arange(at, min(at + BLOCK, len(rows.y)))
            if sparse.issparse(rows.x):
                weight = None if rows.weight is None else rows.weight[order]
                yield Rows(dense(rows.x[order]), rows.y[order], weight), np.arange(len(order))
            else:
                yield rows, order


class Objectively(Protocol):
    """A loss with its gradient, as a function of a network's flat parameters."""

    network: Network

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Loss and gradient."""


@dataclass(frozen=True, eq=False)
class Solved:
    """What L-BFGS found.

    Attributes:
        result: SciPy's, or None where it was interrupted.
        losses: after each iteration.
        theta: the parameters.
    """

    result: Any
    losses: list[float]
    theta: Array


def minimise(
    whole: Objectively, tol: float, max_iter: int, max_fun: int, told: Callable[[int, float], None] | None
) -> Solved:
    """Minimise; Ctrl-C ends it with the last iteration's parameters.

    Args:
        told: called with the number and the loss of each iteration.
    """
    losses: list[float] = []
    last = [whole.network.flat]

    def after(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        last[0] = np.array(intermediate_result.x)
        if told is not None:
            told(len(losses), losses[-1])

    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    start = np.array(whole.network.flat)
    try:
        result = minimize(whole, start, method="L-BFGS-B", jac=True, options=options, callback=after)
    except KeyboardInterrupt:
        return Solved(None, losses, last[0])
    return Solved(result, losses, np.asarray(result.x))


def by_lbfgs(est: Any, task: Task) -> None:
    """Fit, and leave what was found in the estimator's attributes; in float64, whatever the network's type.

    Raises:
        InputError: a parameter that only a solver with minibatches has.
    """
    for name in ("dropout", "checkpoint", "callbacks"):
        value = getattr(est, name)
        if np.any(value) if name == "dropout" else value:
            raise InputError(name, "none with solver='lbfgs', which makes no minibatches", repr(value))
    if task.validation_data is not None:
        raise InputError("validation_data", "none with solver='lbfgs', which makes no epochs", "some")
    now: Network = est._now()
    network = Network([W.astype(np.float64) for W in now.weights], [b.astype(np.float64) for b in now.biases],
                      now.hidden, now.output, now.loss, "sum")  # fmt: skip
    y = task.targets if task.targets.ndim == 1 else task.targets.astype(np.float64)
    weight = None if task.learned_by is None else task.learned_by.astype(np.float64)
    given = source(task.X.astype(np.float64, copy=False), y, weight, 1)
    rows = given if isinstance(given, Rows) else given.rows
    whole = Whole(network, task.objective.shifted(y, weight), rows, float(est.alpha), est.n_threads)
    told = (lambda number, loss: print("Iteration %d, loss = %.8f" % (number, loss))) if est.verbose else None  # noqa: UP031
    with one_blas_thread():
        solved = minimise(whole, float(est.tol), int(est.max_iter), int(est.max_fun), told)
    finish(est, network, solved, now.dtype)


def finish(est: Any, network: Network, solved: Solved, dtype: Any) -> None:
    """Leave what L-BFGS found in the estimator's attributes, in their type, and warn of how it ended."""
    result = solved.result
    if result is None:
        warnings.warn("Training interrupted by user.", stacklevel=5)
        est.n_iter_, est.loss_ = len(solved.losses), (solved.losses or [float("nan")])[-1]
    else:
        est.n_iter_, est.loss_ = _check_optimize_result("lbfgs", result, est.max_iter), float(result.fun)
    est.loss_curve_ = [*est.loss_curve_, *solved.losses]
    est.converged_ = result is not None and result.status == 0
    est.history_, est.health_ = (), ()
    fitted = network.on_flat(np.array(solved.theta))
    keep(est, fitted)
    est.coefs_, est.intercepts_ = ([part.astype(dtype) for part in parts] for parts in (est.coefs_, est.intercepts_))
