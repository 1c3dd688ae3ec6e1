"""Learning an ensemble: networks of several kinds on folds of the rows, and what each says of its own fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.system.processors import cores
from chainrule.system.side_by_side import side_by_side
from chainrule.tables.presets.features import Features, learn_features
from chainrule.tables.presets.members import Kind
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.engine import Rows
from chainrule.train.loop import fit


@dataclass(frozen=True, eq=False)
class Grown:
    """The networks of one kind, one a fold, and their outputs for rows that they did not learn from (n, k)."""

    kind: Kind
    features: Features
    networks: tuple[Network, ...]
    held: Array


def smoothed(y: Array, classes: int, share: float) -> Array:
    """Targets (n, classes) of class numbers, with a share of each given to all classes alike."""
    found = np.full((len(y), classes), share / classes, np.float32)
    found[np.arange(len(y)), y] += 1 - share
    return found


def grow(
    x: Array, y: Array, classes: int, kinds: Sequence[Kind], folds: Sequence[tuple[Array, Array]], seed: int,
    threads: int | None = None, stop: Event | None = None, weight: Array | None = None,
) -> list[Grown]:  # fmt: skip
    """Train a network of each kind on all folds but one, for each fold that is left out."""
    outputs = classes or 1
    prepared = []
    for number, kind in enumerate(kinds):
        features = learn_features(x, kind.ramps, kind.waves, kind.spread, seed + number)
        prepared.append((features, features(x).astype(np.float32)))

    def job(number: int, fold: int, stop: Event) -> tuple[Network, Array]:
        kind, (features, given), (learn, held) = kinds[number], prepared[number], folds[fold]
        own = (seed * 1009 + number * 101 + fold) % 2**32
        network = Network.random(
            (features.count, *kind.hidden, outputs), kind.activation, "softmax" if classes else "identity",
            "cross_entropy" if classes else "half_squared_error", seed=own, dtype="float32",
        )  # fmt: skip
        targets = smoothed(y, classes, kind.smoothing) if classes else y.astype(np.float32).reshape(-1, 1)
        part = None if weight is None else weight[learn].astype(np.float32)
        fitted = fit(
            network, Rows(given[learn], targets[learn], part), kind.recipe(own), epochs=kind.epochs,
            validation=Rows(given[held], y[held] if classes else targets[held]),
            callbacks=[EarlyStopping("validation_loss", max(8, kind.epochs // 3), tol=0.0)], stop=stop,
        )  # fmt: skip
        return fitted.network, fitted.network(given[held])

    pairs = [(number, fold) for number in range(len(kinds)) for fold in range(len(folds))]
    made = list(side_by_side([partial(job, *pair) for pair in pairs], cores() if threads is None else threads, stop))
    found = []
    for number, kind in enumerate(kinds):
        of_kind = made[number * len(folds) : (number + 1) * len(folds)]
        held = np.full((len(x), outputs), np.nan)
        for (_, rows), (_, yhat) in zip(folds, of_kind, strict=True):
            held[rows] = yhat
        found.append(Grown(kind, prepared[number][0], tuple(network for network, _ in of_kind), held))
    return found
