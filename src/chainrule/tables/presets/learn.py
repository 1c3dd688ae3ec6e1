"""Learning an ensemble: networks of several kinds on folds of the rows, and what each says of its own fold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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
from chainrule.train.engine import Rows
from chainrule.train.loop import fit


@dataclass(frozen=True, eq=False)
class _Grown:
    """Networks of one kind, and their outputs for rows that they did not learn from (n, k)."""

    name: str
    features: Features
    networks: tuple[Network, ...]
    held: Array


def learn(
    x: Array, y: Array, classes: int, name: str = "good", seed: int = 0, threads: int | None = None,
    stop: Event | None = None, told: Callable[[], object] | None = None,
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
    grown = [*_linear(x, y, classes, kinds, folds), *_grow(x, y, classes, kinds, folds, seed, threads, stop, told)]
    if stop.is_set():
        raise KeyboardInterrupt
    grown = [one for one in grown if np.isfinite(one.held).all()]
    if not grown:
        raise InputError("the preset's networks", "one whose training does not diverge", "none")
    shares = shares_of([one.held for one in grown], y, classes)
    parts = tuple(
        Members(one.name, one.features, one.networks, float(share), loss_of(one.held, y, classes))
        for one, share in zip(grown, shares, strict=True) if share > 0
    )  # fmt: skip
    mean = sum(share * one.held for one, share in zip(grown, shares, strict=True))
    temperature = temperature_of(mean, y) if classes else 1.0
    held = HeldOut(
        len(x), loss_of(mean, y, classes), loss_of(warmed(mean, temperature) if classes else mean, y, classes)
    )
    residuals = np.zeros(0) if classes else residuals_of(mean, y)
    return Ensemble(parts, temperature, residuals, held, name, seed, how.folds)


def _linear(
    x: Array, y: Array, classes: int, kinds: Sequence[Kind], folds: Sequence[tuple[Array, Array]]
) -> list[_Grown]:
    """Linear members on the inputs and on their ramps, of a table of not too many rows."""
    if len(x) > MOST_ROWS:
        return []
    found = []
    for ramps in sorted({0, min((kind.ramps for kind in kinds if kind.ramps), default=0)}):
        features = learn_features(x, ramps)
        if features.count > MOST_FEATURES:
            continue
        network, held, _ = linear_member(features, x, y, classes, folds)
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
    x: Array, y: Array, classes: int, kinds: Sequence[Kind], folds: Sequence[tuple[Array, Array]], seed: int,
    threads: int | None, stop: Event, told: Callable[[], object] | None,
) -> list[_Grown]:  # fmt: skip
    """Train a network of each kind on all folds but one, for each fold that is left out."""
    outputs = classes or 1
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
        fitted = fit(
            network, Rows(given[learn], targets[learn]), kind.recipe(own), epochs=kind.epochs,
            validation=Rows(given[held], y[held] if classes else targets[held]),
            callbacks=[EarlyStopping("validation_loss", kind.epochs // 3, tol=0.0)], stop=stop,
            scorer=lambda _: 0.0,  # the loss is enough; R² would cost as much as the training
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
        for (_, rows), (_, yhat) in zip(folds, of_kind, strict=True):
            held[rows] = yhat
        found.append(_Grown(str(kind), prepared[number][0], tuple(network for network, _ in of_kind), held))
    return found
