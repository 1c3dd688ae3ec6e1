"""Predictions of a table's rows as lines of CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chainrule.network.arrays import Array
from chainrule.tables.columns import ROWS_AT_ONCE
from chainrule.tables.plan import Model
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.reading import TableReading
from chainrule.tables.table_model import TableModel


def reading_for(model: TableModel, asked: TableReading | None = None) -> TableReading:
    """How a table is read that a model predicts from: text is text where it was so in the training.

    Args:
        asked: what else is asked of the reading.
    """
    reading = asked or TableReading()
    point = any(column.form is not None and column.form.decimal == "." for column in model.inputs.columns)
    decimal = "." if point and reading.decimal is None else reading.decimal  # 12,345 that was thousands stays so
    return replace(reading, texts=model.texts, keep_index=True, decimal=decimal)  # other columns are left alone


def header_of(model: Model | PresetModel, level: float | None = None) -> list[str]:
    """Names of the columns; outputs are probabilities where the output function gives them, which ensembles' do.

    Args:
        level: of the interval of a number, whose ends come after it.
    """
    word = "probability"
    if isinstance(model, Model):
        out = model.network.output_rule
        word = word if (out.low, out.high) == (0.0, 1.0) else "yhat"
    ends = [] if level is None else ["low", "high"]
    return ["prediction", *(f"{word}_{c}" for c in model.target.classes), *ends]


def predictions_of(model: TableModel, yhat: Array, half_width: float | None = None) -> Iterator[list[Any]]:
    """One row an example: the class and the outputs, or the number and the ends of its interval, if it has one."""
    classes = model.target.classes
    for at in range(0, len(yhat), ROWS_AT_ONCE):
        some = yhat[at : at + ROWS_AT_ONCE]
        if classes:
            for best, row in zip(some.argmax(axis=1).tolist(), some.astype(float).tolist(), strict=True):
                yield [classes[best], *row]
        else:
            for value in model.target.restore(some).tolist():
                yield [value] if half_width is None else [value, value - half_width, value + half_width]
