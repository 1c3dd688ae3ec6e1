"""From a table to the arrays a network takes, and back: standardised inputs, encoded categories and labels.

What is learnt from the training rows is held in frozen records, which a model file keeps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import numbers
from chainrule.train.engine import Rows

if TYPE_CHECKING:
    import pyarrow as pa

Task = Literal["classification", "regression"]
MOST_CATEGORIES = 1000  # of one column: more are names or keys, not categories
MOST_WHOLE_CLASSES = 20  # distinct whole numbers that a target may have and still be taken as class labels


@dataclass(frozen=True)
class Column:
    """One input column: a number to standardise, or categories to encode as one input each."""

    name: str
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = ()

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs it gives."""
        return [f"{self.name}={c}" for c in self.categories] or [self.name]


@dataclass(frozen=True)
class Inputs:
    """The input columns, in order."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Names of the network's inputs x_1, x_2, …"""
        return [name for column in self.columns for name in column.inputs]

    def apply(self, table: pa.Table) -> Array:
        """The inputs X (n, d). Other columns of the table are left alone.

        Raises:
            InputError: a column is missing, holds another type, a missing value or an unknown category.
        """
        require(table, [column.name for column in self.columns])
        parts = [_apply_column(table, column) for column in self.columns]
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class Target:
    """The target column: class labels, or a number that may be standardised."""

    name: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0

    @property
    def task(self) -> Task:
        """Classification where there are classes."""
        return "classification" if self.classes else "regression"

    @property
    def outputs(self) -> int:
        """Outputs that a network for it has."""
        return len(self.classes) or 1

    def apply(self, table: pa.Table) -> Array:
        """Class numbers (n,), or standardised numbers (n, 1).

        Raises:
            InputError: the column is missing, or holds a value that is not one of the classes.
        """
        require(table, [self.name])
        if self.classes:
            return _places(texts(table, self.name), self.classes, f"target {self.name}", "one of the classes")
        return (column_numbers(table, self.name)[:, None] - self.mean) / self.scale

    def restore(self, yhat: Array) -> Array:
        """Predictions in the target's own unit from the network's outputs (n, 1)."""
        own: Array = yhat[:, 0] * self.scale + self.mean
        return own


def balanced(counts: Array) -> Array:
    """Weights of classes with these counts of rows, n / (classes * count): all that have rows count the same."""
    weights: Array = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return weights


def in_order(labels: set[str]) -> list[str]:
    """Labels in order: numbers by size, other labels by letters."""
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)


def require(table: pa.Table, names: Sequence[str], rows: bool = True) -> None:
    """Raise an InputError unless the table has these columns, each once, and (``rows``) at least one row."""
    counts = Counter(table.column_names)
    for name in names:
        if counts[name] != 1:
            shown = ", ".join(list(counts)[:12]) + (", …" if len(counts) > 12 else "")
            raise InputError(f"column {name!r}", f"one of: {shown}", "it twice" if counts[name] else "no such column")
    if rows and table.num_rows == 0:
        raise InputError("data", "at least one row", "none")


def column_numbers(table: pa.Table, name: str) -> Array:
    """A column as float64, finite.

    Raises:
        InputError: text, a missing value, NaN or infinity; the row is named, counted from 1.
    """
    import pyarrow as pa

    column = filled(table, name)
    if not is_number(column.type):
        raise InputError(f"column {name!r}", "numbers", f"{column.type} such as {column[0].as_py()!r}")
    values = column.cast(pa.float64(), safe=False).to_numpy()
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise InputError(f"column {name!r}", "finite numbers", f"{values[row]} in row {row + 1}")
    return numbers(f"column {name!r}", values)


def texts(table: pa.Table, name: str) -> list[str]:
    """A column as labels: text as it is, numbers and truth values as they print."""
    values = filled(table, name).to_pylist()
    return [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in values]


def filled(table: pa.Table, name: str) -> Any:
    """The column, which has a value in every row.

    Raises:
        InputError: a missing value; the row is named, counted from 1.
    """
    import pyarrow.compute as pc

    column = table.column(name)
    if column.null_count:
        row = pc.index(column.is_null(), True).as_py() + 1
        raise InputError(f"column {name!r}", "a value in every row", f"none in row {row}")
    return column


def is_number(kind: Any) -> bool:
    """Whether a column's type is a number or a truth value."""
    import pyarrow as pa

    t = pa.types
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_decimal(kind))


def is_text(kind: Any) -> bool:
    """Whether a column's type is text, also as a dictionary."""
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def rows_of(table: pa.Table, inputs: Inputs, target: Target, dtype: Any) -> Rows:
    """A table's rows as a network takes them: class numbers (n,), or targets (n, 1)."""
    if not table.num_rows:
        return no_rows(inputs, target, dtype)
    y = target.apply(table)
    return Rows(np.ascontiguousarray(inputs.apply(table), dtype), y if target.classes else y.astype(dtype))


def no_rows(inputs: Inputs, target: Target, dtype: Any) -> Rows:
    """None, in the shapes of ``rows_of``."""
    y = np.zeros(0, np.int64) if target.classes else np.zeros((0, 1), dtype)
    return Rows(np.zeros((0, len(inputs.names)), dtype), y)


def _apply_column(table: pa.Table, column: Column) -> Array:
    if not column.categories:
        return (column_numbers(table, column.name)[:, None] - column.mean) / column.scale
    encoded = np.zeros((table.num_rows, len(column.categories)))
    places = _places(texts(table, column.name), column.categories, f"column {column.name!r}", "one of")
    encoded[np.arange(table.num_rows), places] = 1.0
    return encoded


def _places(labels: list[str], known: tuple[str, ...], quantity: str, one_of: str) -> Array:
    """The place of each label (n,) among those that are known, from 0; InputError for another, with its row."""
    order = {label: i for i, label in enumerate(known)}
    for row, label in enumerate(labels, 1):
        if label not in order:
            raise InputError(quantity, f"{one_of} {', '.join(known[:10])}", f"{label!r} in row {row}")
    return np.array([order[label] for label in labels], dtype=np.int64)
