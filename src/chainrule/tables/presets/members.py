"""What members an ensemble begins with: networks of several kinds, and how each is trained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe
from chainrule.train.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of member: its features, its network and its training. Each fold of the rows has a network of it.

    Attributes:
        hidden: units of the hidden layers.
        ramps, waves, spread: of each number, as ``learn_features`` takes them.
        epochs: at most; early stopping ends with the best.
        smoothing: share of a class's target that is given to all classes alike.
    """

    hidden: tuple[int, ...]
    activation: str
    ramps: int = 0
    waves: int = 0
    spread: float = 1.0
    dropout: float = 0.1
    learning_rate: float = 0.003
    weight_decay: float = 0.02
    batch: int = 64
    epochs: int = 60
    smoothing: float = 0.0

    def recipe(self, seed: int) -> Recipe:
        """One cycle of the learning rate: up in a tenth of the epochs, then down to 0 as a cosine."""
        rule = optimizer("adamw", self.learning_rate, beta_2=0.98, weight_decay=self.weight_decay)
        schedule = Schedule("cosine", float(self.epochs), warmup=self.epochs / 10)
        return Recipe(
            rule, self.batch, seed, dropout=self.dropout if self.hidden else 0.0, schedule=schedule, threads=1,
            health=False,
        )  # fmt: skip
