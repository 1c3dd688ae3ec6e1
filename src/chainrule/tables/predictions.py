"""Predictions of a table's rows as lines of CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TextIO

from chainrule.network.arrays import Array
from chainrule.tables.plan import Model
from chainrule.tables.reading import TableReading


def reading_for(model: Model, asked: TableReading | None = None) -> TableReading:
    """How a table is read that a model predicts from: text is text where it was so in the training.

    Args:
        asked: what else is asked of the reading.
    """
    texts = tuple(column.name for column in model.inputs.columns if column.categories)
    return replace(asked or TableReading(), texts=texts, keep_index=True)  # other columns are left alone


def with_target(table: Any, model: Model) -> Any:
    """The rows of a table that have the target; None where there are none."""
    import pyarrow.compute as pc

    name = model.target.name
    if table.column_names.count(name) != 1:
        return None
    known = pc.is_valid(table.column(name))
    if not pc.any(known).as_py():
        return None
    return table if pc.all(known).as_py() else table.filter(known)


def header_of(model: Model) -> list[str]:
    """Names of the columns; outputs are probabilities where the output function gives them."""
    out = model.network.output_rule
    word = "probability" if (out.low, out.high) == (0.0, 1.0) else "yhat"
    return ["prediction", *(f"{word}_{c}" for c in model.target.classes)]


def predictions_of(model: Model, yhat: Array) -> list[list[Any]]:
    """One row an example: the class and the outputs, or the number."""
    classes = model.target.classes
    if not classes:
        return [[float(value)] for value in model.target.restore(yhat)]
    return [[classes[int(row.argmax())], *map(float, row)] for row in yhat]


def write_rows(file: TextIO, rows: Iterable[list[Any]]) -> None:
    """Lines of CSV."""
    csv.writer(file, lineterminator="\n").writerows(rows)
