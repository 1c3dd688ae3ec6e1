"""What is learnt of a column in one pass, in memory or in parts: a summary of some rows, and added up, of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables import columns as c

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "truth", "whole", "number"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations by column. Added by Chan, Golub & LeVeque 1983, eq. 2.1."""

    count: float
    mean: Array
    spread: Array

    @classmethod
    def of(cls, values: Array, weight: Array | None = None) -> Moments:
        """Of values (n, d), each row with its weight."""
        wide = values.astype(np.float64)
        count = float(len(wide) if weight is None else weight.sum())
        if not count:
            return cls(0.0, np.zeros(wide.shape[1]), np.zeros(wide.shape[1]))
        if weight is None:
            mean = wide.mean(axis=0)
            return cls(count, mean, ((wide - mean) ** 2).sum(axis=0))
        mean = weight @ wide / count
        return cls(count, mean, weight @ (wide - mean) ** 2)

    def __add__(self, other: Moments) -> Moments:
        count = self.count + other.count
        if not self.count or not other.count:
            return other if not self.count else self
        step = other.mean - self.mean
        spread = self.spread + other.spread + step**2 * (self.count * other.count / count)
        return Moments(count, self.mean + step * (other.count / count), spread)

    def scale(self) -> Array:
        """Standard deviation of each column; 1 for a constant one."""
        deviation = np.sqrt(self.spread / max(self.count, 1e-300))
        found: Array = np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(self.mean)), deviation, 1.0)
        return found


@dataclass(frozen=True, eq=False)
class ColumnSummary:
    """What must be known of one column before training: that of some rows, and added up, that of all.

    Attributes:
        rows: how many there are.
        kind: ``text`` has labels only, and so have other types of a target; a target of truth values or of whole
            numbers may be labels or numbers.
        moments: of the numbers of the rows to learn from.
        labels: of text and of a target: each value as text, with a target's rows to learn from. With more than
            ``MOST_CATEGORIES`` some are left out.
        low, high: least and greatest number of all rows.
    """

    name: str
    rows: int
    kind: Kind
    moments: Moments
    labels: dict[str, int]
    low: float = np.inf
    high: float = -np.inf

    @classmethod
    def of(cls, name: str, column: Any, learnt: Array, is_target: bool = False) -> ColumnSummary:
        """Of a column, Arrow's or an array.

        Args:
            learnt: true for the rows to learn from; of an input, also their numbers from 0.

        Raises:
            InputError: values of another type; a missing or infinite one, whose row is named.
        """
        import pyarrow as pa

        table = pa.table({name: pa.chunked_array([column]) if isinstance(column, np.ndarray) else column})
        kind = _kind(name, table.column(0).type, is_target)
        labels = _labels(table, name, learnt if is_target else None) if kind == "text" or is_target else {}
        if kind == "text":
            return cls(name, table.num_rows, kind, Moments.of(np.zeros((0, 1))), labels)
        values = c.column_numbers(table, name)
        ends = (float(values.min()), float(values.max())) if len(values) else (np.inf, -np.inf)
        return cls(name, table.num_rows, kind, Moments.of(values[learnt, None]), labels, *ends)

    def __add__(self, other: ColumnSummary) -> ColumnSummary:
        if not self.rows or not other.rows:
            return self if self.rows else other
        kinds = {self.kind, other.kind}
        if len(kinds) > 1 and kinds != {"whole", "number"}:
            raise InputError(f"column {self.name!r}", "text throughout, or numbers", "text in some parts of the table")
        labels = self.labels
        if len(labels) <= c.MOST_CATEGORIES:
            labels = labels | {label: labels.get(label, 0) + rows for label, rows in other.labels.items()}
        return ColumnSummary(
            self.name, self.rows + other.rows, self.kind if len(kinds) == 1 else "number",
            self.moments + other.moments, labels, min(self.low, other.low), max(self.high, other.high),
        )  # fmt: skip

    def column(self) -> c.Column:
        """As an input: a number with mean and scale of the rows to learn from, or the categories of all rows."""
        if self.kind != "text":
            return number_columns((self.name,), self.moments)[0]
        if len(self.labels) > c.MOST_CATEGORIES:
            raise InputError(f"column {self.name!r}", f"at most {c.MOST_CATEGORIES} categories", "more")
        return c.Column(self.name, categories=tuple(c.in_order(set(self.labels))))

    def target(self, task: c.Task | None) -> c.Target:
        """As the target: the classes of all rows, or a number with mean and scale of the rows to learn from.

        Args:
            task: None decides by the column: text, truth values, and whole numbers of at most
                ``MOST_WHOLE_CLASSES`` different values are classes.

        Raises:
            InputError: one class only, or too many; numbers asked of text.
        """
        few = self.kind in ("text", "truth") or (self.kind == "whole" and len(self.labels) <= c.MOST_WHOLE_CLASSES)
        if (task or ("classification" if few else "regression")) == "regression":
            if self.kind == "text":
                raise InputError(f"target {self.name}", "numbers", f"text such as {next(iter(self.labels), '')!r}")
            column = number_columns((self.name,), self.moments)[0]
            return c.Target(self.name, (), column.mean, column.scale)
        found = c.in_order(set(self.labels))
        if len(found) < 2:
            raise InputError(f"target {self.name}", "at least two classes", f"{len(found)}: {', '.join(found)}")
        if len(found) > c.MOST_CATEGORIES:
            raise InputError(f"target {self.name}", f"at most {c.MOST_CATEGORIES} classes", "more")
        return c.Target(self.name, tuple(found))


def fit_inputs(table: pa.Table, names: Sequence[str], train: Array) -> c.Inputs:
    """The named columns: categories of the whole table, means and scales of its training rows alone.

    Args:
        train: numbers of those rows, from 0.

    Raises:
        InputError: a column that cannot be an input; a bad value in any row, which is named.
    """
    if not names:
        raise InputError("data", "at least one column beside the target", "none")
    c.require(table, names)
    return c.Inputs(tuple(ColumnSummary.of(name, table.column(name), train).column() for name in names))


def fit_target(table: pa.Table, name: str, task: c.Task | None) -> c.Target:
    """The target column as classes or numbers, these not standardised.

    Raises:
        InputError: no such column, one class only, numbers asked of text.
    """
    c.require(table, [name])
    if task == "regression":
        c.column_numbers(table, name)  # of text, this names a value and its type
    found = ColumnSummary.of(name, table.column(name), np.full(table.num_rows, True), True).target(task)
    return c.Target(name, found.classes)


def number_columns(names: Sequence[str], moments: Moments) -> list[c.Column]:
    """Columns of numbers, each with its mean and its standard deviation; 1 for a constant."""
    learnt = zip(names, moments.mean.tolist(), moments.scale().tolist(), strict=True)
    return [c.Column(name, mean, scale) for name, mean, scale in learnt]


def _kind(name: str, kind: Any, is_target: bool) -> Kind:
    """What an Arrow type is to training; a truth value or a whole number among the inputs is a number."""
    import pyarrow as pa

    if c.is_text(kind) or (is_target and not c.is_number(kind) and not pa.types.is_nested(kind)):
        return "text"
    if not c.is_number(kind):
        raise InputError(f"column {name!r}", "numbers, truth values or text", str(kind))
    if is_target and pa.types.is_boolean(kind):
        return "truth"
    return "whole" if is_target and pa.types.is_integer(kind) else "number"


def _labels(table: pa.Table, name: str, learnt: Array | None) -> dict[str, int]:
    """The values of a column as text, with the rows to learn from that have each; too many are not counted."""
    import pyarrow as pa

    column = c.filled(table, name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    different = column.unique()[: c.MOST_CATEGORIES + 2]  # 0 and -0 are one label
    labels = dict.fromkeys(c.texts(pa.table({name: different}), name), 0)
    if learnt is not None and len(labels) <= c.MOST_CATEGORIES:
        counted = column.filter(pa.array(learnt)).value_counts()
        values, counts = pa.table({name: counted.field("values")}), counted.field("counts").to_pylist()
        for label, count in zip(c.texts(values, name), counts, strict=True):
            labels[label] += count
    return labels
