"""What an ensemble begins with: kinds of networks, how each is trained, and which kinds a preset has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from chainrule.errors import InputError
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe
from chainrule.train.schedules import Schedule

PresetName = Literal["fast", "good", "best"]
STEPS = 16  # of an epoch at least: after each the held-out rows are looked at, which costs as much as some steps
MOST_FEATURES = 1500  # of one network: with more numbers than go into it by ramps or waves, there are fewer of these
MOST_CELLS = 100_000_000  # of all rows: as above
MOST_PASSED = 2_000_000  # rows that a network sees in all its epochs, if that is no fewer than LEAST_EPOCHS of them
LEAST_EPOCHS = 8


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of member: its features, its network and its training. Each fold of the rows has a network of it.

    Attributes:
        hidden: units of the hidden layers.
        ramps, waves, spread: of each number, as ``learn_features`` takes them.
        smoothing: share of a class's target that is given to all classes alike.
    """

    hidden: tuple[int, ...]
    activation: str = "silu"
    ramps: int = 0
    waves: int = 0
    spread: float = 1.0
    dropout: float = 0.1
    learning_rate: float = 0.003
    weight_decay: float = 0.02
    batch: int = 64
    epochs: int = 40
    smoothing: float = 0.0

    def __str__(self) -> str:
        given = [f"{self.ramps} ramps"] * bool(self.ramps) + [f"{self.waves} waves"] * bool(self.waves)
        return ", ".join([f"{'-'.join(map(str, self.hidden))} {self.activation}", *given, f"dropout {self.dropout:g}"])

    def fitting(self, rows: int, numbers: int) -> Kind:
        """This kind for a table of so many rows with so many numbers among its inputs: less of it where it is large."""
        most = min(MOST_FEATURES, MOST_CELLS // rows) // max(1, numbers)
        epochs = min(self.epochs, max(LEAST_EPOCHS, MOST_PASSED // rows))
        return replace(self, ramps=min(self.ramps, most), waves=min(self.waves, most), epochs=epochs)

    def repeats(self, rows: int) -> int:
        """How often so many rows stand in an epoch, so that it has ``STEPS`` steps at least."""
        return -(-STEPS * self.batch // rows) if rows < STEPS * self.batch else 1

    def recipe(self, seed: int) -> Recipe:
        """One cycle of the learning rate: up in a tenth of the epochs, then down to 0 as a cosine."""
        rule = optimizer("adamw", self.learning_rate, beta_2=0.98, weight_decay=self.weight_decay)
        schedule = Schedule("cosine", float(self.epochs), warmup=self.epochs / 10)
        return Recipe(rule, self.batch, seed, dropout=self.dropout, schedule=schedule, threads=1, health=False)


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How an ensemble is made.

    Attributes:
        folds: into which the rows are cut.
        kinds: that are trained; ``drawn`` more have drawn settings.
    """

    folds: int
    kinds: tuple[Kind, ...]
    drawn: int = 0

    def all_kinds(self, rows: int, numbers: int, seed: int) -> list[Kind]:
        """The kinds for a table of so many rows with so many numbers among its inputs."""
        rng = np.random.default_rng(seed)
        return [kind.fitting(rows, numbers) for kind in [*self.kinds, *(_draw(rng) for _ in range(self.drawn))]]


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        InputError: there is none.
    """
    if name not in PRESETS:
        raise InputError("preset", ", ".join(get_args(PresetName)), repr(name))
    return PRESETS[name]


def _draw(rng: np.random.Generator) -> Kind:
    """Settings from the ranges that RealMLP, TabM and TabPack search."""
    which = rng.integers(3)
    width = int(rng.choice([64, 128, 256]))
    return Kind(
        hidden=(width,) * int(rng.integers(1, 4)), activation=str(rng.choice(["relu", "silu", "gelu", "elu"])),
        ramps=int(rng.choice([4, 8, 16, 32])) if which == 1 else 0, waves=8 if which == 2 else 0,
        spread=float(np.exp(rng.uniform(np.log(0.2), np.log(2.0)))), dropout=float(rng.choice([0.0, 0.1, 0.2, 0.4])),
        learning_rate=float(np.exp(rng.uniform(np.log(1e-3), np.log(1e-2)))),
        weight_decay=float(np.exp(rng.uniform(np.log(1e-3), np.log(0.2)))),
        smoothing=float(rng.choice([0.0, 0.05])),
    )  # fmt: skip


_PLAIN = Kind(hidden=(64,))
_RAMPS = Kind(hidden=(128, 64), ramps=8, dropout=0.2)
_WAVES = Kind(hidden=(128, 64), waves=8, spread=0.7)
PRESETS: dict[str, Preset] = {
    "fast": Preset(folds=4, kinds=(_PLAIN, _RAMPS, _WAVES)),
    "good": Preset(folds=4, kinds=(
        _PLAIN, _RAMPS, _WAVES, Kind(hidden=(128,), activation="relu", ramps=24, dropout=0.3),
        Kind(hidden=(128, 128), activation="gelu", dropout=0.3),
    )),
    "best": Preset(folds=5, drawn=12, kinds=(_PLAIN, _RAMPS, _WAVES)),
}  # fmt: skip
