"""Training on a table in files on a cluster: the plan of ``chainrule train``, in one of the modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.distributed.arranging import Arranged, arrange
from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import HeldAway, PartScore, score_of_block
from chainrule.distributed.modes import MODES, ChosenMode, Looked, choose, shards, start
from chainrule.distributed.prepare import rows_fit
from chainrule.distributed.summary import PartitionSplit
from chainrule.distributed.table import TablePreparation, TableSummary, prepare_pieces, summarise_table
from chainrule.distributed.table_files import TableFiles
from chainrule.distributed.work import SMALL, Work
from chainrule.errors import InputError
from chainrule.tables.columns import Target, balanced
from chainrule.tables.decision import decide
from chainrule.tables.notes import notes_of
from chainrule.tables.plan import Model, Plan, Setup, agreed, digest, untrained
from chainrule.tables.scores import Scores
from chainrule.tables.summary import inputs_of
from chainrule.tables.table_model import Split
from chainrule.train.engine import Away
from chainrule.train.recipe import whole


@dataclass(frozen=True)
class ClusterMode:
    """How a cluster trains.

    Attributes:
        mode: ``exact``: a step an epoch, of the gradient of all rows, or ``groups`` of them, each of some blocks;
            ``minibatches``: steps that all workers share; ``rounds``: minibatches in each block, and the weights
            averaged every ``local_steps`` of them; ``auto``: the one that fits.
    """

    mode: str = "auto"
    local_steps: int = 100
    groups: int = 1

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError("mode", "exact, minibatches, rounds or auto", repr(self.mode))
        whole("local steps", self.local_steps)
        whole("steps per epoch", self.groups)

    def agreed(self, chosen: ChosenMode) -> dict[str, str | int]:
        """What a resumed training must agree with; without what is as usual, as files of 0.1.0 have it."""
        groups = {"groups": self.groups} if self.groups != 1 else {}
        return {"mode": chosen.mode, "local_steps": self.local_steps, **groups}


@dataclass(frozen=True, eq=False)
class ClusterTable:
    """A table on a cluster, ready to train on.

    Attributes:
        model: not trained yet.
        rows: ready, on the workers. partitions: that they were read in.
        train, validation, test: the rows, which only the cluster reaches; the last two may be none.
        notes: what is to be said of how its columns were read, a sentence each.
    """

    model: Model
    work: Work
    rows: Arranged
    partitions: int
    how: ClusterMode
    chosen: ChosenMode
    train: Away
    validation: HeldAway
    test: Away
    notes: tuple[str, ...] = ()

    def setup(self, plan: Plan) -> Setup:
        """An engine on the cluster; a resumed training must agree with rows and partitions, whatever the workers."""
        model, how = self.model, self.how
        engine, network, recipe, steps = start(
            self.chosen, model.network, plan.recipe(), self.work, self.rows, bool(model.target.classes),
            how.local_steps, how.groups,
        )  # fmt: skip
        learnt = [*agreed(model.inputs, model.target), how.agreed(self.chosen), self.train.digest]
        return Setup(
            network, recipe, replace(self.train, steps=steps), self.validation if len(self.validation) else None,
            f"a training on a cluster, in mode {self.chosen.mode}, on the table "
            f"{digest([*learnt, len(self.validation), len(self.test), plan.class_weight])} "
            f"({len(self.train)} rows to train in {self.rows.learn.words(self.partitions)}; "
            f"{plan.stopping})", engine,
        )  # fmt: skip

    def test_scores(self, model: Model) -> Scores:
        """Scores of a trained model over the test rows.

        Raises:
            ClusterError: the cluster does not answer.
        """
        network, target = model.network.astype(np.float64).summed(), model.target
        given = network.flat, network, bool(target.classes), "test"
        return scores_of(self.work.total("score", score_of_block, self.rows.held, *given, fan=SMALL), target)


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
    usual, own = Plan(), ClusterMode()
    for name, given, wanted, modes in (
        ("dropout", plan.dropout, usual.dropout, ("rounds",)),
        ("batch size", plan.batch_size, usual.batch_size, ("minibatches", "rounds")),
        ("engine", plan.engine, usual.engine, ("rounds",)),
        ("local steps", how.local_steps, own.local_steps, ("rounds",)),
        ("steps per epoch", how.groups, own.groups, ("exact",)),
    ):
        said = how.mode != "auto" or name in ("local steps", "steps per epoch", "engine")
        if given != wanted and np.any(given) and said and how.mode not in modes:
            raise InputError(name, f"mode {' or '.join(modes)} beside it", f"mode {how.mode}")


def prepare_cluster(work: Work, files: TableFiles, target: str, plan: Plan, how: ClusterMode) -> ClusterTable:
    """One pass over the table that learns what prepares it; its rows, kept on the workers if they fit there.

    Raises:
        InputError: a table, a target or a plan that does not fit; a bad value, with partition and row.
        ClusterError: the cluster does not answer.
    """
    check_plan(files.layout.names, target, plan, how)
    split = PartitionSplit(plan.seed, plan.validation_share * (1 - plan.test), plan.test)
    work.rows = sum(piece.rows for piece in files.pieces)
    given = work.send(files.layout), target, split, plan
    blocks = RowBlocks.of(files.pieces)
    summary: TableSummary = work.total("summary-of-partition", summarise_table, blocks, *given, fan=SMALL)
    seen = None if summary.target is None else decide(summary.target, plan.task)
    if seen is not None and seen.mark is not None:
        if plan.missing == "refuse":
            raise InputError(f"target {target}", "a value in every row", str(seen.mark))
        # once more, as it is known now that a mark, such as ?, is no value
        summary = work.total("summary-of-partition", summarise_table, blocks, *given, seen.target, fan=SMALL)
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
    kept = rows_fit(work.client, work.rows, len(inputs.names), preparation.dtype)
    labels, name = bool(model.target.classes), summary.digest
    looked = Looked(kept, summary.between(labels), target)
    chosen = choose(how.mode, looked, False, bool(np.any(plan.dropout)), how.groups)
    told = [f"mode {chosen.mode}: {chosen.why}"] if how.mode == "auto" else []
    notes = (*told, *([chosen.warning] if chosen.warning else []), *notes)
    row_bytes = (len(inputs.names) + 2) * np.dtype(preparation.dtype).itemsize
    rows = arrange(
        work, files.pieces, summary.by_piece, row_bytes, kept, prepare_pieces, work.send(files.layout),
        work.send(preparation), split, shards=shards(chosen, min(plan.batch_size, learnt)), seed=plan.seed,
    )  # fmt: skip
    return ClusterTable(
        model, work, rows, len(files.pieces), how, chosen, Away(learnt, 1, labels, name),
        HeldAway(held, 1, labels, name, rows.held), Away(tested, 1, labels, name), notes,
    )  # fmt: skip


def scores_of(found: PartScore, target: Target) -> Scores:
    """Sums over rows without weights as scores, of numbers in the target's own unit."""
    n = round(found.weight)
    if target.classes:
        return Scores.of_classes(n, found.mean_loss, round(found.right))
    return Scores.of_numbers(n, found.mean_loss, found.errors[0], found.answers.own_spread[0], target.unit)
