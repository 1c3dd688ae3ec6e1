"""Training on a table in files on a cluster: the plan of ``chainrule train``, by exact steps or in rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from chainrule.distributed.exact import ExactEngine, HeldAway, PartScore, score_of_partition
from chainrule.distributed.prepare import rows_fit
from chainrule.distributed.rounds import RoundsEngine
from chainrule.distributed.summary import PartitionSplit
from chainrule.distributed.table import TablePreparation, TableSummary, prepare_table, summarise_table
from chainrule.distributed.table_files import TableFiles
from chainrule.distributed.work import Work
from chainrule.errors import InputError
from chainrule.tables.columns import Target, balanced
from chainrule.tables.decision import decide
from chainrule.tables.notes import notes_of
from chainrule.tables.plan import Model, Plan, Setup, agreed, digest, untrained
from chainrule.tables.scores import Scores
from chainrule.tables.summary import inputs_of
from chainrule.tables.table_model import Split
from chainrule.train.engine import Away, Engine, minibatches
from chainrule.train.recipe import whole


@dataclass(frozen=True)
class ClusterMode:
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
        parts: tasks that give a ``ReadyRows`` each.
        train, validation, test: the rows, which only the cluster reaches; the last two may be none.
        notes: what is to be said of how its columns were read, a sentence each.
    """

    model: Model
    work: Work
    parts: tuple[Any, ...]
    how: ClusterMode
    train: Away
    validation: HeldAway
    test: Away
    notes: tuple[str, ...] = ()

    def setup(self, plan: Plan) -> Setup:
        """An engine on the cluster; a resumed training must agree with rows and partitions, whatever the workers."""
        model, work, parts, classes = self.model, self.work, self.parts, bool(self.model.target.classes)
        recipe = replace(plan.recipe(), health=False)
        engine: Engine
        if self.how.mode == "exact":
            recipe, network = replace(recipe, batch_size=len(self.train)), model.network.astype(np.float64)
            engine = ExactEngine(network, recipe, work, parts, 1, classes)
        else:
            recipe, network = replace(recipe, batch_size=min(recipe.batch_size, len(self.train))), model.network
            engine = RoundsEngine(network, recipe, work, parts, self.how.local_steps, classes)
        learnt = [*agreed(model.inputs, model.target), asdict(self.how), self.train.digest]
        return Setup(
            network, recipe, self.train, self.validation if len(self.validation) else None,
            f"a training on a cluster, in mode {self.how.mode}, on the table "
            f"{digest([*learnt, len(self.validation), len(self.test), plan.class_weight])} "
            f"({len(self.train)} rows to train in {len(parts)} partitions; {plan.stopping})", engine,
        )  # fmt: skip

    def test_scores(self, model: Model) -> Scores:
        """Scores of a trained model over the test rows.

        Raises:
            ClusterError: the cluster does not answer.
        """
        network, target = model.network.astype(np.float64).summed(), model.target
        given = network.flat, network, bool(target.classes), "test"
        return scores_of(self.work.total("score-of-partition", score_of_partition, self.parts, *given), target)


def check_plan(names: Sequence[str], target: str, plan: Plan, how: ClusterMode) -> None:
    """All that can be refused without reading the table.

    Args:
        names: of its columns.

    Raises:
        InputError: a plan that does not fit; an option of the other mode; no such column.
    """
    plan.check()
    if target not in names:
        raise InputError(f"column {target!r}", f"one of: {', '.join(names[:12])}", "no such column")
    if len(names) < 2:
        raise InputError("data", "at least one column beside the target", "none")
    if how.mode == "rounds":
        return
    usual = Plan()
    for name, given, wanted in (
        ("dropout", plan.dropout, usual.dropout),
        ("batch size", plan.batch_size, usual.batch_size),
        ("engine", plan.engine, usual.engine),
        ("local steps", how.local_steps, ClusterMode().local_steps),
    ):
        if given != wanted and np.any(given):
            raise InputError(name, "mode rounds beside it: a step of mode exact is of all rows", "mode exact")


def prepare_cluster(work: Work, files: TableFiles, target: str, plan: Plan, how: ClusterMode) -> ClusterTable:
    """One pass over the table that learns what prepares it; its rows, kept on the workers if they fit there.

    Raises:
        InputError: a table, a target or a plan that does not fit; a bad value, with partition and row.
        ClusterError: the cluster does not answer.
    """
    check_plan(files.layout.names, target, plan, how)
    split = PartitionSplit(plan.seed, plan.validation_share * (1 - plan.test), plan.test)
    work.rows = sum(piece.rows for piece in files.pieces)
    given = files.layout, target, split, plan
    summary: TableSummary = work.total("summary-of-partition", summarise_table, files.pieces, *given)
    seen = None if summary.target is None else decide(summary.target, plan.task)
    if seen is not None and seen.mark is not None:
        if plan.missing == "refuse":
            raise InputError(f"target {target}", "a value in every row", str(seen.mark))
        # once more, as it is known now that a mark, such as ?, is no value
        summary = work.total("summary-of-partition", summarise_table, files.pieces, *given, seen.target)
    learnt, held, tested = summary.learnt, summary.held, summary.tested
    work.rows = learnt + held + tested
    if not learnt or summary.target is None or (split.share and not held) or (split.test and not tested):
        wanted = "rows enough for a training part and those that are asked for beside it"
        raise InputError("data", wanted, f"{learnt} to train, {held} to validate, {tested} kept aside")
    answer = summary.target
    decided = decide(answer, plan.task)
    inputs = inputs_of(summary.columns, plan.missing)
    ends = decided.low, decided.high
    model = untrained(inputs, decided.target, plan, ends, Split(0, plan.test, plan.seed))
    notes = notes_of(summary.columns, inputs)
    if decided.otherwise:
        notes = (str(decided), *notes)
    if without := answer.rows - work.rows:
        notes = (f"target {target}: {without} row{'s' if without > 1 else ''} without a value left out", *notes)
    weight = None
    if plan.class_weight:
        if not model.target.classes:
            raise InputError("class weight", f"classes in {target}", "numbers")
        weight = balanced(np.array([answer.labels[label] for label in model.target.classes]))
    preparation = TablePreparation(inputs, model.target, weight, model.network.dtype)
    parts = work.map("prepare-partition", prepare_table, files.pieces, files.layout, preparation, split)
    if rows_fit(work.client, work.rows, len(inputs.names), preparation.dtype):
        parts = work.persist(parts)
    steps = 1 if how.mode == "exact" else minibatches(summary.largest, min(plan.batch_size, learnt))
    labels, name = bool(model.target.classes), summary.digest
    return ClusterTable(
        model, work, parts, how, Away(learnt, steps, labels, name), HeldAway(held, 1, labels, name, parts),
        Away(tested, 1, labels, name), notes,
    )  # fmt: skip


def scores_of(found: PartScore, target: Target) -> Scores:
    """Sums over rows without weights as scores, of numbers in the target's own unit."""
    n = round(found.weight)
    if target.classes:
        return Scores.of_classes(n, found.mean_loss, round(found.right))
    return Scores.of_numbers(n, found.mean_loss, found.errors[0], found.answers.own_spread[0], target.unit)
