"""A table in memory made ready for training: its columns learnt, its rows in parts, its untrained model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.cells import decimal_of
from chainrule.tables.columns import Target, balanced, column_of, require, rows_of
from chainrule.tables.decision import Decided, decide, decide_of
from chainrule.tables.notes import notes_of
from chainrule.tables.plan import Model, Plan, Setup, agreed, digest, untrained
from chainrule.tables.scores import Scores
from chainrule.tables.summary import ColumnSummary, inputs_of, summaries_of
from chainrule.tables.table_model import Split, apart
from chainrule.tables.values import number_cells
from chainrule.train.engine import Rows

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table in memory, ready to train on.

    Attributes:
        model: not trained yet.
        train, validation, test: numbers of the table's rows, from 0.
        notes: what is to be said of how its columns were read, a sentence each.
        decided: why the target is classes or numbers.
    """

    model: Model
    table: pa.Table
    train: Array
    validation: Array
    test: Array
    notes: tuple[str, ...] = ()
    decided: Decided | None = None

    def setup(self, plan: Plan) -> Setup:
        """The rows as an engine takes them, rows of rare classes with more weight where the plan says so."""
        model = self.model
        rows, validation = (self._rows(numbers, plan) for numbers in (self.train, self.validation))
        parts = (array for part in (rows, validation) for array in (part.x, part.y) if len(part))
        name = digest(agreed(model.inputs, model.target), *parts)
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
        counts = np.bincount(model.target.apply(self.table.take(self.train)), minlength=model.target.outputs)
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
    decided = decide_of(table, target, plan.task, plan.types)
    answer = decided.target
    if plan.class_weight and not answer.classes:
        raise InputError("class weight", f"classes in {target}", "numbers")
    known, notes = answer.known(table), [str(decided)] if decided.otherwise else []
    if without := int((~known).sum()):
        first = int(np.argmin(known)) + 1
        if plan.missing == "refuse":
            raise InputError(f"target {target}", "a value in every row", f"none in row {first}")
        many = f"{without} row{'s' if without > 1 else ''}"
        notes.append(f"target {target}: {many} without a value {'are' if without > 1 else 'is'} left out (row {first})")
    split = Split(table.num_rows, plan.test, plan.seed, without)
    rows, test = split.parts(answer.apply(table.take(np.flatnonzero(known))) if answer.classes else None, known)
    prepared = prepare_parts(table, answer, plan, split, rows, test)
    return replace(prepared, notes=(*notes, *prepared.notes), decided=decided)


def prepare_parts(table: pa.Table, target: Target, plan: Plan, split: Split, rows: Array, test: Array) -> Prepared:
    """A table whose test rows are known; all that is learnt from rows is learnt from some of the others.

    Args:
        target: its numbers are standardised anew.
        rows: to learn from, and to validate with.
    """
    labels = target.apply(table.take(rows)) if target.classes else None
    train, validation = apart(rows, plan.validation_share, plan.seed, labels, "validation")
    names = [name for name in table.column_names if name != target.name]
    summaries = summaries_of(table, names, train, plan.types)
    inputs = inputs_of(summaries, plan.missing)
    given = np.zeros(1)
    if not target.classes:
        learnt = np.zeros(table.num_rows, bool)
        learnt[train] = True
        column, asked = column_of(table, target.name), plan.types.get(target.name)
        summary = ColumnSummary.of(target.name, column, learnt, True, asked, decimal_of(table))
        decided = decide(summary, "regression")
        target, values = decided.target, number_cells(target.name, column, decided.target.form)
        given = values[~np.isnan(values)]
    model = untrained(inputs, target, plan, given, split)
    return Prepared(model, table, train, validation, test, notes_of(summaries, inputs))
