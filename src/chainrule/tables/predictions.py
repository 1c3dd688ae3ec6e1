"""Predictions of a table's rows as lines of CSV."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.network.arrays import Array
from chainrule.tables.plan import Model
from chainrule.tables.reading import TableReading


def reading_for(model: Model, asked: TableReading | None = None) -> TableReading:
    """How a table is read that a model predicts from: text is text where it was so in the training.

    Args:
        asked: what else is asked of the reading.
    """
    return replace(asked or TableReading(), texts=model.texts, keep_index=True)  # other columns are left alone


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
