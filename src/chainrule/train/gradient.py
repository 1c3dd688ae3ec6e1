"""The gradient of a sum over rows, by the engine that trains: what L-BFGS and a cluster's exact mode add up."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.engine import Rows, State, start
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe

BLOCK = 2048  # rows whose gradient is taken at once


@dataclass(frozen=True, eq=False)
class Summed:
    """Sums over rows.

    Attributes:
        loss: of the rows' losses times their weights; infinite where it is no number.
        grad: its gradient, in the order of ``Network.flat``.
        right: rows classified right.
    """

    loss: float
    grad: Array
    right: int


class SumGradient:
    """The summed loss of rows and its gradient, as a function of the flat parameters.

    The gradient is what a step of the training engine leaves behind: without momentum and with learning rate 1 the
    velocity of ``momentum``, v <- 0 v - 1 g, is -g.
    """

    def __init__(self, network: Network, batch: int, threads: int) -> None:
        """``network`` with the reduction ``sum``; ``batch``: rows of one call at most."""
        recipe = Recipe(optimizer("momentum", 1.0, momentum=0.0), batch, shuffle=False, health=False)
        self.engine = start(network, replace(recipe, threads=threads))

    def __call__(self, theta: Array, rows: Rows, order: Array) -> Summed:
        """Of the rows in ``order``, one minibatch of them."""
        self.engine.restore(State(np.array(theta), (np.zeros_like(theta),), 0))
        part = self.engine.steps(rows, order, np.ones(1))
        if part.failed is not None:
            return Summed(np.inf, np.full_like(theta, np.nan), 0)
        return Summed(part.loss, -self.engine.state().moments[0], part.right)

    def all(self, theta: Array, rows: Rows) -> Summed:
        """Of all rows, block after block."""
        loss, grad, right = 0.0, np.zeros_like(theta), 0
        for at in range(0, len(rows), BLOCK):
            part = self(theta, rows, np.arange(at, min(at + BLOCK, len(rows))))
            loss, right = loss + part.loss, right + part.right
            grad += part.grad
        return Summed(loss, grad, right)

    def close(self) -> None:
        """Give back the engine's threads."""
        self.engine.close()
