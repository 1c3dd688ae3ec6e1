"""What every model of a table has: columns that prepare its inputs, a target, and the parts of the training's rows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.columns import ROWS_AT_ONCE, Inputs, Target
from chainrule.tables.scores import Scores, score
from chainrule.tables.unusual import Taken, Unusual, summed

if TYPE_CHECKING:
    import pyarrow as pa


def apart(
    rows: Array, share: float, seed: int, labels: Sequence[int] | Array | None, part: str = "test"
) -> tuple[Array, Array]:
    """The rows without a share of them, and the share; with labels (of these rows), each class in proportion.

    Raises:
        InputError: too few rows for two parts.
    """
    from sklearn.model_selection import train_test_split

    if share == 0:
        return rows, rows[:0]
    count, taken = len(rows), math.ceil(share * len(rows))
    if not 0 < taken < count:
        raise InputError("data", f"rows enough for a {part} part of {share:g} and a training part", str(count))
    if labels is not None:  # each class in proportion needs two rows of each, and a place for each in both parts
        counts = np.bincount(np.asarray(labels))
        counts = counts[counts > 0]
        if counts.min() < 2 or min(taken, count - taken) < len(counts):
            labels = None
    left, kept = train_test_split(rows, test_size=taken, random_state=seed, stratify=labels)
    return left, kept


@dataclass(frozen=True)
class Split:
    """How the test part was put aside; the same table gives the same parts again.

    Attributes:
        without: rows without a target, which are in neither part.
    """

    rows: int
    test: float
    seed: int
    without: int = 0

    def parts(self, labels: Sequence[int] | Array | None, known: Array | None = None) -> tuple[Array, Array]:
        """Row numbers of the training part and of the test part.

        Args:
            labels: of the rows that have a target; each class is in both parts in proportion.
            known: true for each row that has a target; None: all have.
        """
        rows = np.arange(self.rows) if known is None else np.flatnonzero(known)
        return apart(rows, self.test, self.seed, labels)

    def part(self, table: pa.Table, name: str, target: Target) -> pa.Table:
        """The ``train`` or ``test`` rows of the table that was split, or ``all``.

        Raises:
            InputError: another number of rows, or of rows without a target, than the table of the training had.
        """
        if name == "all":
            return table
        if not self.rows:
            raise InputError(f"--part {name}", "all: a training in blocks does not keep its parts", name)
        if table.num_rows != self.rows:
            raise InputError(f"data for --part {name}", f"the {self.rows} rows of training", str(table.num_rows))
        known = labels = None
        if target.classes or self.without:
            known = target.known(table)
            if (without := int((~known).sum())) != self.without:
                wanted = f"{self.without} rows without a value of {target.name}, as in training"
                raise InputError(f"data for --part {name}", wanted, str(without))
            if target.classes:
                labels = target.apply(table.take(np.flatnonzero(known)))
        train, test = self.parts(labels, known)
        return table.take(train if name == "train" else test)


def finite(yhat: Array, what: str = "outputs of the network") -> Array:
    """What was computed, all of it numbers.

    Raises:
        InputError: some are infinite or undefined: weights or cells are too large.
    """
    if np.isfinite(yhat).all():
        return yhat
    row = int(np.flatnonzero(~np.isfinite(yhat.reshape(len(yhat), -1)).all(axis=1))[0])
    raise InputError(f"row {row + 1}: {what}", "finite numbers", "weights of the model, or cells, that are too large")


@dataclass(frozen=True, eq=False)
class Predicted:
    """Outputs yhat (n, k) of a table's rows.

    Attributes:
        scores: over the rows that have a target; None where none has, or where they cannot be told.
        why: they cannot be told, in words.
        unusual: columns with cells unlike those of the training.
    """

    yhat: Array
    scores: Scores | None
    unusual: tuple[Unusual, ...]
    why: str = ""


class TableModel(ABC):
    """What answers for a table's rows, whatever is between its inputs and its outputs."""

    inputs: Inputs
    target: Target
    split: Split

    @abstractmethod
    def outputs(self, x: Array) -> Array:
        """yhat (n, k) of inputs as ``Inputs.apply`` gives them.

        Raises:
            InputError: numbers too large to compute with.
        """

    @abstractmethod
    def row_losses(self, x: Array, y: Array, yhat: Array | None = None) -> tuple[Array, Array]:
        """yhat (n, k), and the loss of each row (n,); ``yhat``: outputs that are known."""

    def scores(self, x: Array, y: Array) -> Scores:
        """Scores over inputs and targets as the columns' ``apply`` gives them."""
        yhat, losses = self.row_losses(x, y)
        return score(yhat, y, self.target, float(losses.mean()))

    def forward(self, table: pa.Table) -> Array:
        """yhat (n, k) of the table's rows."""
        return np.concatenate([self.outputs(taken.x) for _, taken in self._taken(table)])

    def predicted(self, table: pa.Table) -> Predicted:
        """yhat of the table's rows, scores over those that have a target, and cells unlike those of the training."""
        known, y, why = self.known_targets(table)
        yhat, judged, unusual, counted = list[Array](), list[tuple[Array, Array]](), list[Unusual](), 0
        for at, taken in self._taken(table):
            yhat.append(self.outputs(taken.x))
            unusual += [replace(one, row=one.row + at) for one in taken.unusual]
            of_part = known[at : at + len(taken.x)]
            if of_part.any():
                true = y[counted : counted + int(of_part.sum())]
                judged.append(self.row_losses(taken.x[of_part], true, yhat[-1][of_part]))
                counted += len(true)
        scores = None
        if judged:
            found, losses = (np.concatenate(parts) for parts in zip(*judged, strict=True))
            scores = score(found, y, self.target, float(losses.mean()))
        return Predicted(np.concatenate(yhat), scores, summed(unusual), why)

    def known_targets(self, table: pa.Table) -> tuple[Array, Array, str]:
        """Which rows have a target, as far as the table has them; the targets of these; why there are none, in words.

        A prediction does not need them: where they are others than those of the training, they are left alone.
        """
        none = np.zeros(table.num_rows, bool), np.zeros(0)
        if self.target.name not in table.column_names:
            return *none, ""
        try:
            known = self.target.known(table)
            return known, self.target.apply(table.take(np.flatnonzero(known))) if known.any() else none[1], ""
        except InputError as error:
            return *none, f"no score: {error}"

    def _taken(self, table: pa.Table) -> Iterator[tuple[int, Taken]]:
        """The inputs of some rows at a time, with the number of those before: those of all might need much memory."""
        for at in range(0, max(1, table.num_rows), ROWS_AT_ONCE):
            try:
                taken = self.inputs.taken(table.slice(at, ROWS_AT_ONCE))
            except InputError:
                if at:
                    self.inputs.taken(table)  # names the row as it is counted in all of them
                raise
            yield at, taken

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns that are to be read as text, character for character: ``01`` stays what it is."""
        words = [column.name for column in self.inputs.columns if column.categories]
        return (*words, self.target.name) if self.target.kind == "text" else tuple(words)

    def evaluate(self, table: pa.Table) -> Scores:
        """Scores over a table that has the target column with a value in every row."""
        self.target.apply(table)  # names a row without one
        found = self.predicted(table).scores
        assert found is not None  # as every row has one
        return found

    def part(self, table: pa.Table, name: str) -> pa.Table:
        """The ``train`` or ``test`` rows of the table it was trained on, or ``all``.

        Raises:
            InputError: another number of rows, or of rows without a target, than the table of the training had.
        """
        return self.split.part(table, name, self.target)
