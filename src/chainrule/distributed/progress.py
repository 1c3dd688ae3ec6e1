"""Bars for the passes over the partitions, and for the epochs of a training on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chainrule.distributed.work import PassProgress, Work
from chainrule.system.progress import bars
from chainrule.train.callbacks import Callback, describe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from chainrule.train.records import Run

COLUMNS = ("{task.description}", "bar", "count", "{task.fields[note]}")


@contextmanager
def progress(wanted: bool) -> Iterator[Callable[[PassProgress], None] | None]:
    """What shows how far a pass is, on a terminal; None where nobody looks."""
    bar = bars(*COLUMNS, transient=True)
    if not (wanted and bar.console.is_terminal):
        yield None
        return
    with bar:
        task = bar.add_task("", total=1, note="")
        yield lambda now: _show(bar, task, now)


def _show(bar: Progress, task: TaskID, now: PassProgress) -> None:
    """How far a pass is, with its rows a second."""
    speed = f"{now.speed:,.0f} rows/s" if now.speed else ""
    words = now.what.replace("-", " ")
    bar.update(task, completed=now.done, total=now.count, description=words, note=speed, visible=True)


class ClusterProgress(Callback):
    """Two bars on standard error: epochs with their losses, and partitions with rows a second within a pass."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bar: Progress | None = None

    def on_fit_begin(self, run: Run) -> None:
        """Draw the bars."""
        self._bar = bar = bars(*COLUMNS)
        bar.start()
        self._epochs = bar.add_task("epoch", total=run.epochs, completed=len(run.history), note="")
        self._pass = task = bar.add_task("", total=1, note="", visible=False)
        self._work.on_part = lambda now: _show(bar, task, now)

    def on_epoch_end(self, run: Run) -> None:
        """Move the epochs on."""
        if self._bar is not None:
            self._bar.update(self._epochs, advance=1, note=describe(run.history[-1]))

    def close(self) -> None:
        """Leave the epochs on the screen."""
        self._work.on_part = None
        if self._bar is not None:
            self._bar.remove_task(self._pass)
            self._bar.stop()
            self._bar = None
