"""What training leaves behind: one record an epoch, and the result."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.network.network import Network
from chainrule.train.engine import State
from chainrule.train.health import LayerHealth


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


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of ``fit``.

    Attributes:
        network: the best that a callback kept, or else that of the last epoch that ended well.
        history: one ``Epoch`` each.
        stopped: why it stopped before the last epoch: ``interrupted``, ``diverged``, ``early`` or None.
        said: the reason in a sentence, with what to try; empty where it ended as asked.
        state: the engine's at the end, to go on from; None where it was interrupted or diverged.
    """

    network: Network
    history: tuple[Epoch, ...]
    stopped: str | None = None
    said: str = ""
    state: State | None = None
