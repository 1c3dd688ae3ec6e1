"""How to train on a table: the plan, the parts of the rows, the model, and what any table ready to train on has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sized
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import targets, within
from chainrule.network.forward import forward
from chainrule.network.network import Network
from chainrule.network.pairs import example_losses
from chainrule.tables.columns import Inputs, Missing, Target, Task
from chainrule.tables.scores import Scores
from chainrule.tables.table_model import Split, TableModel, finite
from chainrule.train.engine import Away, Engine, Rows
from chainrule.train.epochs import Source
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import EngineName, Recipe, whole
from chainrule.train.schedules import Schedule

#: the output that goes with a loss where none is asked for; for the others: softmax for classes, identity for numbers
_USUAL_OUTPUT = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "poisson": "softplus"}
_USUAL_LOSS = {"classification": "cross_entropy", "regression": "half_squared_error"}

VALIDATION = 0.1  # share of the training rows that early stopping watches where none is asked for
EXPONENTIAL_END = 0.01  # what the exponential schedule has left of the learning rate at the end


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train. None means the usual choice for the data and the loss.

    Attributes:
        warmup: epochs in which the learning rate rises from 0.
        dropout: one share for all hidden layers, or one each.
        patience: epochs without a better validation loss that are borne; None: no early stopping.
        validation: share of the training rows whose loss is taken after each epoch, and that are not learnt from.
        class_weight: ``balanced``: an example counts the more, the rarer its class; all classes count the same.
        missing: ``impute``: a missing cell takes the mean of the others, of text none of the categories, and one more
            input says where cells were missing; rows without a target are left out. ``refuse``: an error.
        types: what columns are to be, by name: number, text, category or date.
    """

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
    schedule: str = "constant"
    warmup: float = 0.0
    l2: float = 0.0
    weight_decay: float | None = None
    dropout: tuple[float, ...] = (0.0,)
    patience: int | None = None
    validation: float | None = None
    class_weight: str | None = None
    missing: Missing = "impute"
    types: Mapping[str, str] = field(default_factory=dict)
    engine: EngineName = "auto"
    threads: int | None = None

    @property
    def validation_share(self) -> float:
        """The share of the training rows that is not learnt from."""
        if self.validation is not None:
            return self.validation
        return VALIDATION if self.patience is not None else 0.0

    @property
    def stopping(self) -> str:
        """Early stopping in words, as a checkpoint has them."""
        return "no early stopping" if self.patience is None else f"early stopping with patience {self.patience}"

    def recipe(self) -> Recipe:
        """The plan as ``fit`` takes it.

        Raises:
            InputError: a number or a name that does not fit.
        """
        rule = optimizer(self.optimizer, self.learning_rate, weight_decay=self.weight_decay)
        whole("epochs", self.epochs)
        if self.warmup >= self.epochs:
            raise InputError("warmup", f"fewer epochs than the {self.epochs} of the training", f"{self.warmup:g}")
        ends = self.schedule in ("cosine", "linear")
        factor = EXPONENTIAL_END ** (1 / self.epochs) if self.schedule == "exponential" else 0.5
        schedule = Schedule(self.schedule, self.epochs if ends else 1.0, factor, warmup=self.warmup)
        return Recipe(
            optimizer=rule, schedule=schedule, batch_size=self.batch_size, seed=self.seed, l2=self.l2,
            dropout=self.dropout, engine=self.engine, threads=self.threads,
        )  # fmt: skip

    def check(self) -> None:
        """All that can be checked without a table.

        Raises:
            InputError: a number or a name that does not fit.
        """
        self.recipe()
        for name, share in (("test", self.test), ("validation", self.validation_share)):
            if not 0 <= share < 1:
                raise InputError(name, "a share from 0 to below 1", str(share))
        if self.patience is not None:
            whole("patience", self.patience)
            if not self.validation_share:
                raise InputError("early stopping", "a validation share above 0", "0")
        if self.class_weight not in (None, "balanced"):
            raise InputError("class weight", "balanced", repr(self.class_weight))
        if self.missing not in ("impute", "refuse"):
            raise InputError("missing", "impute or refuse", repr(self.missing))

    def network(self, inputs: int, target: Target) -> Network:
        """The network before training, with the usual loss and output for the target where none are asked for.

        Raises:
            InputError: a name or a number that does not fit.
        """
        loss = self.loss or _USUAL_LOSS[target.task]
        output = self.output or _USUAL_OUTPUT.get(loss, "softmax" if target.classes else "identity")
        sizes = (inputs, *self.hidden, target.outputs)
        network = Network.random(sizes, self.activation, output, loss, seed=self.seed, dtype=self.dtype)
        self.recipe().dropout_of(network)
        return network


@dataclass(frozen=True, eq=False)
class Model(TableModel):
    """All that a prediction needs: the network, what prepares its inputs and reads its outputs, and the split."""

    network: Network
    inputs: Inputs
    target: Target
    split: Split

    def outputs(self, x: Array) -> Array:
        """yhat (n, k) of inputs as ``Inputs.apply`` gives them."""
        return finite(self.network(x))

    def row_losses(self, x: Array, y: Array, yhat: Array | None = None) -> tuple[Array, Array]:
        """yhat (n, k), and the loss of each row (n,), which is taken of the logits."""
        network, found = self.network, forward(self.network, x)
        rows = targets(y, found.n, network.sizes[-1], False, network.dtype)
        return finite(found.yhat), example_losses(network.loss, network.output, found.a[-1], found.yhat, rows)


def untrained(
    inputs: Inputs, target: Target, plan: Plan, given: Array | tuple[float, float], split: Split
) -> Model:  # fmt: skip
    """The model before training, of what was learnt of a table's columns.

    Args:
        target: standardised where it is numbers; the model's is so for the output identity alone.
        given: numbers of the target, all or the least and the greatest; an error names the first that does not fit.

    Raises:
        InputError: a plan that does not fit, or numbers that the loss does not take.
    """
    network = plan.network(len(inputs.names), target)
    if not target.classes:
        if network.output != "identity":
            target = replace(target, mean=0.0, scale=1.0, exponent=0)
        own = target.standardised(np.array(given))
        most = float(np.sqrt(np.finfo(network.dtype).max)) / 1e6  # its square, and a sum of many, is still a number
        if np.abs(own).max() > most:
            wanted = f"numbers up to {most:.3g} for the output {network.output}, in another unit"
            raise InputError(f"target {target.name}", wanted, f"{own[np.argmax(np.abs(own))]:.4g}")
        within(f"target {target.name} (for the loss {network.loss})", own, *network.loss_rule.target_range)
    return Model(network, inputs, target, split)


@dataclass(frozen=True, eq=False)
class Setup:
    """What ``fit`` takes of a table that is ready to train on.

    Attributes:
        network: to begin with; its numbers may be wider than those of the table's model.
        recipe: how to train.
        rows: to learn from.
        validation: rows whose loss is taken after each epoch, or None.
        agreement: what a resumed training must agree with beside network and recipe, as text.
        engine: what makes the steps, where it is not the recipe that says so.
    """

    network: Network
    recipe: Recipe
    rows: Rows | Source | Away
    validation: Rows | Away | None
    agreement: str
    engine: Engine | None = None


class TrainingTable(Protocol):
    """A table ready to train on, wherever its rows are: in memory, in blocks, or on a cluster."""

    @property
    def model(self) -> Model:
        """Not trained yet."""

    @property
    def train(self) -> Sized:
        """The rows to learn from, as far as their number goes."""

    @property
    def validation(self) -> Sized:
        """Rows whose loss is taken after each epoch; may be none."""

    @property
    def test(self) -> Sized:
        """Rows that are kept aside; may be none."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of how its columns were read, a sentence each."""

    def setup(self, plan: Plan) -> Setup:
        """The rows and what trains on them."""

    def test_scores(self, model: Model) -> Scores:
        """Scores of a trained model over the test rows.

        Raises:
            OSError: a cluster that has them does not answer.
        """


def agreed(inputs: Inputs, target: Target) -> list[object]:
    """What a resumed training must agree with of columns as they were learnt: as version 0.1.0 has it, and the new."""
    old = ("name", "mean", "scale", "categories")
    columns = []
    for column in inputs.columns:
        new = {key: value for key, value in asdict(column).items() if key not in (*old, "shares", "truth") and value}
        columns.append({key: getattr(column, key) for key in old} | new)
    form = {"exponent": target.exponent} if target.exponent else {}
    answer = {key: getattr(target, key) for key in ("name", "classes", "mean", "scale")}
    return [{"columns": columns}, answer | form]


def digest(learnt: object, *arrays: Array) -> str:
    """Twelve letters that tell columns as they were learnt, and rows, from others."""
    found = hashlib.sha256(json.dumps(learnt).encode())
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:12]
