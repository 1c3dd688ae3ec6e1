"""The plain minibatch loop, made of ``Forward`` and ``Backward`` themselves.

``run_epoch`` is the one place that a faster inside would replace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.activations import Array
from chainrule.errors import InputError
from chainrule.network import Network
from chainrule.train.optimizers import Optimizer, State


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave: the loss and the accuracy over its minibatches, each before its own update.

    ``accuracy`` is None for numbers.
    """

    number: int
    loss: float
    accuracy: float | None


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of ``fit``.

    Attributes:
        network: after the last epoch that ended well.
        history: one ``Epoch`` each.
        stopped: why it stopped before the last epoch: ``interrupted``, ``diverged`` or None.
    """

    network: Network
    history: tuple[Epoch, ...]
    stopped: str | None = None


def fit(
    network: Network,
    x: Array,
    y: Array,
    optimizer: Optimizer,
    *,
    epochs: int,
    batch_size: int,
    seed: int,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Fitted:
    """Minibatch gradient descent; examples are shuffled anew each epoch.

    Ctrl-C ends it with the network of the last whole epoch; so does a loss that is no longer finite.

    Args:
        x: inputs (n, d).
        y: class numbers (n,) or targets (n, k).

    Raises:
        InputError: epochs or batch size below 1.
    """
    check_schedule(epochs, batch_size)
    rng = np.random.default_rng(seed)
    state = optimizer.start(network.flat)
    history: list[Epoch] = []
    for number in range(1, epochs + 1):
        try:
            after, state, loss, right = run_epoch(network, x, y, rng.permutation(len(x)), batch_size, optimizer, state)
        except KeyboardInterrupt:
            return Fitted(network, tuple(history), "interrupted")
        if not (np.isfinite(loss) and np.isfinite(after.flat).all()):
            return Fitted(network, tuple(history), "diverged")
        network = after
        history.append(Epoch(number, loss, right / len(x) if y.ndim == 1 else None))
        if on_epoch is not None:
            on_epoch(history[-1])
    return Fitted(network, tuple(history))


def check_schedule(epochs: int, batch_size: int) -> None:
    """Raise an InputError unless both are at least 1."""
    for what, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value < 1:
            raise InputError(what, "at least 1", str(value))


def run_epoch(
    network: Network, x: Array, y: Array, order: Array, batch_size: int, optimizer: Optimizer, state: State
) -> tuple[Network, State, float, int]:
    """One pass over the examples in the given order.

    Returns:
        The network and the state after it, the loss over the epoch (reduced as the network's loss is), and
        how many examples were classified right, each before the update of its own minibatch.
    """
    theta, total, right = network.flat, 0.0, 0
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is seen in the loss
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            b = network.backward(x[rows], y[rows])
            share = len(rows) / len(order) if network.reduction == "mean" else 1.0
            total += share * b.L
            if y.ndim == 1:
                right += int((b.forward.yhat.argmax(axis=1) == y[rows]).sum())
            if not np.isfinite(b.L):
                return network, state, b.L, right
            theta, state = optimizer.step(theta, b.flat, state)
            network = network.on_flat(theta)
    return network, state, total, right
