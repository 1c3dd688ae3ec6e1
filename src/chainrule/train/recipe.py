"""Recipe: how to train, whatever the network and the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.train.optimizers import Optimizer, optimizer
from chainrule.train.schedules import Schedule

EngineName = Literal["auto", "compiled", "plain"]

MOST_THREADS = 256  # that may be asked for


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        optimizer: the rule with its settings.
        batch_size: examples a step.
        seed: of shuffling and dropout.
        l2: lambda of the penalty: a minibatch of n examples has the loss L + lambda/(2n) * the sum of squared weights
            where L is a mean over the n, and L + lambda/2 * that sum where L is a sum.
        dropout: share of a hidden layer's units that a step leaves out: one for all layers, or one each.
        schedule: of the learning rate.
        shuffle: a new order each epoch.
        engine: ``compiled``, ``plain``, or ``auto``: compiled where the native library is.
        health: whether each layer's health is observed.
        threads: None chooses 1 or 2 by the network and the size of a step, the same everywhere; one thread count gives
            bitwise the same run every time.
    """

    optimizer: Optimizer = field(default_factory=lambda: optimizer("adam"))
    batch_size: int = 32
    seed: int = 0
    l2: float = 0.0
    dropout: float | Sequence[float] = 0.0
    schedule: Schedule = field(default_factory=Schedule)
    shuffle: bool = True
    engine: EngineName = "auto"
    threads: int | None = None
    health: bool = True

    def __post_init__(self) -> None:
        whole("batch size", self.batch_size)
        whole("seed", self.seed, least=0)
        if self.threads is not None:
            whole("threads", self.threads, most=MOST_THREADS)
        if not self.l2 >= 0 or self.l2 == float("inf"):
            raise InputError("l2", "a number from 0 up", repr(self.l2))
        if self.engine not in ("auto", "compiled", "plain"):
            raise InputError("engine", "auto, compiled or plain", repr(self.engine))
        for share in (self.dropout,) if isinstance(self.dropout, (int, float)) else self.dropout:
            if not (isinstance(share, (int, float)) and 0 <= share < 1):
                raise InputError("dropout", "shares from 0 to below 1", repr(share))

    def dropout_of(self, network: Network) -> tuple[float, ...]:
        """The share of each hidden layer; empty where nothing is dropped.

        Raises:
            InputError: neither one share nor one a hidden layer.
        """
        shares = (self.dropout,) if isinstance(self.dropout, (int, float)) else tuple(self.dropout)
        layers = network.depth - 1
        if len(shares) == 1:
            shares *= layers
        if len(shares) != layers:
            raise InputError("dropout", f"one share, or {layers} (one a hidden layer)", str(len(shares)))
        return tuple(float(share) for share in shares) if any(shares) else ()

    def threads_for(self, network: Network) -> int:
        """How many threads share a step: by the network and the size of a step alone, so that every machine adds alike.

        One below some ten microseconds of products, or few units, a thread; never more than ``USUAL_THREADS``.
        """
        if self.threads is not None:
            return self.threads
        work = 6 * network.parameter_count * self.batch_size
        units = max(network.sizes[1:-1], default=network.sizes[0])
        return max(1, min(USUAL_THREADS, work // WORK_PER_THREAD, units // UNITS_PER_THREAD))


USUAL_THREADS = 2  # at most, where no number is asked for
WORK_PER_THREAD = 500_000  # operations a step for each thread; measured by benchmarks/growth.py
UNITS_PER_THREAD = 32  # of the widest layer


def whole(quantity: str, value: Any, least: int = 1, most: int | None = None) -> None:
    """Raise an InputError unless ``value`` is a whole number from ``least`` up, to ``most`` where that is given."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InputError(quantity, f"at least {least}", str(value))
    if most is not None and value > most:
        raise InputError(quantity, f"at most {most}", str(value)[:20])
