"""Learning an ensemble: networks of several kinds on folds of the rows, and what each says of its own fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.system.processors import cores
from chainrule.system.side_by_side import side_by_side
from chainrule.tables.presets.ensemble import ROWS_AT_ONCE, Ensemble, HeldOut, Members
from chainrule.tables.presets.features import Features, is_number, learn_features
from chainrule.tables.presets.folds import folds_of, loss_of
from chainrule.tables.presets.linear import MOST_ROWS, linear_member
from chainrule.tables.presets.members import MOST_FEATURES, Kind, preset
from chainrule.tables.presets.weigh import residuals_of, shares_of, temperature_of, warmed
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.loop import fit


@dataclass(frozen=True, eq=False)
class _Grown:
    """Networks of one kind, and their outputs for rows that they did not learn from (n, k)."""

    name: str
    features: Features
    networks: tuple[Network, ...]
    held: Array


@dataclass(frozen=True, eq=False)
class _LearntRows:
    """Inputs (n, d), targets, number of classes, and weights (n,) or None."""

    x: Array
    y: Array
    classes: int
    weight: Array | None


@dataclass(frozen=True)
class Checkpoints:
    """Where the states of an ensemble's networks go, a file each.

    Attributes:
        folder: of the files.
        every: epochs between two writings.
        resume: go on from the files that are there.
        agreement: what a resumed training must agree with, as text.
    """

    folder: Path
    every: int = 1
    resume: bool = False
    agreement: str = ""

    def of(self, kind: int, fold: int) -> Checkpoint:
        """That of one network, by the numbers of its kind and of its fold, from 0."""
        file = self.folder / f"kind-{kind + 1}-fold-{fold + 1}.safetensors"
        return Checkpoint(file, self.every, self.agreement)


def learn(
    x: Array, y: Array, classes: int, name: str = "good", seed: int = 0, threads: int | None = None,
    stop: Event | None = None, told: Callable[[], object] | None = None, weight: Array | None = None,
    checkpoints: Checkpoints | None = None,
) -> Ensemble:  # fmt: skip
    """The ensemble of a preset for rows x (n, d).

    The rows are cut into folds. Of each kind of network, one is trained for each fold, on the rows outside it, and
    stopped by the fold: together they learn from all rows, and each row has an answer of a network that did not learn
    from it. From these answers come the shares of the kinds, the temperature and the sizes of errors. The same rows,
    preset and seed give bitwise the same ensemble, with any number of threads.

    Args:
        y: class numbers (n,), or standardised numbers (n, 1).
        classes: how many; 0 for numbers.
        stop: ends the training once it is set.
        told: called after each network.
        weight: of the rows (n,), of classes: in learning, in the shares of the kinds and in the temperature.
        checkpoints: where the networks' states go, so that a training that was ended can be gone on with.

    Raises:
        InputError: fewer rows than twice the folds; no such preset; no member that could be trained.
    """
    how = preset(name)
    if len(x) < 2 * how.folds:
        raise InputError(
            "rows to learn from",
            f"at least {2 * how.folds} for the preset {name}; preset none trains one network",
            str(len(x)),
        )
    folds = folds_of(y, classes, how.folds, seed)
    kinds = how.all_kinds(len(x), int(is_number(x).sum()), seed)
    stop = Event() if stop is None else stop
    rows = _LearntRows(x, y, classes, weight)
    grown = [*_linear(rows, kinds, folds), *_grow(rows, kinds, folds, seed, threads, stop, told, checkpoints)]
    if stop.is_set():
        raise KeyboardInterrupt
    grown = [one for one in grown if np.isfinite(one.held).all()]
    if not grown:
        raise InputError("the preset's networks", "one whose training does not diverge", "none")
    shares = shares_of([one.held for one in grown], y, classes, weight)
    parts = tuple(
        Members(one.name, one.features, one.networks, float(share), loss_of(one.held, y, classes, weight))
        for one, share in zip(grown, shares, strict=True) if share > 0
    )  # fmt: skip
    mean = sum(share * one.held for one, share in zip(grown, shares, strict=True))
    temperature = temperature_of(mean, y, weight) if classes else 1.0
    calibrated = warmed(mean, temperature) if classes else mean
    held = HeldOut(len(x), loss_of(mean, y, classes, weight), loss_of(calibrated, y, classes, weight))
    residuals = np.zeros(0) if classes else residuals_of(mean, y)
    return Ensemble(parts, temperature, residuals, held, name, seed, how.folds)


def _linear(rows: _LearntRows, kinds: Sequence[Kind], folds: Sequence[tuple[Array, Array]]) -> list[_Grown]:
    """Linear members on the inputs and on their ramps, of a table of not too many rows."""
    if len(rows.x) > MOST_ROWS:
        return []
    found = []
    for ramps in sorted({0, min((kind.ramps for kind in kinds if kind.ramps), default=0)}):
        features = learn_features(rows.x, ramps)
        if features.count > MOST_FEATURES:
            continue
        network, held, _ = linear_member(features, rows.x, rows.y, rows.classes, folds, rows.weight)
        found.append(_Grown(f"linear, {ramps} ramps" if ramps else "linear", features, (network,), held))
    return found


def _narrow(features: Features, x: Array) -> Array:
    """The features in float32, of some rows at a time."""
    found = np.empty((len(x), features.count), np.float32)
    for at in range(0, len(x), ROWS_AT_ONCE):
        found[at : at + ROWS_AT_ONCE] = features(x[at : at + ROWS_AT_ONCE])
    return found


def smoothed(y: Array, classes: int, share: float) -> Array:
    """Targets (n, classes) of class numbers, with a share of each given to all classes alike."""
    found = np.full((len(y), classes), share / classes, np.float32)
    found[np.arange(len(y)), y] += 1 - share
    return found


def _grow(
    rows: _LearntRows, kinds: Sequence[Kind], folds: Sequence[tuple[Array, Array]], seed: int, threads: int | None,
    stop: Event, told: Callable[[], object] | None, checkpoints: Checkpoints | None,
) -> list[_Grown]:  # fmt: skip
    """Train a network of each kind on all folds but one, for each fold that is left out."""
    x, y, classes = rows.x, rows.y, rows.classes
    outputs = classes or 1
    weight = None if rows.weight is None else rows.weight.astype(np.float32)
    prepared = []
    for number, kind in enumerate(kinds):
        features = learn_features(x, kind.ramps, kind.waves, kind.spread, seed + number)
        prepared.append((features, _narrow(features, x)))

    def job(number: int, fold: int, stop: Event) -> tuple[Network, Array]:
        kind, (features, given), (learn, held) = kinds[number], prepared[number], folds[fold]
        own = (seed * 1009 + number * 101 + fold) % 2**32
        network = Network.random(
            (features.count, *kind.hidden, outputs), kind.activation, "softmax" if classes else "identity",
            "cross_entropy" if classes else "half_squared_error", seed=own, dtype="float32",
        )  # fmt: skip
        targets = smoothed(y, classes, kind.smoothing) if classes else y.astype(np.float32).reshape(-1, 1)
        learn = np.tile(learn, kind.repeats(len(learn)))
        counted, watched = (None, None) if weight is None else (weight[learn], weight[held])
        fitted = fit(
            network, Rows(given[learn], targets[learn], counted), kind.recipe(own), epochs=kind.epochs,
            validation=Rows(given[held], y[held] if classes else targets[held], watched),
            callbacks=[EarlyStopping("validation_loss", kind.epochs // 3, tol=0.0)], stop=stop,
            scorer=lambda _: 0.0,  # the loss is enough; R² would cost as much as the training
            checkpoint=None if checkpoints is None else checkpoints.of(number, fold),
            resume=checkpoints is not None and checkpoints.resume,
        )  # fmt: skip
        if told is not None:
            told()
        return fitted.network, fitted.network(given[held])

    pairs = [(number, fold) for number in range(len(kinds)) for fold in range(len(folds))]
    made = list(side_by_side([partial(job, *pair) for pair in pairs], cores() if threads is None else threads, stop))
    found = []
    for number, kind in enumerate(kinds):
        of_kind = made[number * len(folds) : (number + 1) * len(folds)]
        held = np.full((len(x), outputs), np.nan)
        for (_, place), (_, yhat) in zip(folds, of_kind, strict=True):
            held[place] = yhat
        found.append(_Grown(str(kind), prepared[number][0], tuple(network for network, _ in of_kind), held))
    return found
