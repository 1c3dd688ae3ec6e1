"""Schedules: what the learning rate is multiplied with as training goes on, one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.errors import InputError, unknown
from chainrule.network.arrays import Array


@dataclass(frozen=True)
class Schedule:
    """A learning-rate schedule.

    Attributes:
        name: ``constant``; ``cosine``: to 0 over ``epochs`` (Loshchilov & Hutter 2017, eq. 5); ``linear``: to 0 over
            ``epochs``; ``exponential``: times ``factor`` each epoch; ``step``: times ``factor`` every ``every``
            epochs; ``invscaling``: 1/(1 + epoch)^``power``.
        epochs: length of ``cosine`` and ``linear``.
        warmup: epochs in which it first rises from 0 in a straight line.
    """

    name: str = "constant"
    epochs: float = 1.0
    factor: float = 0.5
    every: float = 10.0
    power: float = 0.5
    warmup: float = 0.0

    def __post_init__(self) -> None:
        if self.name not in SCHEDULES:
            raise unknown("schedule", self.name, SCHEDULES)
        for name in ("epochs", "factor", "every", "power", "warmup"):
            value = getattr(self, name)
            least = 0.0 if name in ("warmup", "power") else np.nextafter(0.0, 1.0)
            if not (isinstance(value, (int, float)) and np.isfinite(value) and value >= least):
                raise InputError(f"schedule's {name}", "a positive number" if least else "0 or more", repr(value))

    def multipliers(self, epochs: Array) -> Array:
        """What the learning rate is multiplied with at these points in time, in epochs from 0, fractions too."""
        rising = np.minimum(1.0, (epochs + 1e-12) / self.warmup) if self.warmup else 1.0
        found: Array = SCHEDULES[self.name](self, epochs) * rising
        return found


SCHEDULES: dict[str, Callable[[Schedule, Array], Array]] = {
    "constant": lambda s, t: np.ones_like(t),
    "cosine": lambda s, t: (1 + np.cos(np.pi * np.minimum(t / s.epochs, 1))) / 2,
    "linear": lambda s, t: np.maximum(1 - t / s.epochs, 0),
    "exponential": lambda s, t: s.factor**t,
    "step": lambda s, t: s.factor ** np.floor(t / s.every),
    "invscaling": lambda s, t: (1 + t) ** -s.power,
}
