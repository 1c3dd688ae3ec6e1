"""The table of ``chainrule train``, ready to train on: in memory, read in blocks, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from chainrule.errors import InputError
from chainrule.system.progress import bars

if TYPE_CHECKING:
    from chainrule.cli.train.options import TrainOptions
    from chainrule.tables.plan import Plan, TrainingTable
    from chainrule.tables.prepared import Prepared


@contextmanager
def training_table(options: TrainOptions) -> Iterator[TrainingTable]:
    """The table while its cluster, if it has one, is there.

    Raises:
        InputError: data or options that do not fit; no cluster.
    """
    if options.cluster is None:
        yield _in_blocks(options) if options.blocks else table_in_memory(options.data, options.target, options.plan)
        return
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_training import ClusterMode, check_plan, prepare_cluster
    from chainrule.distributed.work import Work

    usual = ClusterMode()
    steps = usual.local_steps if options.local_steps is None else options.local_steps
    how = ClusterMode(options.mode or usual.mode, steps)  # type: ignore[arg-type]
    files = open_files(options.data)
    target = options.target or _no_target(options.data, files.layout.names)
    check_plan(files.layout.names, target, options.plan, how)
    with cluster(options.cluster) as client:
        with progress(not options.json) as shown:
            work = Work(client, on_part=shown)
            table = prepare_cluster(work, files, target, options.plan, how)
        work.on_part = None
        yield table


def table_in_memory(data: str, target: str | None, plan: Plan) -> Prepared:
    """The table of a file or a bundled set.

    Raises:
        InputError: data or options that do not fit.
    """
    from chainrule.storage import read_table
    from chainrule.tables.datasets import BUNDLED, TARGET
    from chainrule.tables.prepared import prepare

    table = read_table(data)
    target = target or (TARGET if data in BUNDLED else _no_target(data, table.column_names))
    return prepare(table, target, plan)


def _no_target(data: str, columns: Sequence[str]) -> NoReturn:
    raise InputError("--target", f"a column of {data}: {', '.join(columns[:12])}", "none")


def _in_blocks(options: TrainOptions) -> TrainingTable:
    """A Parquet file, or a .npy file with the targets in another."""
    from chainrule.tables.blocks import prepare_blocks
    from chainrule.tables.chunks import Chunks, NpyChunks, ParquetChunks

    data, target, kind = options.data, options.target, Path(options.data).suffix.lower()
    if target is None:
        what = "the .npy file of the targets" if data.endswith(".npy") else "a column"
        raise InputError("--target", what, "none")
    if kind not in (".npy", ".parquet"):
        raise InputError("data", "a .npy or a Parquet file (for --blocks)", repr(data))
    if kind == ".npy" and Path(target).suffix.lower() != ".npy":
        raise InputError("--target", "the .npy file of the targets", repr(target))
    name = Path(target).stem if kind == ".npy" else target
    chunks: Chunks = NpyChunks(data, target, name) if kind == ".npy" else ParquetChunks(data, target)
    with bars("reading", "bar", "percent", "left", transient=True, disable=options.json) as bar:
        task = bar.add_task("", total=len(chunks.rows))
        return prepare_blocks(chunks, name, options.plan, lambda _: bar.advance(task))
