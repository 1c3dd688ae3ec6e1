"""Predictions of a table's rows as lines of CSV."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.network.arrays import Array
from chainrule.tables.plan import Model
from chainrule.tables.presets.model import PresetModel
from chainrule.tables.reading import TableReading
from chainrule.tables.table_model import TableModel


def reading_for(model: TableModel, asked: TableReading | None = None) -> TableReading:
    """How a table is read that a model predicts from: text is text where it was so in the training.

    Args:
        asked: what else is asked of the reading.
    """
    return replace(asked or TableReading(), texts=model.texts, keep_index=True)  # other columns are left alone


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


def predictions_of(model: Model | PresetModel, yhat: Array, half_width: float | None = None) -> list[list[Any]]:
    """One row an example: the class and the outputs, or the number and the ends of its interval, if it has one."""
    classes = model.target.classes
    if not classes:
        own = model.target.restore(yhat).tolist()
        if half_width is None:
            return [[value] for value in own]
        return [[value, value - half_width, value + half_width] for value in own]
    return [[classes[int(row.argmax())], *map(float, row)] for row in yhat]
