"""The table of ``chainrule train``, ready to train on: in memory, read in blocks, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from chainrule.cli.shared import tell
from chainrule.errors import InputError
from chainrule.system.progress import bars

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.plan import TrainingTable
    from chainrule.tables.prepared import Prepared
    from chainrule.tables.reading import TableReading


@contextmanager
def training_table(options: TrainOptions) -> Iterator[TrainingTable]:
    """The table while its cluster, if it has one, is there.

    Raises:
        InputError: data or options that do not fit; no cluster.
    """
    if options.cluster is None:
        yield _in_blocks(options) if options.blocks else table_in_memory(options)
        return
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_training import ClusterMode, check_plan, prepare_cluster
    from chainrule.distributed.work import TIMEOUT, Work

    usual = ClusterMode()
    steps = usual.local_steps if options.local_steps is None else options.local_steps
    groups = usual.groups if options.steps_per_epoch is None else options.steps_per_epoch
    meant = "rounds" if options.local_steps is not None else "exact" if options.steps_per_epoch is not None else None
    how = ClusterMode(options.mode or meant or usual.mode, steps, groups)
    files = open_files(options.data, _reading(options, options.target), tell)
    target = options.target or _no_target(options, files.layout.names)
    check_plan(files.layout.names, target, options.plan, how)
    seconds = TIMEOUT if options.timeout is None else options.timeout
    with cluster(options.cluster) as client, Work(client, seconds) as work:
        with progress(not options.json) as work.on_part:
            table = prepare_cluster(work, files, target, options.plan, how)
        work.on_part = None
        yield table


def table_in_memory(options: TrainOptions) -> Prepared:
    """The table of files or of a bundled set.

    Raises:
        InputError: data or options that do not fit.
    """
    from chainrule.storage import read_table
    from chainrule.tables.datasets import BUNDLED, NUMBERS, TARGET
    from chainrule.tables.prepared import prepare

    own = TARGET if options.data[0] in BUNDLED and not options.data[1:] else None
    target, plan = options.target or own, options.plan
    if own is not None and target == own:
        plan = replace(plan, task=plan.task or ("regression" if options.data[0] in NUMBERS else "classification"))
    table = read_table(options.data, _reading(options, target), tell)
    return prepare(table, target or _no_target(options, table.column_names), plan)


def _reading(options: TrainOptions, target: str | None) -> TableReading:
    """As it was asked for; the target is read beside the columns that are."""
    reading = options.reading
    if target is None or reading.columns is None or target in reading.columns:
        return reading
    return replace(reading, columns=(*reading.columns, target))


def _no_target(options: TrainOptions, columns: Sequence[str]) -> NoReturn:
    raise InputError("--target", f"a column of {options.shown}: {', '.join(columns[:12])}", "none")


def _in_blocks(options: TrainOptions) -> TrainingTable:
    """A Parquet file, or a .npy file with the targets in another."""
    from chainrule.tables.blocks import prepare_blocks
    from chainrule.tables.chunks import Chunks, NpyChunks, ParquetChunks

    data, target = options.data[0], options.target
    kind = Path(data).suffix.lower()
    if options.data[1:]:
        raise InputError("data", "one file (for --blocks)", str(len(options.data)))
    if target is None:
        what = "the .npy file of the targets" if data.endswith(".npy") else "a column"
        raise InputError("--target", what, "none")
    if kind not in (".npy", ".parquet"):
        raise InputError("data", "a .npy or a Parquet file (for --blocks)", repr(data))
    if kind == ".npy" and Path(target).suffix.lower() != ".npy":
        raise InputError("--target", "the .npy file of the targets", repr(target))
    name = Path(target).stem if kind == ".npy" else target
    chunks: Chunks = (
        NpyChunks(data, target, name)
        if kind == ".npy"
        else ParquetChunks(data, target, reading=_reading(options, target), tell=tell)
    )
    with bars("reading", "bar", "percent", "left", transient=True, disable=options.json) as bar:
        task = bar.add_task("", total=len(chunks.rows))
        return prepare_blocks(chunks, name, options.plan, lambda _: bar.advance(task))
