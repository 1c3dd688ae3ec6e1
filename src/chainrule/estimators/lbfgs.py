"""L-BFGS on all rows at once, by SciPy, with the gradient of the training engine."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from chainrule.errors import InputError
from chainrule.estimators.data import dense, source
from chainrule.estimators.objective import Objective
from chainrule.estimators.task import INTERRUPTED, Task, keep
from chainrule.estimators.threads import one_blas_thread, threads_for
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.engine import Rows, weight_mask
from chainrule.train.engines import GRADIENT_ROWS, start_for_gradients
from chainrule.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Penalty:
    """What makes the reported loss, a mean with its L2 penalty, of a sum over rows.

    Attributes:
        alpha: of the penalty, which is that of ``Recipe.l2`` with all rows as one minibatch.
        mask: True for a weight, False for a bias, in the order of ``Network.flat``.
    """

    objective: Objective
    alpha: float
    mask: Array

    def mean(self, theta: Array, total: float, grad: Array, weight: float) -> tuple[float, Array]:
        """Loss and gradient; an infinite loss, which a line search steps back from, where the sum is not finite.

        Args:
            total, grad: the sum of the network's losses times their weights, and its gradient.
            weight: the sum of the weights.
        """
        if not np.isfinite(total):
            return np.inf, np.full_like(theta, np.nan)
        factor, decayed = self.objective.factor, theta * self.mask
        loss = (factor * total + self.alpha / 2 * float(decayed @ decayed)) / weight
        return loss + self.objective.shift, (factor * grad + self.alpha * decayed) / weight


class FullBatchLoss:
    """The loss of all rows, with its penalty, and its gradient, as a function of the flat parameters, in float64."""

    def __init__(self, network: Network, objective: Objective, rows: Rows, alpha: float, n_threads: int | None) -> None:
        """``rows.x`` may be a CSR matrix; the network's reduction is ``sum``."""
        self.network, self.rows, self.penalty = network, rows, Penalty(objective, alpha, weight_mask(network))
        self.count = float(len(rows.y) if rows.weight is None else rows.weight.sum())
        batch = min(GRADIENT_ROWS, len(rows.y))
        self.engine = start_for_gradients(network, batch, threads_for(n_threads, Recipe(batch_size=batch), network))

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Loss and gradient."""
        total, grad = 0.0, np.zeros_like(theta)
        self.engine.recall(theta)
        for block in self._blocks():
            part = self.engine.gradient(block)
            total += part.loss
            grad += part.grad
        return self.penalty.mean(theta, total, grad, self.count)

    def _blocks(self) -> Iterator[Rows]:
        """The rows, as they are or, if they are sparse, in blocks made dense."""
        rows = self.rows
        if not sparse.issparse(rows.x):
            yield rows
            return
        for at in range(0, len(rows.y), GRADIENT_ROWS):
            some = slice(at, at + GRADIENT_ROWS)
            yield Rows(dense(rows.x[some]), rows.y[some], None if rows.weight is None else rows.weight[some])


class LossFunction(Protocol):
    """A loss with its gradient, as a function of a network's flat parameters."""

    network: Network

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Loss and gradient."""


@dataclass(frozen=True, eq=False)
class Solved:
    """What L-BFGS found: SciPy's result (None: it was interrupted), the loss of each iteration, the parameters."""

    result: Any
    losses: list[float]
    theta: Array


def minimise(
    function: LossFunction, tol: float, max_iter: int, max_fun: int, verbose: bool, stop: Event | None = None
) -> Solved:
    """Minimise, with ``verbose`` printing each iteration's loss; Ctrl-C ends it with the last one's parameters.

    Args:
        stop: ends it as Ctrl-C does once it is set, and is set by Ctrl-C.
    """
    stop = Event() if stop is None else stop
    losses: list[float] = []
    last = [function.network.flat]

    def after(intermediate_result: Any) -> None:
        losses.append(float(intermediate_result.fun))
        last[0] = np.array(intermediate_result.x)
        if verbose:
            print("Iteration %d, loss = %.8f" % (len(losses), losses[-1]))  # noqa: UP031

    def value(theta: Array) -> tuple[float, Array]:
        if stop.is_set():
            raise KeyboardInterrupt
        return function(theta)

    options = {"maxfun": max_fun, "maxiter": max_iter, "gtol": tol}
    start = np.array(function.network.flat)
    try:
        result = minimize(value, start, method="L-BFGS-B", jac=True, options=options, callback=after)
    except KeyboardInterrupt:
        stop.set()
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
    network = now.astype(np.float64).summed()
    y = task.targets if task.targets.ndim == 1 else task.targets.astype(np.float64)
    weight = None if task.learned_by is None else task.learned_by.astype(np.float64)
    given = source(task.X.astype(np.float64, copy=False), y, weight, 1)
    rows = given if isinstance(given, Rows) else given.rows
    loss = FullBatchLoss(network, task.objective.shifted(y, weight), rows, float(est.alpha), est.n_threads)
    with one_blas_thread():
        solved = minimise(loss, float(est.tol), int(est.max_iter), int(est.max_fun), bool(est.verbose), task.stop)
    finish(est, network, solved, now.dtype, alone=task.stop is None)


def finish(est: Any, network: Network, solved: Solved, dtype: Any, alone: bool = True) -> None:
    """Leave what L-BFGS found in the estimator's attributes, in their type, and warn of how it ended.

    Args:
        alone: whether it says itself that it was interrupted.
    """
    result = solved.result
    if result is None:
        if alone:
            warnings.warn(INTERRUPTED, stacklevel=5)
        est.n_iter_, est.loss_ = len(solved.losses), (solved.losses or [float("nan")])[-1]
    else:
        est.n_iter_, est.loss_ = _check_optimize_result("lbfgs", result, est.max_iter), float(result.fun)
    est.loss_curve_ = [*est.loss_curve_, *solved.losses]
    est.converged_ = result is not None and result.status == 0
    est.history_, est.health_ = (), ()
    keep(est, network.on_flat(np.array(solved.theta)))
    est.coefs_, est.intercepts_ = ([part.astype(dtype) for part in parts] for parts in (est.coefs_, est.intercepts_))
