"""What a target is: classes or numbers, seen from its values and how often they come again; and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.tables import columns as c
from chainrule.tables.as_numbers import AsNumbers, Cell
from chainrule.tables.cells import decimal_of
from chainrule.tables.summary import ColumnSummary, number_columns
from chainrule.tables.text_numbers import is_mark, shortened

if TYPE_CHECKING:
    import pyarrow as pa

MOST_WHOLE_CLASSES = 20  # different whole numbers that a target may have and still be taken as class labels
ROWS_A_CLASS = 3  # that each of these has on average; two different numbers are classes however few the rows are


@dataclass(frozen=True)
class Decided:
    """A target and why it is classes or numbers.

    Attributes:
        why: its values, in words.
        otherwise: the task that might have been meant as well; None where there is no doubt, or where one was asked.
        low, high: least and greatest number of all rows.
        mark: the first text that stands for a missing value, if there is one.
    """

    target: c.Target
    why: str
    otherwise: c.Task | None
    low: float
    high: float
    mark: Cell | None = None

    def __str__(self) -> str:
        other = "" if self.otherwise is None else f" (--task {self.otherwise} takes it otherwise)"
        return f"target {self.target.name}: {self.target.task}, for it has {self.why}{other}"


def decide(found: ColumnSummary, task: c.Task | None) -> Decided:
    """The target: the classes of all rows, or a number with mean and scale of the rows to learn from.

    Text and truth values are classes; so are whole numbers where at most ``MOST_WHOLE_CLASSES`` differ and come
    ``ROWS_A_CLASS`` times each on average, or only two differ. All other numbers are a regression.

    Args:
        task: what it is to be; None decides by the values.

    Raises:
        InputError: dates; one class only, or too many; numbers asked of text; no value.
    """
    quantity = f"target {found.name}"
    if found.kind == "none" or not found.known:
        raise InputError(quantity, "a value in some row", "none")
    if found.kind == "date" or any(one.dates and not one.odds for one in found.dates):
        ways = "a number, such as days since some day, for a regression; text, by --types, for classes"
        raise InputError(quantity, f"classes or numbers ({ways})", "dates")
    numbers = found.as_numbers()
    if found.kind == "text" and numbers is None:
        if task == "regression":
            numbers = _all_numbers(found)
        else:
            return _classes(found, list(found.labels), "words" if found.asked is None else "text", None)
    labels = [label for label in found.labels if not (numbers and is_mark(label))]
    whole = found.kind in ("truth", "whole") or (numbers is not None and numbers.special is None and _whole(labels))
    few = whole and _few(len(labels), found.known - (numbers.marks if numbers else 0))
    what = "truth values" if found.kind == "truth" else f"{len(labels)} different whole numbers in {found.known} rows"
    chosen = task or ("classification" if found.kind == "truth" or few else "regression")
    if chosen == "classification":
        clear = task or found.kind == "truth" or len(labels) <= 2
        return _classes(found, labels, what, None if clear else "regression", numbers)
    otherwise: c.Task | None = None
    if numbers is not None and numbers.special is not None:
        what = f"text that is numbers, {numbers.special}"
        otherwise = "classification" if task is None and len(labels) <= MOST_WHOLE_CLASSES else None
    elif not whole:
        what = "numbers with fractions"
    elif task is None and len(labels) <= MOST_WHOLE_CLASSES:
        otherwise = "classification"
    moments, form = found.moments, None
    if numbers is not None:
        moments, form = numbers.moments, numbers.form(quantity, found.asked == "number")
    if not moments.count:
        raise InputError(quantity, "a value in some row to learn from", "none")
    (column,) = number_columns((found.name,), moments)
    target = c.Target(found.name, (), column.mean, column.scale, column.exponent, found.kind, form)
    ends = (numbers.low, numbers.high) if numbers else (found.low, found.high)
    return Decided(target, what, otherwise, *ends, numbers.mark if numbers else None)


def fit_target(
    table: pa.Table, name: str, task: c.Task | None, types: Mapping[str, str] | None = None
) -> c.Target:  # fmt: skip
    """The target column as classes or numbers, these not standardised.

    Raises:
        InputError: no such column, one class only, numbers asked of text.
    """
    return decide_of(table, name, task, types).target


def decide_of(
    table: pa.Table, name: str, task: c.Task | None, types: Mapping[str, str] | None = None
) -> Decided:  # fmt: skip
    """``decide`` of a table in memory; numbers are not standardised."""
    column, every = c.column_of(table, name), np.full(table.num_rows, True)
    asked = (types or {}).get(name)
    decided = decide(ColumnSummary.of(name, column, every, True, asked, decimal_of(table)), task)
    if decided.target.classes:
        return decided
    bare = c.Target(name, kind=decided.target.kind, form=decided.target.form)
    return replace(decided, target=bare)


def _few(different: int, rows: int) -> bool:
    return different <= 2 or (different <= MOST_WHOLE_CLASSES and ROWS_A_CLASS * different <= rows)


def _whole(labels: list[str]) -> bool:
    return all(float(label).is_integer() for label in labels)


def _all_numbers(found: ColumnSummary) -> AsNumbers:
    """Text that is numbers throughout, though few; else an InputError."""
    for one in found.texts or ():
        if one.numbers and not one.odds:
            return one
    odd = next((one.odd for one in found.texts or () if one.odd), None)
    got = f"text such as {odd.text!r}" if odd else f"text such as {next(iter(found.labels), '')!r}"
    raise InputError(f"target {found.name}", "numbers", got)


def _classes(
    found: ColumnSummary, labels: list[str], why: str, otherwise: c.Task | None, numbers: AsNumbers | None = None
) -> Decided:
    quantity = f"target {found.name}"
    if len(labels) < 2:
        gaps = f", and {found.missing} cells that are read as missing (row {found.gap})" if found.missing else ""
        got = f"{len(labels)}: {', '.join(map(shortened, labels))}{gaps}"
        raise InputError(quantity, "at least two classes", got)
    ordered = found.categories(quantity, "classes")
    ordered = [label for label in ordered if not (numbers and is_mark(label))]
    target = c.Target(found.name, tuple(ordered), kind=found.kind, marks=numbers is not None)
    return Decided(target, why, otherwise, found.low, found.high, numbers.mark if numbers else None)
