"""Exact mode: the gradient of all rows, added over blocks of partitions in a fixed order whatever the workers.

The sum depends on the partitions alone, so the weights are the same to the last bit on one worker or a hundred, and
after a worker was lost. Everything is added in float64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.prepare import ReadyRows
from chainrule.distributed.replay import Log
from chainrule.distributed.summary import Sums
from chainrule.distributed.work import SMALL, Work
from chainrule.errors import InputError
from chainrule.estimators.lbfgs import Penalty
from chainrule.estimators.objective import Objective
from chainrule.network.arrays import Array
from chainrule.network.checks import targets
from chainrule.network.forward import forward
from chainrule.network.network import Network
from chainrule.tables.moments import Moments
from chainrule.train import blas
from chainrule.train.engine import Away, HealthProbe, Rows, StepsResult, weight_mask
from chainrule.train.engines import GRADIENT_ROWS, start_for_gradients
from chainrule.train.metrics import mean_r_squared, right_answers, summed_loss
from chainrule.train.order import row_order
from chainrule.train.plain import PlainEngine
from chainrule.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class PartGradient(Sums):
    """Sums over the rows of some partitions: losses times weights, their gradient, rows right, weights, rows."""

    loss: float
    grad: Array
    right: int
    weight: float
    rows: int


def gradient_of_block(ready: ReadyRows, theta: Array, like: Network) -> PartGradient:
    """Equations backward.out to backward.bias over one block's rows, in float64.

    Args:
        like: a network of that shape and those rules, with the reduction ``sum``, in float64.
    """
    rows = _wide(ready.learn)
    if not len(rows):
        return PartGradient(0.0, np.zeros_like(theta), 0, 0.0, 0)
    weight = float(len(rows)) if rows.weight is None else float(rows.weight.sum())
    with blas.one_blas_thread():
        engine = start_for_gradients(like.on_flat(np.array(theta)), len(rows), 1)
        try:
            found = engine.gradient(rows)
        finally:
            engine.close()
    return PartGradient(found.loss, found.grad, found.right, weight, len(rows))


def _wide(rows: Rows) -> Rows:
    y = rows.y if rows.y.ndim == 1 else rows.y.astype(np.float64, copy=False)
    weight = None if rows.weight is None else rows.weight.astype(np.float64, copy=False)
    return Rows(rows.x.astype(np.float64, copy=False), y, weight)


@dataclass(frozen=True, eq=False)
class PartScore(Sums):
    """Sums over rows that are validated with: losses, weights, weight of right answers, squared errors by output."""

    loss: float
    weight: float
    right: float
    errors: Array
    answers: Moments

    @property
    def mean_loss(self) -> float:
        """The mean loss; NaN without rows."""
        return self.loss / self.weight if self.weight else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of right answers, weighted; NaN without rows."""
        return self.right / self.weight if self.weight else float("nan")

    @property
    def r2(self) -> float:
        """R^2, the mean over outputs."""
        return mean_r_squared(self.errors, self.answers.own_spread)


def score_of_block(
    ready: ReadyRows, theta: Array, like: Network, classes: bool, which: Literal["held", "test"] = "held"
) -> PartScore:
    """Loss and answers over one partition's rows for validation, or the test; all of several labels must be right."""
    k = like.sizes[-1]
    total = PartScore(0.0, 0.0, 0.0, np.zeros(k), Moments.of(np.zeros((0, k))))
    chosen = ready.held if which == "held" else ready.test
    if chosen is None:
        return total
    rows, network = _wide(chosen), like.on_flat(np.array(theta))
    with blas.one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        for at in range(0, len(rows), GRADIENT_ROWS):
            part = slice(at, at + GRADIENT_ROWS)
            f = forward(network, rows.x[part])
            y = targets(rows.y[part], f.n, k, False, network.dtype)
            w = np.ones(f.n) if rows.weight is None else rows.weight[part]
            loss, weight = summed_loss(f, rows.y[part], w), float(w.sum())
            right = float(w @ right_answers(f.yhat, rows.y[part])) if classes else 0.0
            total += PartScore(loss, weight, right, w @ (f.yhat - y) ** 2, Moments.of(y, w))
    return total


class ExactEngine(PlainEngine):
    """The plain loop's steps, on gradients that the cluster adds up.

    A step is of all partitions, or of a group of them; which ones are together is drawn for each epoch.
    """

    kind = "exact"

    def __init__(
        self, network: Network, recipe: Recipe, work: Work, parts: RowBlocks, steps: int, classes: bool
    ) -> None:
        """``network`` in float64; ``steps``: groups of blocks, each of which makes a step of an epoch."""
        super().__init__(network, recipe, ())
        self.work, self.parts, self.groups, self.classes = work, parts, steps, classes
        self.sum = work.send(network.summed())

    def steps(self, rows: Any, order: Array, learning_rates: Array) -> StepsResult:
        """A step for each group of partitions of epoch ``order[0]``."""
        rates, decays = self._rates(learning_rates)
        losses_, right, seen = 0.0, 0, 0
        for number, group in enumerate(self._groups(int(order[0]))):
            found = self.work.total("gradient", gradient_of_block, group, self.theta, self.sum)
            seen += found.rows
            if not found.weight:
                self.step += 1
                continue
            penalty = self.recipe.l2 / found.weight
            squares = float((self.theta[self.weights] ** 2).sum())
            loss = found.loss / found.weight + penalty / 2 * squares
            losses_, right = losses_ + loss * found.rows, right + found.right
            if not np.isfinite(loss):
                return StepsResult(loss, right, number, HealthProbe.nothing(self.like))
            self._update(found.grad / found.weight, penalty, float(rates[number]), float(decays[number]))
        same_rows(seen, len(rows))
        return StepsResult(losses_ / max(seen, 1), right, None, HealthProbe.nothing(self.like))

    def _groups(self, epoch: int) -> list[RowBlocks]:
        """The blocks of each step, in an order drawn by the seed and the epoch."""
        order = row_order(len(self.parts), self.recipe.seed, epoch)
        return [self.parts.some(np.sort(group).tolist()) for group in np.array_split(order, self.groups)]

    def evaluate(self, rows: Any) -> tuple[float, float]:
        """Loss and score of the rows for validation."""
        return evaluated(self.work, rows.parts, self.theta, self.sum, self.classes)


@dataclass(frozen=True)
class HeldAway(Away):
    """Rows for validation on the workers; ``parts`` hold them."""

    parts: RowBlocks = field(default_factory=lambda: RowBlocks.of(()))


def evaluated(work: Work, parts: RowBlocks, theta: Array, like: Any, classes: bool) -> tuple[float, float]:
    """Loss, and accuracy of classes or R^2 of numbers; ``like``: what was sent of the network, in float64."""
    found = work.total("score", score_of_block, parts, theta, like, classes, fan=SMALL)
    return found.mean_loss, found.accuracy if classes else found.r2


def same_rows(seen: int, expected: int) -> None:
    """Raise an InputError where a pass has met other rows than the first one: the data have changed since."""
    if seen != expected:
        raise InputError("rows", f"{expected} to learn from, as in the first pass", f"{seen}: the data have changed")


class ClusterLoss:
    """The loss of all rows and its gradient as a function of the flat parameters: what L-BFGS minimises.

    With a log, every answer is written down, and a function with that log gives the answers again before it asks the
    cluster: L-BFGS, which has no state that could be kept, goes the same way again.
    """

    def __init__(
        self, network: Network, objective: Objective, work: Work, parts: RowBlocks, alpha: float, log: Log | None
    ) -> None:
        """``work.rows``: how many there are to learn from."""
        self.network, self.work, self.parts, self.log = network, work, parts, log
        self.penalty, self.sum = Penalty(objective, alpha, weight_mask(network)), work.send(network.summed())

    def __call__(self, theta: Array) -> tuple[float, Array]:
        """Loss and gradient."""
        known = None if self.log is None else self.log.answer(theta)
        if known is not None:
            return known
        found = self.work.total("gradient", gradient_of_block, self.parts, theta, self.sum)
        same_rows(found.rows, self.work.rows)
        loss, grad = self.penalty.mean(theta, found.loss, found.grad, found.weight)
        if self.log is not None:
            self.log.write(theta, loss, grad)
        return loss, grad
