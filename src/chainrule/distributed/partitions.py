"""A Dask collection as partitions: on a worker each becomes arrays, checked, under its own number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dask
import dask.array as da
import numpy as np

from chainrule.distributed.graphs import Layer
from chainrule.distributed.sizes import sized
from chainrule.errors import InputError
from chainrule.network.arrays import Array

_NONE = ("NAType", "NaTType")  # what a dataframe has for no value; comparing it gives no truth value
PIECES = 8  # partitions of an array that comes whole


@sized
@dataclass(frozen=True, eq=False)
class RawPart:
    """A partition as it was given.

    Attributes:
        number: from 1. name: for messages.
        x: (n, d) float32 or float64. y: (n,) or (n, k), of any type. weight: (n,) float64, or None.
    """

    number: int
    name: str
    x: Array
    y: Array
    weight: Array | None


@dataclass(frozen=True, eq=False)
class Partitions:
    """All partitions of X, y and the weights, each a task that gives a ``RawPart``.

    Attributes:
        parts: Dask's ``Delayed`` objects.
        names: of the columns of a dataframe, or None.
        width: d. dtype: float32 where X is float32 throughout.
    """

    parts: tuple[Any, ...]
    names: tuple[str, ...] | None
    width: int
    dtype: np.dtype[Any]

    def __len__(self) -> int:
        return len(self.parts)


def name_of(number: int, count: int) -> str:
    """A partition's name in messages."""
    return f"partition {number} of {count}"


def partitions(X: Any, y: Any, weight: Any = None, what: str = "") -> Partitions:
    """The partitions of Dask arrays and dataframes, or of arrays that are divided here.

    Args:
        X: (n, d). y: (n,) or (n, k), or a series. weight: (n,) or None.
        what: stands before names in messages, as in ``validation X``.

    Raises:
        InputError: collections of other shapes, or that are divided in other ways.
    """
    X, y, weight = _one_frame(X, y, weight, what)
    names, width, dtype, xs, sizes = _inputs(X, what)
    ys = _column(f"{what}y", y, len(xs), sizes)
    ws = [None] * len(xs) if weight is None else _column(f"{what}sample_weight", weight, len(xs), sizes)
    layer = Layer(f"read-partition-{dask.base.tokenize(what, *xs, *ys, *ws)}")
    for i, (a, b, c) in enumerate(zip(xs, ys, ws, strict=True), 1):
        layer.add(f"{layer.name}-{i}", read_part, i, what + name_of(i, len(xs)), a, b, c, dtype, names)
    parts = layer.tasks()
    return Partitions(parts, names, width, dtype)


@dataclass(frozen=True)
class Columns:
    """Columns of X's own partitions that stand for y or the weights; ``single``: as (n,)."""

    names: tuple[str, ...]
    single: bool


@dataclass(frozen=True, eq=False)
class _Joined:
    """A dataframe with y and the weights as further columns; ``inputs`` are those of X."""

    frame: Any
    inputs: tuple[Any, ...]


def _one_frame(X: Any, y: Any, weight: Any, what: str) -> tuple[Any, Any, Any]:
    """Dataframes that belong together as one: read apart, Dask may divide each in its own way.

    Raises:
        InputError: they are divided in different ways.
    """
    if not _is_frame(X) or X.ndim != 2:
        return X, y, weight
    inputs, joined, others = tuple(X.columns), X, [y, weight]
    twice = [name for name in map(str, inputs) if list(map(str, inputs)).count(name) > 1]
    if twice:
        raise InputError(f"{what}X", "columns of different names", f"{twice[0]!r} twice")
    for place, (given, label) in enumerate(((y, "y"), (weight, "sample_weight"))):
        if not _is_frame(given):
            continue
        series = [given[c] for c in given.columns] if given.ndim == 2 else [given]
        own = tuple(f"chainrule {label} {i}" for i in range(len(series)))
        try:
            joined = joined.assign(**dict(zip(own, series, strict=True)))
        except (ValueError, NotImplementedError) as error:
            raise InputError(f"{what}{label}", "divided as X is", str(error).splitlines()[0]) from None
        others[place] = Columns(own, len(series) == 1)
    return (_Joined(joined, inputs) if joined is not X else X), *others


def _inputs(X: Any, what: str) -> tuple[tuple[str, ...] | None, int, Any, list[Any], tuple[Any, ...] | None]:
    """Columns' names, their number, the type, a task a partition, rows of each where they are known."""
    if isinstance(X, _Joined):
        kinds = [X.frame.dtypes[c] for c in X.inputs]
        dtype = np.dtype(np.float32 if all(kind == np.float32 for kind in kinds) else np.float64)
        return tuple(map(str, X.inputs)), len(X.inputs), dtype, list(X.frame.to_delayed()), None
    if _is_frame(X):
        if X.ndim != 2:
            raise InputError(f"{what}X", "a dataframe, or an array of two dimensions", "a series")
        names = tuple(map(str, X.columns))
        dtype = np.dtype(np.float32 if all(kind == np.float32 for kind in X.dtypes) else np.float64)
        return names, len(names), dtype, list(X.to_delayed()), None
    if not isinstance(X, da.Array):
        X = np.asarray(X)
        if X.ndim == 2 and len(X):
            X = da.from_array(X, chunks=(max(1, -(-len(X) // PIECES)), X.shape[1]))
    if X.ndim != 2 or not X.shape[1]:
        raise InputError(f"{what}X", "shape (n, d), d at least 1", f"shape {X.shape}")
    if not len(X.chunks[0]) or not isinstance(X, da.Array):
        raise InputError(f"{what}X", "at least one row", "none")
    if X.dtype.kind not in "fiub":
        raise InputError(f"{what}X", "numbers", str(X.dtype))
    if len(X.chunks[1]) > 1:
        X = X.rechunk({1: -1})
    dtype = np.dtype(np.float32 if X.dtype == np.float32 else np.float64)
    return None, int(X.shape[1]), dtype, list(X.to_delayed().ravel()), _known(X.chunks[0])


def _column(what: str, given: Any, count: int, sizes: tuple[Any, ...] | None) -> list[Any]:
    """A task a partition, of the same rows as those of X as far as can be told without reading them."""
    if isinstance(given, Columns):
        return [given] * count
    if _is_frame(given):
        tasks = list(given.to_delayed())
    else:
        if not isinstance(given, da.Array):
            given = np.asarray(given)
            if sizes is None:
                raise InputError(what, "a Dask collection, as X is one", "an array")
            if given.ndim not in (1, 2) or len(given) != sum(sizes):
                raise InputError(what, f"{sum(sizes)} rows, as X", f"shape {given.shape}")
            given = da.from_array(given, chunks=(sizes, *given.shape[1:]))
        if given.ndim not in (1, 2):
            raise InputError(what, "shape (n,) or (n, k)", f"shape {given.shape}")
        own = _known(given.chunks[0])
        if sizes is not None and own is not None and own != sizes:
            if sum(own) != sum(sizes):
                raise InputError(what, f"{sum(sizes)} rows, as X", str(sum(own)))
            given = given.rechunk({0: sizes})
        if given.ndim == 2 and len(given.chunks[1]) > 1:
            given = given.rechunk({1: -1})
        tasks = list(given.to_delayed().ravel())
    if len(tasks) != count:
        raise InputError(what, f"{count} partitions, as X", str(len(tasks)))
    return tasks


def _known(sizes: tuple[Any, ...]) -> tuple[Any, ...] | None:
    return None if any(np.isnan(size) for size in sizes) else sizes


def _is_frame(given: Any) -> bool:
    """Whether it is a Dask dataframe or series, without loading what knows them."""
    return hasattr(given, "to_delayed") and hasattr(given, "npartitions") and not isinstance(given, da.Array)


def read_part(
    number: int, name: str, x: Any, y: Any, weight: Any, dtype: Any, names: tuple[str, ...] | None
) -> RawPart:
    """A partition as arrays.

    Args:
        names: of the columns of a dataframe, in the order of the whole.

    Raises:
        InputError: naming the partition, and the column and the row (counted from 1 within it) that do not fit.
    """
    whole, taken = x, [c for c in (y, weight) if isinstance(c, Columns)]
    y, weight = (_taken(whole, c) if isinstance(c, Columns) else c for c in (y, weight))
    if taken:
        x = whole.drop(columns=[column for c in taken for column in c.names])
    values = _matrix(name, x, dtype, names)
    answers = _plain(name, dense(f"{name}: y", y))
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    if len(answers) != len(values):
        raise InputError(f"{name}: y", f"{len(values)} rows, as X", str(len(answers)))
    if answers.dtype.kind == "f" and not np.isfinite(answers).all():
        raise InputError(f"{name}: y", "finite numbers", _bad(answers))
    given = None if weight is None else _weights(name, weight)
    if given is not None:
        if len(given) != len(values):
            raise InputError(f"{name}: sample_weight", f"{len(values)} rows, as X", str(len(given)))
        if not (np.isfinite(given).all() and (given >= 0).all()):
            bad = int(np.argmin(np.isfinite(given) & (given >= 0)))
            raise InputError(f"{name}: sample_weight", "numbers from 0 up", f"{given[bad]} in row {bad + 1}")
    return RawPart(number, name, values, answers, given)


def in_order(name: str, x: Any, names: tuple[str, ...] | None) -> Any:
    """A partition of a dataframe with its columns in the order of the whole.

    Raises:
        InputError: a column too many, or one that is missing.
    """
    own = [str(column) for column in x.columns]
    if names is None or own == list(names):
        return x
    if sorted(own) != sorted(names):
        wrong = next((c for c in names if c not in own), None)
        more = next((c for c in own if c not in names or own.count(c) > 1), "")
        got = f"no column {wrong!r}" if wrong is not None else f"the column {more!r} beside them"
        raise InputError(f"{name}: X", f"the columns {', '.join(names[:12])}", got)
    return x.iloc[:, [own.index(column) for column in names]]


def _numbers(what: str, frame: Any, place: int) -> Any:
    """The frame, its column at a place being numbers; categories that are numbers, as of folders' names, become them.

    Raises:
        InputError: something else.
    """
    column = frame.iloc[:, place]
    kind = column.dtype
    if getattr(kind, "kind", "O") in "fiub":
        return frame
    if hasattr(kind, "categories") and kind.categories.dtype.kind in "fiub":
        label = frame.columns[place]
        return frame.assign(**{label: column.astype(np.float64)}) if isinstance(label, str) else frame
    if len(column) and column.isna().all():
        raise InputError(what, "numbers", "no value in any row")
    raise InputError(what, "numbers", str(kind))


def dense(what: str, values: Any) -> Array:
    """A block as an array.

    Raises:
        InputError: one with a mask, or a sparse one.
    """
    if np.ma.isMaskedArray(values):
        raise InputError(what, "values in every place", "an array with a mask (fill it, or leave such rows out)")
    if not isinstance(values, np.ndarray) and (hasattr(values, "todense") or hasattr(values, "nnz")):
        raise InputError(what, "dense arrays", f"a sparse {type(values).__name__} (make it dense block by block)")
    return np.asarray(values)


def _plain(name: str, y: Array) -> Array:
    """Answers of a plain type: text, numbers or truth values, where a dataframe may give objects."""
    if y.dtype.kind != "O":
        return y
    flat = y.ravel().tolist()
    lacking = (value is None or type(value).__name__ in _NONE or value != value for value in flat)
    missing = next((i for i, lacks in enumerate(lacking) if lacks), None)
    if missing is not None:
        raise InputError(f"{name}: y", "a value in every row", f"none in row {missing // max(1, y[:1].size) + 1}")
    if all(isinstance(value, str) for value in flat):
        return y.astype(str)
    found = np.asarray(flat).reshape(y.shape)
    if found.dtype.kind not in "fiub":
        raise InputError(f"{name}: y", "text throughout, or numbers throughout", "both, or something else")
    return found


def _weights(name: str, weight: Any) -> Array:
    weight = dense(f"{name}: sample_weight", weight)
    try:
        return np.asarray(weight, dtype=float).reshape(-1)
    except (TypeError, ValueError):
        raise InputError(f"{name}: sample_weight", "numbers", str(getattr(weight, "dtype", "something else"))) from None


def _taken(frame: Any, columns: Columns) -> Any:
    return frame[columns.names[0]] if columns.single else frame[list(columns.names)]


def _matrix(name: str, x: Any, dtype: Any, names: tuple[str, ...] | None) -> Array:
    """The inputs of one partition (n, d).

    Args:
        names: of the columns, in the order in which they are wanted; None: as they are.

    Raises:
        InputError: naming the partition, and what does not fit.
    """
    columns: Sequence[str] | None = None
    if hasattr(x, "columns"):
        x = in_order(name, x, names)
        columns = [str(column) for column in x.columns]
        for place, column in enumerate(columns):
            x = _numbers(f"{name}: column {column!r}", x, place)
    x = x if columns else dense(f"{name}: X", x)
    try:
        given = x.to_numpy(dtype=dtype, na_value=np.nan) if columns else x
        values: Array = np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError):
        raise InputError(f"{name}: X", "numbers", str(getattr(x, "dtype", type(x).__name__))) from None
    if names is not None and values.shape[1:] != (len(names),):
        raise InputError(f"{name}: X", f"{len(names)} columns", f"shape {values.shape}")
    if not np.isfinite(values).all():
        row, j = map(int, np.argwhere(~np.isfinite(values))[0])
        where = f"column {columns[j]!r}" if columns else f"X, column {j + 1}"
        raise InputError(f"{name}: {where}", "finite numbers", f"{values[row, j]} in row {row + 1}")
    return values


def _bad(values: Array) -> str:
    row, column = map(int, np.argwhere(~np.isfinite(values.reshape(len(values), -1)))[0])
    where = f", column {column + 1}" if values.ndim == 2 else ""
    return f"{values.reshape(len(values), -1)[row, column]} in row {row + 1}{where}"
