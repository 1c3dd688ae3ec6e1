"""A training: as it goes on, one record an epoch, and the result."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from threading import Event
from typing import Literal

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.engine import Engine, State
from chainrule.train.health import LayerHealth
from chainrule.train.recipe import Recipe


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave.

    Attributes:
        number: from 1.
        loss: over its minibatches, each before its own update, with the penalty and with dropout.
        accuracy: share of right answers, likewise; None for numbers.
        validation_loss, validation_score: of the validation rows after the epoch; None without them. The score is
            the accuracy, R^2, or what the scorer gave.
        learning_rate: of its last step.
        seconds: since training began.
        health: of each layer.
    """

    number: int
    loss: float
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_score: float | None = None
    learning_rate: float = 0.0
    seconds: float = 0.0
    health: tuple[LayerHealth, ...] = ()


EPOCH_NUMBERS = [field.name for field in fields(Epoch) if field.name != "health"]


@dataclass(eq=False)
class Run:
    """Training as a callback sees it.

    Attributes:
        like: the network that training began with.
        epochs: how many are asked for.
        history: the epochs so far.
        scale: what the learning rate is multiplied with beside the schedule; a callback may change it.
        best: parameters to end with, an engine's snapshot; None: those of the last epoch.
        beginning: tells first parameters and rows from others; a checkpoint keeps it.
        stop: set by Ctrl-C in this training, or in another that runs beside it.
        said: by a callback that stops the training: why, a sentence.
        ended: set by a callback in ``on_fit_begin``: the checkpoint is of a training that had stopped early.
    """

    like: Network
    engine: Engine
    recipe: Recipe
    epochs: int
    history: list[Epoch] = field(default_factory=list)
    scale: float = 1.0
    best: Array | None = None
    said: str = ""
    ended: bool = False
    beginning: str = ""
    stop: Event = field(default_factory=Event)

    @property
    def network(self) -> Network:
        """The network as it is now."""
        return self.engine.network()

    def go_on(self) -> None:
        """Raise a KeyboardInterrupt where ``stop`` is set; asked before each call that takes long."""
        if self.stop.is_set():
            raise KeyboardInterrupt


@dataclass(frozen=True)
class Outcome:
    """How a training ended.

    Attributes:
        kind: ``finished`` after the last epoch, ``early`` by a callback, ``interrupted`` by Ctrl-C, ``diverged`` where
            the loss was no longer a finite number.
        epoch: the last one; that in which it was interrupted or diverged, which did not end.
        best_kept: whether the network is the best that a callback kept; else it is that of the last whole epoch.
        layer: of divergence: the first at which the numbers left the range; None where that is not known.
        learning_rate: of divergence: that of the optimizer, before the schedule.
        reason: of an early end: that of the callback, a sentence.
    """

    kind: Literal["finished", "early", "interrupted", "diverged"]
    epoch: int
    best_kept: bool = False
    layer: int | None = None
    learning_rate: float = 0.0
    reason: str = ""

    def words(self, kept: str = "") -> str:
        """The reason in a sentence, with what to try; empty where it ended as asked.

        Args:
            kept: what became of the network; else what ``fit`` returned.
        """
        if self.kind == "interrupted":
            network = "the best network so far" if self.best_kept else "that of the last whole epoch"
            return f"interrupted in epoch {self.epoch}: {kept or f'{network} is kept'}"
        if self.kind != "diverged":
            return self.reason
        last = f"the network of epoch {self.epoch - 1} is kept" if self.epoch > 1 else "no epoch ended well"
        where = "" if self.layer is None else f" at layer {self.layer}"
        return (
            f"training diverged in epoch {self.epoch}: the loss is no longer a finite number, first seen{where}; "
            f"{kept or ('the best network so far is kept' if self.best_kept else last)}; try a learning rate below "
            f"{self.learning_rate:g}, or standardise the inputs"
        )


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of ``fit``.

    Attributes:
        network: the best that a callback kept, or else that of the last epoch that ended well.
        history: one ``Epoch`` each.
        outcome: how it ended.
        state: the engine's at the end, to go on from; None where it was interrupted or diverged.
    """

    network: Network
    history: tuple[Epoch, ...]
    outcome: Outcome
    state: State | None = None

    @property
    def stopped(self) -> str | None:
        """Why it stopped before the last epoch: ``interrupted``, ``diverged``, ``early`` or None."""
        return None if self.outcome.kind == "finished" else self.outcome.kind

    @property
    def said(self) -> str:
        """The reason in a sentence, with what to try; empty where it ended as asked."""
        return self.outcome.words()
