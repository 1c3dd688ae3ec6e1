"""Training on a table in files on a cluster: the plan of ``chainrule train``, by exact steps or in rounds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from chainrule.distributed.exact import ExactEngine, HeldAway, PartScore, score_of_partition
from chainrule.distributed.prepare import rows_fit
from chainrule.distributed.rounds import RoundsEngine
from chainrule.distributed.summary import Split
from chainrule.distributed.table import TablePreparation, TableSummary, prepare_table, summarise_table
from chainrule.distributed.table_files import TableFiles
from chainrule.distributed.work import ClusterError, Work
from chainrule.errors import InputError
from chainrule.tables.block_training import untrained
from chainrule.tables.columns import Inputs, Target, balanced
from chainrule.tables.plan import Model, Plan, check_plan
from chainrule.tables.scores import Scores
from chainrule.tables.training import Together, Trained, best_epoch
from chainrule.train.callbacks import Callback, EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Away, minibatches
from chainrule.train.loop import fit
from chainrule.train.recipe import whole
from chainrule.train.records import Fitted


@dataclass(frozen=True)
class Way:
    """How a cluster trains.

    Attributes:
        mode: ``exact``: a step an epoch, of the gradient of all rows; ``rounds``: minibatches in each partition, and
            the weights averaged every ``local_steps`` of them.
    """

    mode: Literal["exact", "rounds"] = "rounds"
    local_steps: int = 100

    def __post_init__(self) -> None:
        if self.mode not in ("exact", "rounds"):
            raise InputError("mode", "exact or rounds", repr(self.mode))
        whole("local steps", self.local_steps)


@dataclass(frozen=True, eq=False)
class ClusterTable:
    """A table on a cluster, ready to train on.

    Attributes:
        model: not trained yet.
        parts: tasks that give a ``Ready`` each.
        train, validation, test: the rows, which only the cluster reaches; the last two may be none.
    """

    model: Model
    work: Work
    parts: tuple[Any, ...]
    way: Way
    train: Away
    validation: HeldAway
    test: Away


def check_asked(names: Sequence[str], target: str, plan: Plan, way: Way) -> None:
    """All that can be refused without reading the table.

    Args:
        names: of its columns.

    Raises:
        InputError: a plan that does not fit; an option of the other mode; no such column.
    """
    check_plan(plan)
    if target not in names:
        raise InputError(f"column {target!r}", f"one of: {', '.join(names[:12])}", "no such column")
    if len(names) < 2:
        raise InputError("data", "at least one column beside the target", "none")
    if way.mode == "rounds":
        return
    usual = Plan()
    for name, given, wanted in (
        ("dropout", plan.dropout, usual.dropout),
        ("batch size", plan.batch_size, usual.batch_size),
        ("engine", plan.engine, usual.engine),
        ("local steps", way.local_steps, Way().local_steps),
    ):
        if given != wanted and np.any(given):
            raise InputError(name, "mode rounds beside it: a step of mode exact is of all rows", "mode exact")


def prepare_cluster(work: Work, files: TableFiles, target: str, plan: Plan, way: Way) -> ClusterTable:
    """One pass over the table that learns what prepares it; its rows, kept on the workers if they fit there.

    Raises:
        InputError: a table, a target or a plan that does not fit; a bad value, with partition and row.
        ClusterError: the cluster does not answer.
    """
    check_asked(files.layout.names, target, plan, way)
    split = Split(plan.seed, plan.validation_share * (1 - plan.test), plan.test)
    work.rows = sum(piece.rows for piece in files.pieces)
    summary: TableSummary = work.total(
        "summary-of-partition", summarise_table, files.pieces, files.layout, target, split
    )
    learnt, held, tested = summary.learnt, summary.held, summary.tested
    work.rows = learnt + held + tested
    if not learnt or summary.target is None or (split.share and not held) or (split.test and not tested):
        wanted = "rows enough for a training part and those that are asked for beside it"
        raise InputError("data", wanted, f"{learnt} to train, {held} to validate, {tested} kept aside")
    answer = summary.target
    inputs = Inputs(tuple(column.column() for column in summary.columns))
    model = untrained(inputs, answer.target(plan.task), plan, (answer.low, answer.high))
    weight = None
    if plan.class_weight:
        if not model.target.classes:
            raise InputError("class weight", f"classes in {target}", "numbers")
        weight = balanced(np.array([answer.labels[label] for label in model.target.classes]))
    how = TablePreparation(inputs, model.target, weight, model.network.dtype)
    parts = work.map("prepare-partition", prepare_table, files.pieces, files.layout, how, split)
    if rows_fit(work.client, work.rows, len(inputs.names), how.dtype):
        parts = work.persist(parts)
    steps = 1 if way.mode == "exact" else minibatches(summary.largest, min(plan.batch_size, learnt))
    labels, digest = bool(model.target.classes), summary.digest
    return ClusterTable(
        model, work, parts, way, Away(learnt, steps, labels, digest), HeldAway(held, 1, labels, digest, parts),
        Away(tested, 1, labels, digest),
    )  # fmt: skip


def train_cluster(
    table: ClusterTable, plan: Plan, callbacks: Sequence[Callback] = (), checkpoint: Path | None = None, every: int = 1,
    resume: bool = False,
) -> Trained:  # fmt: skip
    """Fit a prepared model to its rows on the cluster and score it on its test rows.

    Raises:
        InputError: a bad value, with partition and row; a checkpoint of another training.
        ClusterError: the cluster does not answer.
    """
    exact, classes, given = table.way.mode == "exact", bool(table.model.target.classes), table.model.network
    network = given.astype(np.float64) if exact else given
    recipe = replace(plan.recipe(), health=False, threads=1)
    if exact:
        recipe = replace(recipe, batch_size=len(table.train))
        engine: Any = ExactEngine(network, recipe, table.work, table.parts, 1, classes)
    else:
        recipe = replace(recipe, batch_size=min(recipe.batch_size, len(table.train)))
        engine = RoundsEngine(network, recipe, table.work, table.parts, table.way.local_steps, classes)
    stopping = None if plan.patience is None else EarlyStopping("validation_loss", plan.patience)
    kept = None if checkpoint is None else Checkpoint(checkpoint, every, _asked(table, plan))
    held = table.validation if len(table.validation) else None
    fitted = fit(
        network, table.train, recipe, epochs=plan.epochs, validation=held,
        callbacks=[Together(stopping, callbacks, checkpoint)], checkpoint=kept, resume=resume, engine=engine,
    )  # fmt: skip
    fitted = replace(fitted, network=fitted.network.astype(given.dtype))
    model = replace(table.model, network=fitted.network)
    return Trained(table, model, fitted, _tested(table, model, fitted), best_epoch(fitted, plan))


def _tested(table: ClusterTable, model: Model, fitted: Fitted) -> Scores | None:
    """Scores of the test rows; None where there are none, or where there is no answer after an interruption."""
    if not (len(table.test) and fitted.history) or fitted.stopped == "diverged":
        return None
    like = model.network.astype(np.float64).summed()
    try:
        found = table.work.total(
            "score-of-partition", score_of_partition, table.parts, like.flat, like, bool(model.target.classes), "test"
        )
    except (ClusterError, KeyboardInterrupt):
        if fitted.stopped != "interrupted":
            raise
        return None
    return scores_of(found, model.target)


def scores_of(found: PartScore, target: Target) -> Scores:
    """Sums over rows without weights as scores, of numbers in the target's own unit."""
    n = round(found.weight)
    if target.classes:
        return Scores(n, found.mean_loss, accuracy=found.accuracy, right=round(found.right))
    rmse = float(np.sqrt(found.errors[0] / found.weight)) * target.scale
    return Scores(n, found.mean_loss, r2=found.r2 if n > 1 else float("nan"), rmse=rmse)


def _asked(table: ClusterTable, plan: Plan) -> str:
    """What a resumed training must agree with beside network and recipe: rows and partitions, whatever the workers."""
    told: list[Any] = [asdict(table.model.inputs), asdict(table.model.target), asdict(table.way), table.train.digest]
    told += [len(table.validation), len(table.test), plan.class_weight]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
    stopping = "no early stopping" if plan.patience is None else f"early stopping with patience {plan.patience}"
    return (
        f"a training on a cluster, in mode {table.way.mode}, on the table {digest} "
        f"({len(table.train)} rows to train in {len(table.parts)} partitions; {stopping})"
    )
