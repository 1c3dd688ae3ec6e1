"""A table in memory made ready for training: its columns learnt, its rows in parts, its untrained model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.columns import Target, balanced, column_numbers, require, rows_of
from chainrule.tables.plan import Model, Plan, Setup, Split, apart, digest, untrained
from chainrule.tables.scores import Scores
from chainrule.tables.summary import ColumnSummary, fit_inputs, fit_target
from chainrule.train.engine import Rows

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table in memory, ready to train on.

    Attributes:
        model: not trained yet.
        train, validation, test: numbers of the table's rows, from 0.
    """

    model: Model
    table: pa.Table
    train: Array
    validation: Array
    test: Array

    def setup(self, plan: Plan) -> Setup:
        """The rows as an engine takes them, rows of rare classes with more weight where the plan says so."""
        model = self.model
        rows, validation = (self._rows(numbers, plan) for numbers in (self.train, self.validation))
        parts = (array for part in (rows, validation) for array in (part.x, part.y) if len(part))
        name = digest([asdict(model.inputs), asdict(model.target)], *parts)
        weight = f"; class weight {plan.class_weight}" if plan.class_weight else ""
        counts = f"{len(rows)} rows to train, {len(validation)} to validate"
        return Setup(
            model.network, plan.recipe(), rows, validation if len(validation) else None,
            f"a training on the table {name} ({counts}; {plan.stopping}{weight})",
        )  # fmt: skip

    def _rows(self, numbers: Array, plan: Plan) -> Rows:
        model, dtype = self.model, self.model.network.dtype
        rows = rows_of(self.table.take(numbers), model.inputs, model.target, dtype)
        if plan.class_weight is None or not len(rows):
            return rows
        counts = np.bincount(model.target.apply(self.table)[self.train], minlength=model.target.outputs)
        return replace(rows, weight=balanced(counts)[rows.y].astype(dtype))

    def test_scores(self, model: Model) -> Scores:
        """Scores of a trained model over the test rows."""
        return model.evaluate(self.table.take(self.test))


def prepare(table: pa.Table, target: str, plan: Plan) -> Prepared:
    """The untrained model and the parts of the table.

    Raises:
        InputError: a table, a target or a plan that does not fit.
    """
    require(table, [target])
    plan.check()
    answer = fit_target(table, target, plan.task)
    if plan.class_weight and not answer.classes:
        raise InputError("class weight", f"classes in {target}", "numbers")
    split = Split(table.num_rows, plan.test, plan.seed)
    rows, test = split.parts(answer.apply(table) if answer.classes else None)
    return prepare_parts(table, answer, plan, split, rows, test)


def prepare_parts(table: pa.Table, target: Target, plan: Plan, split: Split, rows: Array, test: Array) -> Prepared:
    """A table whose test rows are known; all that is learnt from rows is learnt from some of the others.

    Args:
        target: its numbers are standardised anew.
        rows: to learn from, and to validate with.
    """
    labels = target.apply(table)[rows] if target.classes else None
    train, validation = apart(rows, plan.validation_share, plan.seed, labels, "validation")
    inputs = fit_inputs(table, [name for name in table.column_names if name != target.name], train)
    given = np.zeros(0)
    if not target.classes:
        given = column_numbers(table, target.name)
        target = ColumnSummary.of(target.name, table.column(target.name), train).target("regression")
    return Prepared(untrained(inputs, target, plan, given, split), table, train, validation, test)
