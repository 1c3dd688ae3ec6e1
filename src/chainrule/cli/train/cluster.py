"""``chainrule train --cluster``: a table in files that a Dask cluster reads and trains on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chainrule.errors import InputError
from chainrule.train.callbacks import Callback, describe

if TYPE_CHECKING:
    from rich.progress import Progress

    from chainrule.cli.train.work import Wanted
    from chainrule.distributed.table_training import ClusterTable
    from chainrule.distributed.work import Pass, Work
    from chainrule.tables.plan import Plan, TrainingTable
    from chainrule.tables.training import Trained
    from chainrule.train.loop import Run


def check_not_data(outputs: dict[str, Path | None], data: str, *read: str) -> None:
    """Fail where a file to write is one of the data's, or would be read with them the next time.

    Args:
        outputs: option -> file. read: further files that are read.

    Raises:
        InputError: naming the option.
    """
    from chainrule.cli.shared import check_outputs
    from chainrule.distributed.table_files import local_files

    files = local_files(data)
    check_outputs(outputs, [*read, *files])
    if not Path(data).is_dir() or not files:
        return
    folder, kind = Path(data).resolve(), Path(files[0]).suffix.lower()
    for option, file in outputs.items():
        if file is not None and file.suffix.lower() == kind and file.resolve().parent == folder:
            raise InputError(f"{option} {file}", f"a place beside the data's folder {data}", "one that is read as data")


def need_dask() -> None:
    """Raise an InputError unless Dask is installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError("--cluster", "the extra chainrule[dask]", "no Dask") from None


@contextmanager
def table_there(wanted: Wanted) -> Iterator[ClusterTable]:
    """The table, ready to train on, while the cluster is there.

    Raises:
        InputError: data or options that do not fit; no cluster; no Dask.
    """
    need_dask()
    from chainrule.distributed.connection import cluster
    from chainrule.distributed.progress import progress
    from chainrule.distributed.table_files import open_files
    from chainrule.distributed.table_training import Way, check_asked, prepare_cluster
    from chainrule.distributed.work import Work

    assert wanted.cluster is not None
    usual = Way()
    steps = usual.local_steps if wanted.local_steps is None else wanted.local_steps
    way = Way(wanted.mode or usual.mode, steps)  # type: ignore[arg-type]
    files = open_files(wanted.data)
    if wanted.target is None:
        raise InputError("--target", f"a column of {wanted.data}: {', '.join(files.layout.names[:12])}", "none")
    check_asked(files.layout.names, wanted.target, wanted.plan, way)
    with cluster(wanted.cluster) as client:
        with progress(not wanted.json) as shown:
            work = Work(client, on_part=shown)
            table = prepare_cluster(work, files, wanted.target, wanted.plan, way)
        work.on_part = None
        yield table


def train_there(
    table: TrainingTable, quiet: bool, plan: Plan, watchers: Sequence[Callback], checkpoint: Path | None, every: int,
    resume: bool,
) -> Trained:  # fmt: skip
    """Train the table of ``table_there`` and say how far it is."""
    from chainrule.distributed.table_training import ClusterTable, train_cluster

    assert isinstance(table, ClusterTable)
    shown = [] if quiet else [ClusterProgress(table.work)]
    return train_cluster(table, plan, [*watchers, *shown], checkpoint, every, resume)


class ClusterProgress(Callback):
    """Two bars on standard error: epochs with their losses, and partitions with rows a second within a pass."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bar: Progress | None = None

    def on_fit_begin(self, run: Run) -> None:
        """Draw the bars."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[told]}"),
        )  # fmt: skip
        self._bar = Bar(*columns, console=Console(stderr=True))
        self._bar.start()
        self._epochs = self._bar.add_task("epoch", total=run.epochs, completed=len(run.history), told="")
        self._pass = self._bar.add_task("", total=1, told="", visible=False)
        self._work.on_part = self._show

    def _show(self, seen: Pass) -> None:
        if self._bar is not None:
            words, speed = seen.what.replace("-", " "), f"{seen.speed:,.0f} rows/s" if seen.speed else ""
            self._bar.update(
                self._pass, completed=seen.done, total=seen.count, description=words, told=speed, visible=True
            )

    def on_epoch_end(self, run: Run) -> None:
        """Move the epochs on."""
        if self._bar is not None:
            self._bar.update(self._epochs, advance=1, told=describe(run.history[-1]))

    def close(self) -> None:
        """Leave the epochs on the screen."""
        self._work.on_part = None
        if self._bar is not None:
            self._bar.remove_task(self._pass)
            self._bar.stop()
            self._bar = None
