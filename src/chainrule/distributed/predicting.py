"""Lazy predictions: a Dask collection is predicted partition by partition, by the fitted estimator of one machine."""

from __future__ import annotations

import warnings
from functools import reduce
from typing import Any

import dask
import dask.array as da
import numpy as np

from chainrule.distributed.exact import PartScore
from chainrule.distributed.partitions import RawPart, partitions
from chainrule.distributed.summary import add
from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.summary import Moments

#: what a worker needs not
_LEFT = ("client", "checkpoint", "callbacks", "history_", "health_")


class LazyPredictions:
    """What an estimator of a cluster predicts; to be mixed in before an estimator of one machine."""

    def _one_machine(self) -> Any:
        """An unfitted estimator of one machine."""
        raise NotImplementedError

    def _lazily(self, X: Any, function: str, like: Array) -> Any:
        """A prediction of a Dask collection, partition by partition, nothing computed yet; of arrays, at once."""
        est: Any = self
        plain = getattr(super(), function)
        if isinstance(X, da.Array):
            if X.ndim != 2 or X.shape[1] != est.n_features_in_:
                raise InputError("X", f"shape (n, {est.n_features_in_})", f"shape {X.shape}")
            whole = X.rechunk({1: -1})
            one = like.ndim == 1
            sizes = {"drop_axis": 1} if one else {"chunks": (whole.chunks[0], (like.shape[1],))}
            return whole.map_blocks(_predict_block, est._frozen(), function, dtype=like.dtype, meta=like, **sizes)
        if hasattr(X, "map_partitions"):
            return da.concatenate(
                [da.from_delayed(part, (np.nan, *like.shape[1:]), meta=like) for part in self._tasks(X, function)]
            )
        return plain(X)

    def _scored(self, X: Any, y: Any, weight: Any) -> PartScore:
        """How the predictions of a Dask collection meet its answers, computed partition by partition."""
        work, frozen = dask.delayed(_score_block, pure=True), self._frozen()
        parts: tuple[PartScore, ...] = dask.compute(*(work(p, frozen) for p in partitions(X, y, weight).parts))
        return reduce(add, parts)

    def _tasks(self, X: Any, function: str) -> list[Any]:
        work = dask.delayed(_predict_block, pure=True)
        frozen = self._frozen()
        return [work(part, frozen, function) for part in X.to_delayed()]

    def _frozen(self) -> Any:
        """The fitted estimator of one machine, for workers."""
        est: Any = self
        one = est._one_machine()
        kept = {k: v for k, v in est.__dict__.items() if k not in _LEFT}
        one.__dict__.update(kept)
        return one


def _score_block(part: RawPart, one: Any) -> PartScore:
    """How one partition's predictions meet its answers, on a worker."""
    weight = np.ones(len(part.x)) if part.weight is None else part.weight
    y = part.y if part.y.ndim == 2 else part.y[:, None]
    guess = _predict_block(part.x, one, "predict")
    guess = guess if guess.ndim == 2 else guess[:, None]
    if guess.shape[1] != y.shape[1]:
        raise InputError(f"{part.name}: y", f"{guess.shape[1]} columns", str(y.shape[1]))
    if hasattr(one, "classes_"):
        right, nothing = float(weight @ (guess == y).all(axis=1)), np.zeros(y.shape)
        return PartScore(0.0, float(weight.sum()), right, nothing.sum(axis=0), Moments.of(nothing, weight))
    return PartScore(0.0, float(weight.sum()), 0.0, weight @ (guess - y) ** 2, Moments.of(y, weight))


def _predict_block(block: Any, one: Any, function: str) -> Array:
    """One partition's predictions, on a worker."""
    if not len(block):
        shape = one.n_features_in_
        return np.asarray(getattr(one, function)(np.zeros((1, shape))))[:0]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X (does not|has feature names)", UserWarning)
        found: Array = np.asarray(getattr(one, function)(block))
    return found
