"""Lazy predictions: a Dask collection is predicted partition by partition, by the fitted estimator of one machine."""

from __future__ import annotations

import warnings
from functools import reduce
from typing import Any, ClassVar
from uuid import uuid4

import dask
import dask.array as da
import numpy as np
from sklearn.base import is_classifier

from chainrule.distributed.exact import PartScore
from chainrule.distributed.partitions import RawPart, dense, in_order, partitions
from chainrule.distributed.summary import add
from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.moments import Moments

#: what a worker needs not
_LEFT = ("client", "checkpoint", "callbacks", "history_", "health_")


class LazyPredictions:
    """What an estimator of a cluster predicts; to be mixed in before ``_one_machine``, the class for one machine."""

    _one_machine: ClassVar[Any]

    def _lazily(self, X: Any, function: str, like: Array) -> Any:
        """A prediction of a Dask collection, partition by partition, nothing computed yet; of arrays, at once.

        That of an array is an array; that of a dataframe a series, or a dataframe with a column for each output, with
        its index.
        """
        est: Any = self
        plain = getattr(super(), function)
        if isinstance(X, da.Array):
            if X.ndim != 2 or X.shape[1] != est.n_features_in_:
                raise InputError("X", f"shape (n, {est.n_features_in_})", f"shape {X.shape}")
            whole = X.rechunk({1: -1})
            sizes = {"drop_axis": 1} if like.ndim == 1 else {"chunks": (whole.chunks[0], (like.shape[1],))}
            given = {"one": self._frozen(), "function": function}
            return whole.map_blocks(_predict_block, **given, dtype=like.dtype, meta=like, **sizes)
        if hasattr(X, "map_partitions"):
            import pandas as pd  # type: ignore[import-untyped]

            columns = est.classes_ if like.ndim > 1 and hasattr(est, "classes_") else None
            meta = pd.DataFrame(like, columns=columns) if like.ndim > 1 else pd.Series(like)
            names = tuple(map(str, X.columns))
            return X.map_partitions(_predict_frame, self._frozen(), function, names, columns, meta=meta)
        return plain(X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Mean accuracy of classes, R^2 of numbers (its mean over outputs); of a Dask collection by partitions."""
        if not hasattr(X, "dask"):
            return float(super().score(X, y, sample_weight))  # type: ignore[misc]
        work, frozen = dask.delayed(_score_block, pure=True), self._frozen()
        parts = partitions(X, y, sample_weight).parts
        found: PartScore = reduce(add, dask.compute(*(work(part, frozen) for part in parts)))
        return found.accuracy if is_classifier(self) else found.r2

    def _frozen(self) -> Any:
        """The fitted estimator of one machine, as one task: a worker fetches it once, whatever its partitions."""
        one = self._one_machine()
        one.__dict__.update({k: v for k, v in self.__dict__.items() if k not in _LEFT})
        return dask.delayed(one, name=f"model-{uuid4().hex}", traverse=False)


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


def _predict_frame(frame: Any, one: Any, function: str, names: tuple[str, ...], columns: Any) -> Any:
    """One partition's predictions with its index, on a worker."""
    import pandas as pd

    frame = in_order("a partition", frame, names)
    found = _predict_block(frame, one, function)
    if found.ndim > 1:
        return pd.DataFrame(found, index=frame.index, columns=columns)
    return pd.Series(found, index=frame.index)


def _predict_block(block: Any, one: Any, function: str) -> Array:
    """One partition's predictions, on a worker."""
    if not hasattr(block, "columns"):
        block = dense("X", block)
    if not len(block):
        return np.asarray(getattr(one, function)(np.zeros((1, one.n_features_in_))))[:0]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X (does not|has feature names)", UserWarning)
        found: Array = np.asarray(getattr(one, function)(block))
    return found
