"""Rounds mode: each block trains the same weights for some steps of its own, then the weights are averaged.

Local SGD: Stich 2019, "Local SGD converges fast and communicates little", Algorithm 1; averaged by rows as in McMahan
et al. 2017, Algorithm 1. The optimizer's moments are averaged likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import evaluated, same_rows
from chainrule.distributed.prepare import ReadyRows
from chainrule.distributed.summary import Sums
from chainrule.distributed.work import Work
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train import blas
from chainrule.train.engine import HealthProbe, State, StepsResult, minibatches
from chainrule.train.engines import start
from chainrule.train.order import row_order
from chainrule.train.plain import PlainEngine
from chainrule.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class RoundSums(Sums):
    """Sums over blocks.

    Attributes:
        rows, right: how many there are, and how many are classified right.
        values: rows times parameters and moments, (1 + moments, parameters).
        loss: rows times losses.
        failed: blocks whose numbers left the range.
    """

    rows: int
    values: Array
    loss: float
    right: int
    failed: int


@dataclass(frozen=True, eq=False)
class Turn:
    """What a block does in a round: the epoch (from 1), its first step in it (from 0), the steps' learning rate."""

    epoch: int
    first: int
    rates: Array


def train_block(ready: ReadyRows, state: State, how: tuple[Network, Recipe], turn: Turn) -> RoundSums:
    """Some minibatches of one block, in the order of its epoch, by the compiled engine."""
    like, recipe = how
    rows, batch = ready.learn, recipe.batch_size
    order = np.arange(len(rows))
    if recipe.shuffle:
        order = row_order(len(rows), recipe.seed, turn.epoch, ready.number)
    own = order[turn.first * batch : (turn.first + len(turn.rates)) * batch]
    if not len(own):
        return RoundSums(0, np.zeros((1 + len(state.moments), len(state.theta))), 0.0, 0, 0)
    seed = int(np.random.default_rng((recipe.seed, ready.number)).integers(2**31))  # dropout differs by block
    with blas.one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        engine = start(like, replace(recipe, seed=seed, threads=1))
        try:
            engine.restore(state)
            part = engine.steps(rows, own, turn.rates[: minibatches(len(own), batch)])
            after = engine.state()
        finally:
            engine.close()
    n, values = len(own), np.stack([after.theta, *after.moments]).astype(np.float64)
    failed = part.failed is not None or not np.isfinite(after.theta).all()
    return RoundSums(n, n * values, n * part.loss, part.right, int(failed))


class RoundsEngine(PlainEngine):
    """Rounds until every block has been through its rows once: an epoch."""

    kind = "rounds"

    def __init__(
        self, network: Network, recipe: Recipe, work: Work, parts: RowBlocks, local_steps: int, classes: bool
    ) -> None:
        """``local_steps``: of each block between two averages."""
        super().__init__(network, recipe, recipe.dropout_of(network))
        self.work, self.parts, self.local_steps, self.classes = work, parts, local_steps, classes
        self.how, self.sum = work.send((network, recipe)), work.send(network.astype(np.float64).summed())

    def steps(self, rows: Any, order: Array, learning_rates: Array) -> StepsResult:
        """The rounds of epoch ``order[0]``; a learning rate for each local step."""
        loss, right, seen, epoch = 0.0, 0, 0, int(order[0])
        for number, first in enumerate(range(0, len(learning_rates), self.local_steps)):
            turn = Turn(epoch, first, learning_rates[first : first + self.local_steps])
            state = State(self.theta, self.moments, self.step)
            given = state, self.how, turn
            found: RoundSums = self.work.total("train", train_block, self.parts, *given)
            loss, right, seen = loss + found.loss, right + found.right, seen + found.rows
            if found.failed:
                return StepsResult(float("nan"), right, number, HealthProbe.nothing(self.like))
            if found.rows:
                theta, *moments = (found.values / found.rows).astype(self.theta.dtype)
                self.restore(State(theta, tuple(moments), self.step + len(turn.rates)))
        same_rows(seen, len(rows))
        return StepsResult(loss / max(seen, 1), right, None, HealthProbe.nothing(self.like))

    def evaluate(self, rows: Any) -> tuple[float, float]:
        """Loss and score of the rows for validation, in float64."""
        return evaluated(self.work, rows.parts, self.theta.astype(np.float64), self.sum, self.classes)
