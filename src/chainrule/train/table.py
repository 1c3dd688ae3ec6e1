"""Training on a table: split, prepare, fit, score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.activations import Array
from chainrule.checks import within
from chainrule.errors import InputError
from chainrule.forward import forward
from chainrule.network import Network
from chainrule.train.callbacks import Callback
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.metrics import Scores, score
from chainrule.train.optimizers import optimizer
from chainrule.train.preprocessing import Inputs, Target, Task, fit_target, require, standardised
from chainrule.train.recipe import Recipe, whole
from chainrule.train.records import Fitted

if TYPE_CHECKING:
    import pyarrow as pa

#: the output that goes with a loss where none is asked for; for the others: softmax for classes, identity for numbers
_USUAL_OUTPUT = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "poisson": "softplus"}
_USUAL_LOSS = {"classification": "cross_entropy", "regression": "half_squared_error"}


@dataclass(frozen=True)
class Plan:
    """How to train. None means the usual choice for the data and the loss."""

    hidden: tuple[int, ...] = (128, 64)
    activation: tuple[str, ...] = ("relu",)
    output: str | None = None
    loss: str | None = None
    task: Task | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    epochs: int = 30
    batch_size: int = 32
    test: float = 0.2
    seed: int = 0
    dtype: str = "float64"


@dataclass(frozen=True)
class Split:
    """How the test part was put aside; the same table gives the same parts again."""

    rows: int
    test: float
    seed: int

    def parts(self, labels: Sequence[int] | Array | None) -> tuple[Array, Array]:
        """Row numbers of the training part and of the test part; with labels, each class in proportion."""
        from sklearn.model_selection import train_test_split

        everything = np.arange(self.rows)
        if self.test == 0:
            return everything, everything[:0]
        tested = math.ceil(self.test * self.rows)
        if not 0 < tested < self.rows:
            raise InputError(
                "data", f"rows enough for a test part of {self.test:g} and a training part", str(self.rows)
            )
        if labels is not None:  # each class in proportion needs two rows of each, and a place for each in both parts
            counts = np.bincount(np.asarray(labels))
            counts = counts[counts > 0]
            if counts.min() < 2 or min(tested, self.rows - tested) < len(counts):
                labels = None
        train, test = train_test_split(everything, test_size=tested, random_state=self.seed, stratify=labels)
        return train, test


@dataclass(frozen=True, eq=False)
class Model:
    """All that a prediction needs: the network, what prepares its inputs and reads its outputs, and the split."""

    network: Network
    inputs: Inputs
    target: Target
    split: Split

    def forward(self, table: pa.Table) -> Array:
        """yhat (n, k) of the table's rows."""
        return forward(self.network, self.inputs.apply(table)).yhat

    def evaluate(self, table: pa.Table) -> Scores:
        """Scores over a table that has the target column."""
        return score(forward(self.network, self.inputs.apply(table)), self.target.apply(table), self.target)

    def part(self, table: pa.Table, name: str) -> pa.Table:
        """The ``train`` or ``test`` rows of the table it was trained on, or ``all``.

        Raises:
            InputError: another number of rows than the table of the training had.
        """
        if name == "all":
            return table
        if table.num_rows != self.split.rows:
            raise InputError(f"data for --part {name}", f"the {self.split.rows} rows of training", str(table.num_rows))
        labels = self.target.apply(table) if self.target.classes else None
        train, test = self.split.parts(labels)
        return table.take(train if name == "train" else test)


@dataclass(frozen=True, eq=False)
class Trained:
    """The result of ``train_table``."""

    model: Model
    fitted: Fitted
    train_rows: int
    test: Scores | None


def prepare(table: pa.Table, target: str, plan: Plan) -> tuple[Model, pa.Table, pa.Table]:
    """The untrained model, its training rows and its test rows.

    Raises:
        InputError: a table, a target or a plan that does not fit.
    """
    require(table, [target])
    whole("epochs", plan.epochs)
    whole("batch_size", plan.batch_size)
    if not 0 <= plan.test < 1:
        raise InputError("test", "a share from 0 to below 1", str(plan.test))
    output, loss = plan.output, plan.loss
    kind = fit_target(table, target, plan.task)
    loss = loss or _USUAL_LOSS[kind.task]
    output = output or _USUAL_OUTPUT.get(loss, "softmax" if kind.classes else "identity")
    split = Split(table.num_rows, plan.test, plan.seed)
    train, test = split.parts(kind.apply(table) if kind.classes else None)
    inputs = Inputs.fit(table, [name for name in table.column_names if name != target], train)
    if not kind.classes and output == "identity":
        kind = standardised(kind, table, train)
    sizes = (len(inputs.names), *plan.hidden, kind.outputs)
    network = Network.random(sizes, plan.activation, output, loss, seed=plan.seed, dtype=plan.dtype)
    if not kind.classes:
        within(f"target {target} (for the loss {loss})", kind.apply(table), *network.loss_rule.target_range)
    return Model(network, inputs, kind, split), table.take(train), table.take(test)


def train_table(
    model: Model, rows: pa.Table, test: pa.Table, plan: Plan, callbacks: Sequence[Callback] = ()
) -> Trained:
    """Fit a prepared model to its training rows and score it on its test rows."""
    x = np.ascontiguousarray(model.inputs.apply(rows), model.network.dtype)
    y = model.target.apply(rows)
    y = y if model.target.classes else y.astype(model.network.dtype)
    recipe = Recipe(optimizer(plan.optimizer, plan.learning_rate), plan.batch_size, plan.seed)
    fitted = fit(model.network, Rows(x, y), recipe, epochs=plan.epochs, callbacks=callbacks)
    trained = Model(fitted.network, model.inputs, model.target, model.split)
    scores = trained.evaluate(test) if test.num_rows and fitted.stopped != "diverged" else None
    return Trained(trained, fitted, rows.num_rows, scores)
