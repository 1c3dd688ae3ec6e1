"""Gradient descent that can be rewound to any of its steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.errors import InputError
from chainrule.network.backward import backward
from chainrule.network.forward import forward
from chainrule.network.network import Network
from chainrule.view.subject import Subject

MOST_STEPS = 100_000
MOST_BYTES = 16 * 2**20  # of the networks that are kept, each of which holds its numbers twice


class Descent:
    """Gradient descent from one network; later steps are kept until another step is taken from an earlier one.

    Attributes:
        start: the network and its example before the first step.
        losses: L at the start and after each step.
        rates: the learning rate of each step.
        now: the step that is looked at, 0 at the start.
    """

    def __init__(self, start: Subject) -> None:
        self.start, self.now = start, 0
        self.losses = [_loss(start, start.network)]
        self.rates: list[float] = []
        self._kept = {0: start.network}
        self._every = 1

    @property
    def subject(self) -> Subject:
        """The subject at the step that is looked at."""
        return replace(self.start, network=self._network(self.now))

    def descend(self, steps: int, rate: float) -> None:
        """Take steps from the step that is looked at; equation update.

        Raises:
            InputError: too many steps, or one whose numbers are not finite: the steps before it stay.
        """
        if self.now + steps > MOST_STEPS:
            raise InputError("steps", f"at most {MOST_STEPS} in all", str(self.now + steps))
        network = self._network(self.now)
        del self.losses[self.now + 1 :], self.rates[self.now :]
        self._kept = {k: kept for k, kept in self._kept.items() if k <= self.now}
        for _ in range(steps):
            network = _stepped(self.start, network, rate)
            loss = _loss(self.start, network)
            if not np.isfinite(loss) or not np.isfinite(network.flat).all():
                what = f"finite numbers after step {self.now + 1} (a smaller learning rate may help)"
                raise InputError("gradient step", what, f"L = {loss}")
            self.now += 1
            self.losses.append(loss)
            self.rates.append(rate)
            self._keep(network)

    def rewind(self, step: int) -> None:
        """Look at another of the steps that were taken.

        Raises:
            InputError: no such step.
        """
        if not 0 <= step < len(self.losses):
            raise InputError("step", f"a number from 0 to {len(self.losses) - 1}", str(step))
        self.now = step

    def _network(self, step: int) -> Network:
        """The network after a step: a kept one, or stepped again from the last kept one before."""
        network = self._kept[kept := max(k for k in self._kept if k <= step)]
        for rate in self.rates[kept:step]:
            network = _stepped(self.start, network, rate)
        return network

    def _keep(self, network: Network) -> None:
        """Keep every n-th network; every other of them goes when they are too large together."""
        if self.now % self._every == 0:
            self._kept[self.now] = network
        if 2 * len(self._kept) * network.flat.nbytes > MOST_BYTES:
            self._every *= 2
            self._kept = {k: kept for k, kept in self._kept.items() if k % self._every == 0}


def _stepped(start: Subject, network: Network, rate: float) -> Network:
    with np.errstate(over="ignore", invalid="ignore"):
        return network.step(backward(forward(network, start.x), start.y), rate)


def _loss(start: Subject, network: Network) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(backward(forward(network, start.x), start.y)["L"])
