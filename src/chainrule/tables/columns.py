"""From a table to the arrays a network takes, and back: standardised inputs, encoded categories and labels.

What is learnt from the training rows is held in frozen records, which a model file keeps. A column is read later as it
was when it was learnt: text stays text where another file has ``1`` for ``01``, and 12% is a number if it was one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.cells import Kind, is_duration, plain, printed, words_of
from chainrule.tables.dates import PARTS, turned
from chainrule.tables.reading import names_shown
from chainrule.tables.text_dates import DateForm
from chainrule.tables.text_numbers import Form
from chainrule.tables.unusual import Taken, Unusual, summed
from chainrule.tables.values import as_labels, by_value, check_filled, date_parts, number_cells, places_of
from chainrule.train.engine import Rows

if TYPE_CHECKING:
    import pyarrow as pa

Task = Literal["classification", "regression"]
Missing = Literal["impute", "refuse"]
ROWS_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class InputOrigin:
    """What an input of the network is: a column, and what of it; ``part`` is empty for a number as it is."""

    column: str
    part: str = ""


@dataclass(frozen=True)
class Column:
    """One input column: a number to standardise, categories to encode as one input each, or a date by its parts.

    Attributes:
        mean, scale: of the numbers over ``2**exponent``; of a date those of its year.
        categories: of text. shares: of each among the rows to learn from; an unseen category, which is none of them,
            takes these in their places. Without shares it is refused.
        exponent: 0 but for numbers near the ends of float64.
        parts: of a date, those that differ between the rows to learn from.
        gaps: whether cells were missing where it was learnt: one more input says where.
        form: how text is its numbers; None: as any program writes numbers.
        dates: how text is its dates; None: in ISO 8601.
        truth: whether it was truth values: text such as ``True`` is one too.
        duration: whether it was durations, in seconds: plain numbers are refused, as their unit is not known.
    """

    name: str
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    exponent: int = 0
    parts: tuple[str, ...] = ()
    gaps: bool = False
    form: Form | None = None
    dates: DateForm | None = None
    truth: bool = False
    duration: bool = False

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs it gives."""
        mark = [f"{self.name} missing"] if self.gaps else []
        if self.categories:
            return [*(f"{self.name}={c}" for c in self.categories), *mark]
        if self.parts:
            return [*(f"{self.name} {part}" for part in _date_inputs(self.parts)), *mark]
        return [self.name, *mark]

    @property
    def units(self) -> list[float]:
        """What 1 of each of its inputs is in its own unit: of a number, and of the year of a date; else 1."""
        if self.categories:
            found = [1.0] * len(self.categories)
        elif self.parts:
            found = [self.scale if part == "year" else 1.0 for part in _date_inputs(self.parts)]
        else:
            found = [float(np.ldexp(self.scale, self.exponent))]
        return [*found, *([1.0] if self.gaps else [])]

    @property
    def origins(self) -> list[InputOrigin]:
        """What each of its inputs is."""
        parts = list(self.categories) or _date_inputs(self.parts) or [""]
        return [InputOrigin(self.name, part) for part in [*parts, *(["missing"] if self.gaps else [])]]


@dataclass(frozen=True)
class Inputs:
    """The input columns, in order; ``missing``: what becomes of a missing cell, the mean or an error."""

    columns: tuple[Column, ...]
    missing: Missing = "refuse"

    @property
    def names(self) -> list[str]:
        """Names of the network's inputs x_1, x_2, …"""
        return [name for column in self.columns for name in column.inputs]

    @property
    def origins(self) -> list[InputOrigin]:
        """What the network's inputs x_1, x_2, … are."""
        return [origin for column in self.columns for origin in column.origins]

    def apply(self, table: pa.Table, dtype: Any = np.float64) -> Array:
        """The inputs X (n, d). Other columns of the table are left alone.

        Raises:
            InputError: a column is missing or of another kind; a value that is none of the categories where those
                must be; a missing one where it is refused.
        """
        return self.taken(table, dtype).x

    def taken(self, table: pa.Table, dtype: Any = np.float64) -> Taken:
        """The inputs, and what of their cells was not as it was learnt; raises as ``apply``."""
        places = require(table, [column.name for column in self.columns])
        x = np.empty((table.num_rows, len(self.names)), dtype)
        unusual: list[Unusual] = []
        missing: dict[str, None] = {}
        for at in range(0, table.num_rows, ROWS_AT_ONCE):  # one-hot columns of all rows would need much memory
            to = 0
            for place, column in zip(places, self.columns, strict=True):
                cells = table.column(place)
                try:
                    part = _take(cells.slice(at, ROWS_AT_ONCE), column, self.missing)
                except InputError:
                    if at:
                        _take(cells, column, self.missing)  # names the row as it is counted in all of them
                    raise
                x[at : at + ROWS_AT_ONCE, to : to + part.x.shape[1]] = part.x
                to += part.x.shape[1]
                unusual += [replace(one, row=one.row + at) for one in part.unusual]
                missing |= dict.fromkeys(part.missing)
        return Taken(x, summed(unusual), tuple(missing))


@dataclass(frozen=True)
class Target:
    """The target column: class labels, or a number that may be standardised.

    Attributes:
        mean, scale: of the numbers over ``2**exponent``.
        kind: what the column was; empty in files of earlier versions.
        form: how text is its numbers. marks: whether a mark such as ``?`` is a missing value.
    """

    name: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    exponent: int = 0
    kind: Kind | Literal[""] = ""
    form: Form | None = None
    marks: bool = False

    @property
    def task(self) -> Task:
        """Classification where there are classes."""
        return "classification" if self.classes else "regression"

    @property
    def outputs(self) -> int:
        """Outputs that a network for it has."""
        return len(self.classes) or 1

    def known(self, table: pa.Table) -> Array:
        """True for each row (n,) that has a target.

        Raises:
            InputError: the column is missing; of numbers, it holds something else.
        """
        if not self.classes:
            return ~np.isnan(self._numbers(table))
        codes, _ = self._labels(table)
        return codes >= 0

    def apply(self, table: pa.Table) -> Array:
        """Class numbers (n,), or standardised numbers (n, 1).

        Raises:
            InputError: the column is missing, or holds a value that is not one of the classes, or none.
        """
        if self.classes:
            codes, words = self._labels(table)
            check_filled(self.name, codes < 0)
            return places_of(codes, words, self.classes, f"target {self.name}", "one of the classes")[0]
        values = self._numbers(table)
        check_filled(self.name, np.isnan(values))
        return self.standardised(values)[:, None]

    def standardised(self, values: Array) -> Array:
        """Numbers in the target's own unit as the network learns them."""
        own: Array = (np.ldexp(values, -self.exponent) - self.mean) / self.scale
        return own

    def restore(self, yhat: Array) -> Array:
        """Predictions in the target's own unit from the network's outputs (n, 1).

        Raises:
            InputError: numbers beyond those of double precision.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            own: Array = np.ldexp(yhat[:, 0].astype(np.float64) * self.scale + self.mean, self.exponent)
        if not np.isfinite(own).all():
            row = int(np.flatnonzero(~np.isfinite(own))[0]) + 1
            raise InputError(f"row {row}: prediction of {self.name}", "a number up to 1.8e308", "a larger one")
        return own

    @property
    def unit(self) -> float:
        """What 1 of the network is in the target's own unit."""
        return float(np.ldexp(self.scale, self.exponent))

    def _numbers(self, table: pa.Table) -> Array:
        return number_cells(self.name, column_of(table, self.name), self.form)

    def _labels(self, table: pa.Table) -> tuple[Array, list[str]]:
        kind, column = plain(self.name, column_of(table, self.name))
        codes, words = words_of(kind, column)
        if kind == "text" and (self.marks or self.kind in ("whole", "truth")):
            words, missing = as_labels(words, self.kind, self.marks)
            codes = np.where(np.append(missing, False)[codes], -1, codes)
        return codes, words


def balanced(counts: Array) -> Array:
    """Weights of classes with these counts of rows, n / (classes * count): all that have rows count the same."""
    weights: Array = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return weights


def in_order(labels: set[str]) -> list[str]:
    """Labels in order: numbers by size and those of one size by letters; where not all are numbers, all by letters."""
    try:
        sizes = {label: float(label) for label in labels}
    except ValueError:
        return sorted(labels)
    if any(size != size for size in sizes.values()):  # NaN has no place among numbers
        return sorted(labels)
    return sorted(labels, key=lambda label: (sizes[label], label))


def require(table: pa.Table, names: Sequence[str], rows: bool = True) -> list[int]:
    """The places of columns; InputError unless the table has each once, and (``rows``) at least one row."""
    places: dict[str, int] = {}
    twice = set()
    for place, name in enumerate(table.column_names):
        if name in places:
            twice.add(name)
        places[name] = place
    for name in names:
        if name not in places or name in twice:
            shown = names_shown(list(places))
            got = "it twice" if name in twice else "no such column"
            raise InputError(f"column {name!r}", f"one of: {shown}", got)
    if rows and table.num_rows == 0:
        raise InputError("data", "at least one row", "none")
    return [places[name] for name in names]


def column_of(table: pa.Table, name: str) -> Any:
    """A column by its name; InputError as ``require``."""
    return table.column(require(table, [name])[0])


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
    return Rows(inputs.apply(table, dtype), y if target.classes else y.astype(dtype))


def no_rows(inputs: Inputs, target: Target, dtype: Any) -> Rows:
    """None, in the shapes of ``rows_of``."""
    y = np.zeros(0, np.int64) if target.classes else np.zeros((0, 1), dtype)
    return Rows(np.zeros((0, len(inputs.names)), dtype), y)


def _take(cells: Any, column: Column, missing: Missing) -> Taken:
    """The inputs of one column, and its unusual cells."""
    name = column.name
    unusual: tuple[Unusual, ...] = ()
    if column.categories:
        kind, cells = plain(name, cells)
        codes, words = words_of(kind, printed(cells) if kind == "date" else cells)
        if kind in ("whole", "number"):
            words = by_value(words, column.categories)
        x, gaps, unusual = _one_hot(codes, words, column)
    elif column.parts:
        parts = date_parts(name, cells, column.dates)
        x, gaps = _dated(parts, column), np.isnan(parts[:, 0])
    else:
        if cells.null_count < len(cells) and is_duration(cells.type) != column.duration:
            wanted, got = ("durations", "numbers or text")[:: 1 if column.duration else -1]
            raise InputError(f"column {name!r}", f"{wanted}, as it was learnt", got)
        values = number_cells(name, cells, column.form, column.truth)
        x, gaps = standardised(values[:, None], [column]), np.isnan(values)
    if gaps.any():
        if missing == "refuse":
            check_filled(name, gaps)
        if not column.gaps:
            unusual = (*unusual, Unusual(name, "missing", int(gaps.sum()), int(np.argmax(gaps)) + 1))
    if not column.categories:
        x[gaps] = 0.0
    return Taken(np.column_stack([x, gaps]) if column.gaps else x, unusual, (name,) if gaps.any() else ())


def standardised(values: Array, columns: Sequence[Column]) -> Array:
    """Numbers (n, d) as the network takes them: in float64, so that no mean takes the digits.

    Raises:
        InputError: a number so far from those that were learnt from that float64 cannot hold it.
    """
    mean, scale = np.array([c.mean for c in columns]), np.array([c.scale for c in columns])
    power = np.array([c.exponent for c in columns])
    with np.errstate(over="ignore"):
        own = np.ldexp(values, -power) if power.any() else values
        found: Array = (own - mean) / scale
    if np.isinf(found).any():
        row, column = map(int, np.argwhere(np.isinf(found))[0])
        wanted = "numbers of about the size of those it was learnt from"
        raise InputError(f"column {columns[column].name!r}", wanted, f"{values[row, column]:.4g} in row {row + 1}")
    return found


def _one_hot(codes: Array, words: list[str], column: Column) -> tuple[Array, Array, tuple[Unusual, ...]]:
    gaps = codes < 0
    refused = not column.shares
    places, new = places_of(codes, words, column.categories, f"column {column.name!r}", "one of", refused)
    shares = np.array(column.shares if column.shares else [0.0] * len(column.categories))
    table = np.vstack([np.eye(len(shares)), shares, np.zeros(len(shares))])
    places = np.where(new, len(shares), np.where(gaps, len(shares) + int(column.gaps), places))
    unusual: tuple[Unusual, ...] = ()
    if new.any():
        row = int(np.argmax(new))
        unusual = (Unusual(column.name, "unseen", int(new.sum()), row + 1, words[codes[row]]),)
    return table[places], gaps, unusual


def _dated(parts: Array, column: Column) -> Array:
    found = []
    for name, values in zip(PARTS, parts.T, strict=True):
        if name in column.parts:
            found.append(((values - column.mean) / column.scale)[:, None] if name == "year" else turned(name, values))
    return np.concatenate(found, axis=1)


def _date_inputs(parts: Sequence[str]) -> list[str]:
    return [f"{part}{side}" for part in parts for side in ([""] if PARTS[part] is None else [" sine", " cosine"])]
