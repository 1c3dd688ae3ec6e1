"""A model of a preset: the ensemble, what prepares its inputs and reads its outputs, and the split."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.columns import Inputs, Target
from chainrule.tables.presets.ensemble import Ensemble
from chainrule.tables.presets.folds import row_losses
from chainrule.tables.presets.weigh import half_width
from chainrule.tables.table_model import Split, TableModel, finite

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Answers:
    """Predictions of rows, as they are read.

    Attributes:
        yhat: probabilities (n, classes), or numbers (n,) in the target's own unit.
        low, high: ends of the intervals (n,), of numbers where a level was asked for.
    """

    yhat: Array
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True, eq=False)
class PresetModel(TableModel):
    """What ``chainrule train --preset`` gives; it answers as a ``Model`` does."""

    ensemble: Ensemble
    inputs: Inputs
    target: Target
    split: Split

    def outputs(self, x: Array) -> Array:
        """yhat (n, k) of inputs as ``Inputs.apply`` gives them."""
        with np.errstate(over="ignore", invalid="ignore"):
            return finite(self.ensemble(x))

    def row_losses(self, x: Array, y: Array, yhat: Array | None = None) -> tuple[Array, Array]:
        """yhat (n, k), and the loss of each row (n,); ``yhat``: outputs that are known."""
        yhat = self.outputs(x) if yhat is None else yhat
        return yhat, row_losses(yhat, y, len(self.target.classes))

    def half_width(self, level: float) -> float:
        """What the interval of a number has on both sides, in the target's own unit.

        Raises:
            InputError: no level; classes; too few rows for one so high.
        """
        if not 0 < level < 1:
            raise InputError("interval", "a share between 0 and 1, such as 0.9", f"{level:g}")
        if self.target.classes:
            raise InputError(
                "interval", "a model of numbers; classes have probabilities", f"classes {self.target.name}"
            )
        width = half_width(self.ensemble.residuals, level)
        if np.isinf(width):
            n = len(self.ensemble.residuals)
            raise InputError("interval", f"at most {n / (n + 1):.4g}, with {n} held-out rows", f"{level:g}")
        return width * self.target.unit

    def predict(self, table: pa.Table, level: float | None = None) -> Answers:
        """Predictions, and for numbers the intervals that hold a share ``level`` of new rows. Raises as above."""
        yhat = self.forward(table)
        if self.target.classes:
            return Answers(yhat)
        own = self.target.restore(yhat)
        if level is None:
            return Answers(own)
        width = self.half_width(level)
        return Answers(own, own - width, own + width)

    def about(self) -> list[str]:
        """How well the ensemble fits rows that its networks did not learn from, in words."""
        made = self.ensemble
        held = f"held out in {made.folds} folds: loss {made.held.loss:.4f}"
        if self.target.classes:
            return [f"{held}; {made.held.calibrated:.4f} with the temperature {made.temperature:.3f}"]
        if len(made.residuals) < 9:
            return [held]
        return [held, f"an interval of 90% is the prediction ± {self.half_width(0.9):.4g}"]

    def contributions(self, table: pa.Table, output: int = 0) -> dict[str, Array]:
        """What each part of the ensemble adds to the derivative of an output by each column, (parts, n).

        The output (from 0) is a class's probability, or the number in its own unit; a column of numbers counts in its
        own unit too, as does the year of a date; a category is an input of its own, ``column=category``, as are the
        other parts of a date and what says whether a cell was missing.

        Raises:
            InputError: a table that does not fit; two inputs of one name.
        """
        names = self.inputs.names
        for name, count in Counter(names).items():
            if count > 1:
                raise InputError("derivatives by column", "inputs of different names; rename a column", f"two {name!r}")
        x = self.inputs.apply(table)
        with np.errstate(over="ignore", invalid="ignore"):
            found = self.ensemble.contributions(x, output) * (1.0 if self.target.classes else self.target.unit)
        finite(np.moveaxis(found, 1, 0), "derivatives by columns")
        units = [unit for column in self.inputs.columns for unit in column.units]
        return dict(zip(names, np.moveaxis(found / np.array(units), 2, 0), strict=True))

    def slopes(self, table: pa.Table, output: int = 0) -> dict[str, Array]:
        """The derivative (n,) of an output by each column: the sums of ``contributions``."""
        return {name: parts.sum(axis=0) for name, parts in self.contributions(table, output).items()}
